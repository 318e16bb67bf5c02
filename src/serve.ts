/** `import … from "pollux/server"`: the gateway on a port. */
import { composeGateway, type ComposedGateway, type ComposeOptions } from "./compose.ts";
import { createApp } from "./server/app.ts";
import { drain } from "./server/drain.ts";
import { type Config, type ConfigFlags, type LoadedConfig, readConfig } from "./config/config.ts";
import { checkListen } from "./settings.ts";

export { readConfig, type Config, type ConfigFlags, type LoadedConfig };

export interface RunningServer {
  /** Scheme, host and port it listens on. */
  url: string;
  composed: ComposedGateway;
  /**
   * Puts another configuration in force; its host and port do not count until the next start.
   * @throws SettingsError when it would let anyone in who can reach the address that is listened on.
   */
  apply(config: Config): Promise<void>;
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
export async function serve(config: Config, options: ServeOptions): Promise<RunningServer> {
  const { server } = config;
  checkListen(server);
  const composed = await composeGateway(config, options);
  const app = createApp(composed);
  try {
    await app.listen({ host: server.host, port: server.port });
  } catch (error) {
    await composed.close();
    throw error;
  }
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : server.port;
  const host = server.host.includes(":") ? `[${server.host}]` : server.host;
  return {
    url: `http://${host}:${port}`,
    composed,
    apply: async (next) => {
      checkListen({ host: server.host, apiKeys: next.server.apiKeys });
      await composed.apply(next);
    },
    close: async () => {
      composed.drain();
      await drain(app, composed.openRequests, options.drainMs ?? DEFAULT_DRAIN_MS);
      await composed.close();
    },
  };
}
