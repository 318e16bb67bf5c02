/** Everything one running gateway is made of. The HTTP server and the in-process `fetch` are shells around it. */
import type { SignatureStore } from "../signatures/signature-store.ts";
import type { ReasoningFormat } from "../translate/target.ts";
import type { GoogleUpstream } from "../upstreams/google-upstream.ts";
import type { UpstreamClient, UpstreamTimeouts } from "../upstreams/upstream.ts";
import type { Access } from "./access.ts";
import type { KeepAlive } from "./keep-alive.ts";
import type { OpenRequests } from "./open-requests.ts";

export interface Limits {
  /** Largest request body, bytes. */
  maxBodyBytes: number;
  /** Largest whole answer, and largest single stream event, in bytes. */
  maxResponseBytes: number;
}

export interface Gateway {
  access: Access;
  upstream: GoogleUpstream;
  client: UpstreamClient;
  signatures: SignatureStore;
  keepAlive: KeepAlive;
  openRequests: OpenRequests;
  timeouts: UpstreamTimeouts;
  limits: Limits;
  reasoningFormat: ReasoningFormat;
  /** Lower-case names of caller headers that go on to the upstream; none but the emulator's fault switches. */
  passedHeaders: readonly string[];
  /** True once shutting down: no new requests are wanted. */
  draining: () => boolean;
  /** Unix time in milliseconds. */
  now: () => number;
  /** Bugs end up here; failures of callers and upstreams do not. */
  reportBug: (error: unknown, requestId: string) => void;
}
