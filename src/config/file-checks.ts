/** What the disk says about files that a configuration names. */
import { type Stats, statSync } from "node:fs";
import type { Finding } from "./cross-checks.ts";
import type { ConfigPath } from "./config-path.ts";
import { errorCode } from "./references.ts";

/** Mounted by orchestrators into one container's own tree, with modes that nobody there can choose. */
const CONTAINER_SECRETS = /^\/(?:var\/)?run\/secrets\//;

/** A file that holds a secret: warns where other users of the machine can read it. */
export function secretFileFindings(file: string, path: ConfigPath): Finding[] {
  const stats = statOf(file);
  if (typeof stats === "string") return [missing(file, stats, path)];
  // Windows has no such modes: Node reports what the read-only flag makes of them.
  if (process.platform === "win32" || CONTAINER_SECRETS.test(file) || (stats.mode & 0o044) === 0) return [];
  const mode = (stats.mode & 0o777).toString(8).padStart(4, "0");
  const message = `${file} can be read by other users of this machine (mode ${mode}); run \`chmod 600 ${quoted(file)}\``;
  return [{ path, message, severity: "warning" }];
}

/** A file that must be there when the gateway starts. */
export function plainFileFindings(file: string, path: ConfigPath): Finding[] {
  const stats = statOf(file);
  return typeof stats === "string" ? [missing(file, stats, path)] : [];
}

function missing(file: string, code: string, path: ConfigPath): Finding {
  return {
    path,
    message: code === "ENOENT" ? `${file} does not exist` : `${file} cannot be read (${code})`,
    severity: "warning",
  };
}

function statOf(file: string): Stats | string {
  try {
    return statSync(file);
  } catch (error) {
    return errorCode(error);
  }
}

function quoted(file: string): string {
  return /^[\w./~-]+$/.test(file) ? file : `'${file.replaceAll("'", String.raw`'\''`)}'`;
}
