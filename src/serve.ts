/** `import … from "pollux/server"`: the gateway on a port. */
import { composeGateway, type ComposedGateway, type ComposeOptions } from "./compose.ts";
import { createApp } from "./server/app.ts";
import { checkListen, readSettings, type Settings, type SettingsFlags } from "./settings.ts";

export { readSettings, type Settings, type SettingsFlags };

export interface RunningServer {
  /** Scheme, host and port it listens on. */
  url: string;
  composed: ComposedGateway;
  /** Stops accepting, waits for answers under way, frees everything. */
  close(): Promise<void>;
}

/**
 * Serves until closed.
 * @throws SettingsError when the address can be reached from other machines and no access key is set.
 */
export async function serve(settings: Settings, options: ComposeOptions): Promise<RunningServer> {
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
      await app.close();
      await composed.close();
    },
  };
}
