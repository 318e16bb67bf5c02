/** The upstreams of a configuration, each connected on its own: one that cannot be does not hide the others. */
import type { Look } from "../auth/google-credentials.ts";
import type { Config, UpstreamConfig } from "../config/config.ts";
import { type Connected, type ConnectDeps, connectUpstream } from "../connect-upstream.ts";
import { loadUpstreamClient } from "../upstreams/upstream-client.ts";

export interface OpenedUpstream {
  name: string;
  config: UpstreamConfig;
  /** Places of the search order that were looked at, in order. */
  looks: readonly Look[];
  /** Undefined also for what would have to be started first: the emulator, a local model. */
  connected: Connected | undefined;
  error: Error | undefined;
}

export interface OpenedUpstreams {
  upstreams: readonly OpenedUpstream[];
  close(): Promise<void>;
}

/** Signs in to nothing yet, but for reading credential files and finding the metadata server. */
export async function openUpstreams(
  config: Config,
  credentials: NonNullable<ConnectDeps["credentials"]>,
): Promise<OpenedUpstreams> {
  const client = await loadUpstreamClient(config.httpClient, { maxConnections: 64 });
  const open = async ([name, upstream]: [string, UpstreamConfig]): Promise<OpenedUpstream> => {
    const looks: Look[] = [];
    const opened = { name, config: upstream, looks, connected: undefined, error: undefined };
    if (upstream.kind === "emulator" || upstream.kind === "local") return opened;
    try {
      const onLooked = (look: Look): void => void looks.push(look);
      const connected = await connectUpstream(name, upstream, {
        client,
        credentials: { ...credentials, onLooked },
      });
      return { ...opened, connected };
    } catch (error) {
      return { ...opened, error: error instanceof Error ? error : new Error(String(error)) };
    }
  };
  const upstreams = await Promise.all(Object.entries(config.upstreams).map(open));
  return {
    upstreams,
    close: async () => {
      await client.close();
      for (const { connected } of upstreams) await connected?.close?.();
    },
  };
}
