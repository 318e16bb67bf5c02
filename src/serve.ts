/** `import … from "pollux/server"`: the gateway on a port. */
import { composeGateway, type ComposedGateway, type ComposeOptions } from "./compose.ts";
import { createApp } from "./server/app.ts";
import { drain } from "./server/drain.ts";
import { checkListen, readSettings, type Settings, type SettingsFlags } from "./settings.ts";

export { readSettings, type Settings, type SettingsFlags };

export interface RunningServer {
  /** Scheme, host and port it listens on. */
  url: string;
  composed: ComposedGateway;
  /** Stops accepting, lets answers under way finish until the deadline, frees everything. */
  close(): Promise<void>;
}

export interface ServeOptions extends ComposeOptions {
  /** How long answers under way may take once the server is closed, in milliseconds; default 8,000. */
  drainMs?: number;
}

/** Container platforms kill after a grace period: Cloud Run after 10 s, Kubernetes after 30 s. */
export const DEFAULT_DRAIN_MS = 8_000;

/**
 * Serves until closed.
 * @throws SettingsError when the address can be reached from other machines and no access key is set.
 */
export async function serve(settings: Settings, options: ServeOptions): Promise<RunningServer> {
  checkListen(settings);
  const composed = await composeGateway(settings, options);
  const app = createApp(composed.gateway);
  try {
    await app.listen({ host: settings.host, port: settings.port });
  } catch (error) {
    await composed.close();
    throw error;
  }
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : settings.port;
  const host = settings.host.includes(":") ? `[${settings.host}]` : settings.host;
  return {
    url: `http://${host}:${port}`,
    composed,
    close: async () => {
      composed.drain();
      await drain(app, composed.gateway.openRequests, options.drainMs ?? DEFAULT_DRAIN_MS);
      await composed.close();
    },
  };
}
