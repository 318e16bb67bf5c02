/** Settings to a gateway ready to be served: the one place where the parts meet. */
import { startEmulator, type Emulator, type EmulatorOptions } from "./emulator/server.ts";
import { staticTokenCredentials } from "./auth/credentials.ts";
import { Access } from "./gateway/access.ts";
import type { Gateway } from "./gateway/gateway.ts";
import { KeepAlive } from "./gateway/keep-alive.ts";
import type { Settings } from "./settings.ts";
import { MemorySignatureStore } from "./signatures/memory-signature-store.ts";
import { createGoogleUpstream } from "./upstreams/choose-upstream.ts";
import type { GoogleUpstream } from "./upstreams/google-upstream.ts";
import { createUndiciClient } from "./upstreams/undici-client.ts";
import { createVertexUpstream } from "./upstreams/vertex.ts";

/** Whole answers may hold several generated images. */
const MAX_RESPONSE_BYTES = 256 * 1024 * 1024;

export interface ComposedGateway {
  gateway: Gateway;
  /** Present when answers come from the embedded emulator. */
  emulator: Emulator | undefined;
  /** No new requests are wanted; `readyz` says so. */
  drain(): void;
  /** Ends upstream connections and the embedded emulator. */
  close(): Promise<void>;
}

export interface ComposeOptions {
  reportBug: Gateway["reportBug"];
  now?: () => number;
  /** For the embedded emulator, where the settings choose it. */
  emulator?: EmulatorOptions;
}

/** @throws SettingsError, GatewayError when credentials were named and cannot be used. */
export async function composeGateway(settings: Settings, options: ComposeOptions): Promise<ComposedGateway> {
  const emulator = settings.upstream.kind === "emulator" ? await startEmulator(options.emulator) : undefined;
  const upstream =
    emulator === undefined ? await createGoogleUpstream(settings) : emulatedUpstream(emulator.url);
  const client = createUndiciClient({ maxConnections: settings.upstreamConnections });
  let draining = false;
  const now = options.now ?? Date.now;
  return {
    gateway: {
      access: new Access(settings.apiKeys),
      upstream,
      client,
      signatures: new MemorySignatureStore({ now }),
      keepAlive: new KeepAlive(),
      timeouts: settings.timeouts,
      limits: { maxBodyBytes: settings.maxBodyBytes, maxResponseBytes: MAX_RESPONSE_BYTES },
      reasoningFormat: "reasoning_content",
      passedHeaders: emulator === undefined ? [] : ["x-emulator-fault"],
      draining: () => draining,
      now,
      reportBug: options.reportBug,
    },
    emulator,
    drain: () => {
      draining = true;
    },
    close: async () => {
      await client.close();
      await emulator?.close();
    },
  };
}

/** The emulator is called over HTTP like any upstream; it serves every project and location. */
function emulatedUpstream(url: string): GoogleUpstream {
  return createVertexUpstream({
    project: "emulated-project",
    location: "global",
    baseUrl: url,
    credentials: staticTokenCredentials("emulated-token"),
    whose: "own",
    express: false,
    allowedProjects: [{ project: "*", location: undefined }],
    description: `the built-in Gemini emulator at ${url}`,
  });
}
