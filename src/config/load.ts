import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { checkConfig } from "./check-config.ts";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import type { ConfigPath } from "./config-path.ts";
import { applyEnvironment, type ConfigFlags } from "./effective.ts";
import { secretFileFindings } from "./file-checks.ts";
import type { Origin } from "./origin.ts";
import { RawConfig } from "./raw-config.ts";
import { type Environment, errorCode } from "./references.ts";
import type { Config } from "./schema.ts";
import { unusedProxy } from "./unused-proxy.ts";
import { readTree } from "./yaml-tree.ts";

const MAX_FILE_BYTES = 1024 * 1024;

export interface LoadedConfig {
  config: Config;
  /** Absolute path; undefined for the environment alone. */
  file: string | undefined;
  /** The file, and every file that its secrets are read from: what a change of must lead to reading it again. */
  dependsOn: readonly string[];
  /** What should be changed and does not keep the gateway from running: file modes, targets never used, a proxy. */
  warnings: readonly ConfigProblem[];
  /** There is no file, or nothing in it. */
  saysNothing: boolean;
  /** The same for the same text of all these files. */
  fingerprint: string;
  /** Why the default upstream is the one it is, for people: `pollux.yaml`, `GOOGLE_CLOUD_PROJECT is set`. */
  reason: string;
  /** Where a value came from; of a list or mapping that was given as a whole, where that came from. */
  originOf(path: ConfigPath): Origin;
}

/**
 * Reads, completes and checks the configuration: from the file at `path`, with flags and environment winning over it.
 * @throws ConfigError with everything that is wrong with the file; SettingsError for a flag or variable.
 */
export function loadConfig(path: string, env: Environment, flags: ConfigFlags = {}): LoadedConfig {
  const file = resolve(path);
  const folder = dirname(file);
  const raw = readTree(readConfigFile(file, path), { file: path, folder, env });
  return complete(raw, file, path, env, flags);
}

/**
 * The configuration of a gateway: from the file that `path` or `POLLUX_CONFIG` names, else from the environment alone.
 * @throws ConfigError, SettingsError
 */
export function readConfig(env: Environment, flags: ConfigFlags = {}, path?: string): LoadedConfig {
  const named = configPath(env, path);
  return named === undefined
    ? complete(new RawConfig(), undefined, "", env, flags)
    : loadConfig(named, env, flags);
}

/** Which file to read: the one given, else the one `POLLUX_CONFIG` names; undefined for none. */
export function configPath(env: Environment, path?: string): string | undefined {
  const named = path ?? env.POLLUX_CONFIG?.trim();
  return named === "" ? undefined : named;
}

function complete(
  raw: RawConfig,
  file: string | undefined,
  path: string,
  env: Environment,
  flags: ConfigFlags,
): LoadedConfig {
  const saysNothing = Object.keys(raw.value).length === 0;
  for (const [secret, at] of raw.referencedFiles) {
    for (const { message } of secretFileFindings(secret, at)) {
      raw.warnings.push({ origin: raw.origin(at), path: at, message });
    }
  }
  const reason = applyEnvironment(raw, env, flags) ?? path;
  const { config, warnings } = checkConfig(raw, file === undefined ? process.cwd() : dirname(file));
  return {
    config,
    file,
    dependsOn: [...(file === undefined ? [] : [file]), ...raw.referencedFiles.keys()],
    warnings: [...warnings, ...unusedProxy(config.upstreams, env)],
    saysNothing,
    fingerprint: raw.fingerprint.digest("hex"),
    reason,
    originOf: (at) => originOf(raw, at),
  };
}

/** What was said as a whole was said in all its parts; what a mapping of the file leaves out is a default. */
function originOf(raw: RawConfig, path: ConfigPath): Origin {
  const own = raw.origin(path);
  if (own !== undefined) return own;
  for (let length = path.length - 1; length > 0; length -= 1) {
    const origin = raw.origin(path.slice(0, length));
    if (origin === undefined) continue;
    return origin.from === "file" ? { from: "default" } : origin;
  }
  return { from: "default" };
}

function readConfigFile(file: string, path: string): string {
  const problem = (message: string): ConfigError =>
    new ConfigError([{ origin: undefined, path: [], message: `${path}: ${message}` }], { unreadable: true });
  let bytes: Buffer;
  try {
    const stats = statSync(file);
    if (stats.isDirectory()) throw problem("is a folder; name the file in it");
    if (stats.size > MAX_FILE_BYTES) throw problem(`is larger than ${MAX_FILE_BYTES} bytes`);
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const code = errorCode(error);
    throw problem(
      code === "ENOENT"
        ? "there is no such file; `pollux init` writes one"
        : `the file cannot be read (${code})`,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw problem("is not UTF-8 text");
  }
}
