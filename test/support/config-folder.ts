import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type ConfigFlags, ConfigError, type LoadedConfig, loadConfig } from "../../src/config/config.ts";

/** A folder of its own for one test, gone afterwards. */
export interface ConfigFolder {
  path: string;
  /** Writes a file, readable by its owner only, and gives its absolute path. */
  write(name: string, text: string | Uint8Array, mode?: number): string;
}

export function configFolder(): ConfigFolder {
  const path = mkdtempSync(join(tmpdir(), "pollux-config-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write: (name, text, mode = 0o600) => {
      const file = join(path, name);
      writeFileSync(file, text);
      chmodSync(file, mode);
      return file;
    },
  };
}

/** Loads a text as `pollux.yaml`; places in messages are then `…/pollux.yaml:1:1`. */
export function loadText(
  text: string,
  env: Record<string, string> = {},
  flags: ConfigFlags = {},
): LoadedConfig {
  return loadConfig(configFolder().write("pollux.yaml", text), env, flags);
}

/** Every problem of a text, one a line, without the folder of the test. */
export function problemsOf(text: string, env: Record<string, string> = {}): string[] {
  try {
    loadText(text, env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.replaceAll(/\S*\/(?=pollux\.yaml)/g, "").split("\n");
  }
  return [];
}
