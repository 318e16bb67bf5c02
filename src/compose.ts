/** Settings to a gateway ready to be served: the one place where the parts meet. */
import { startEmulator, type Emulator, type EmulatorOptions } from "./emulator/server.ts";
import { Access } from "./gateway/access.ts";
import type { Gateway } from "./gateway/gateway.ts";
import { KeepAlive } from "./gateway/keep-alive.ts";
import { OpenRequests } from "./gateway/open-requests.ts";
import type { Settings } from "./settings.ts";
import { MemorySignatureStore } from "./signatures/memory-signature-store.ts";
import { createGoogleUpstream, type ChooseUpstreamDeps } from "./upstreams/choose-upstream.ts";
import { createUndiciClient } from "./upstreams/undici-client.ts";

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
  onRefreshFailed?: ChooseUpstreamDeps["onRefreshFailed"];
  now?: () => number;
  /** For the embedded emulator, where the settings choose it. */
  emulator?: EmulatorOptions;
}

/** @throws SettingsError, GatewayError when credentials were named and cannot be used. */
export async function composeGateway(settings: Settings, options: ComposeOptions): Promise<ComposedGateway> {
  const emulator = settings.upstream.kind === "emulator" ? await startEmulator(options.emulator) : undefined;
  const upstream = await createGoogleUpstream(settings, {
    ...(emulator === undefined ? {} : { emulator: { origin: emulator.url, accessToken: "emulated-token" } }),
    ...(options.onRefreshFailed === undefined ? {} : { onRefreshFailed: options.onRefreshFailed }),
  });
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
      openRequests: new OpenRequests(),
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
