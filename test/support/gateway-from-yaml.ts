/** A gateway on a free port that runs from a configuration file, as an operator would write it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { loadConfig, type LoadedConfig } from "../../src/config/load.ts";
import { serve, type ServeOptions } from "../../src/serve.ts";
import { type RunningGateway, testedHttpClient } from "./running-gateway.ts";

/** @throws ConfigError when the text is not a configuration without errors */
export function configFrom(yaml: string, env: Record<string, string> = {}): LoadedConfig {
  const folder = mkdtempSync(join(tmpdir(), "pollux-yaml-"));
  try {
    const file = join(folder, "pollux.yaml");
    writeFileSync(file, yaml);
    return loadConfig(file, { ...testedHttpClient(), ...env, PORT: "0" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Closed when the test ends; `env` is all the environment it sees. */
export async function gatewayFrom(
  yaml: string,
  env: Record<string, string> = {},
  options: Partial<ServeOptions> = {},
): Promise<RunningGateway> {
  const bugs: unknown[] = [];
  const server = await serve(configFrom(yaml, env).config, {
    reportBug: (error) => bugs.push(error),
    emulator: { paceMs: 0 },
    credentials: { env },
    drainMs: 0,
    ...options,
  });
  onTestFinished(() => server.close());
  return { ...server, bugs };
}
