/** A gateway on a free port under a configuration given as text, for tests over a real socket. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConnectDeps } from "../../src/connect-upstream.ts";
import { readConfig, serve } from "../../src/serve.ts";
import type { RunningGateway } from "./running-gateway.ts";

export interface ConfiguredOptions {
  /** All the environment it sees. */
  env?: Record<string, string>;
  /** Written beside the configuration, which may name them relative to itself. */
  files?: Record<string, string | object>;
  credentials?: ConnectDeps["credentials"];
}

/** A folder with the configuration and the files that it names. */
export function writeConfig(
  yaml: string,
  files: ConfiguredOptions["files"] = {},
): { folder: string; file: string } {
  const folder = mkdtempSync(join(tmpdir(), "pollux-configured-"));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content), {
      mode: 0o600,
    });
  }
  const file = join(folder, "pollux.yaml");
  writeFileSync(file, yaml);
  return { folder, file };
}

export async function startConfigured(
  yaml: string,
  { env = {}, files, credentials }: ConfiguredOptions = {},
): Promise<RunningGateway> {
  const { folder, file } = writeConfig(yaml, files);
  const bugs: unknown[] = [];
  try {
    const { config } = readConfig({ ...env, PORT: "0" }, {}, file);
    const server = await serve(config, {
      reportBug: (error) => bugs.push(error),
      credentials: { env, hasMetadataServer: () => Promise.resolve(false), ...credentials },
    });
    return {
      ...server,
      bugs,
      close: async () => {
        await server.close();
        rmSync(folder, { recursive: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
}
