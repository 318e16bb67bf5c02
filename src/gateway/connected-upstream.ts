/** One upstream of the configuration, ready to be called. */
import type { AuthStatus } from "../auth/auth-status.ts";
import type { GoogleUpstream } from "../upstreams/google-upstream.ts";
import type { OpenaiUpstream } from "../upstreams/openai-upstream.ts";
import type { Discovery } from "./discovery.ts";
import type { UpstreamClient } from "../upstreams/upstream.ts";

interface Connection {
  /** As the configuration calls it. */
  readonly name: string;
  /** The transport: HTTP for all but a model served in this process. */
  readonly client: UpstreamClient;
  /** Lower-case names of caller headers that go on to it; none but the emulator's fault switches. */
  readonly passedHeaders: readonly string[];
  /** How it is signed in to, now. Absent: there is nothing to say. */
  readonly auth?: () => AuthStatus;
}

/** Gemini's own interface: requests and answers are translated. */
export interface GeminiConnection extends Connection {
  readonly kind: "gemini";
  readonly at: GoogleUpstream;
  /** Sent with every call: service tier, kind of capacity. */
  readonly headers: Readonly<Record<string, string>>;
}

/** OpenAI's interface already: bytes go through, mended at most. */
export interface OpenaiConnection extends Connection {
  readonly kind: "openai";
  readonly at: OpenaiUpstream;
  /** What it says it has; absent where the configuration says it. */
  readonly discovery?: Discovery;
}

export type ConnectedUpstream = GeminiConnection | OpenaiConnection;
