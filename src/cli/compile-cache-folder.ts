/** Where V8's compile cache is kept from one start to the next. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * A folder of the user's own, and not Node's default below the system's temporary folder: whoever can put a file there
 * before us could have it run. Undefined where the user has no home; and with `NODE_COMPILE_CACHE`, by which Node.js
 * has it on already, where it says.
 */
export function compileCacheFolder(
  env: Record<string, string | undefined>,
  platform: NodeJS.Platform,
  home: () => string = homedir,
): string | undefined {
  if (env.NODE_COMPILE_CACHE !== undefined && env.NODE_COMPILE_CACHE !== "") return undefined;
  const named = platform === "win32" ? env.LOCALAPPDATA : env.XDG_CACHE_HOME;
  // A relative path is to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
  const base = named !== undefined && isAbsolute(named) ? named : cacheOf(home);
  return base === undefined ? undefined : join(base, "pollux", "compile-cache");
}

function cacheOf(home: () => string): string | undefined {
  try {
    const folder = home();
    return existsSync(folder) ? join(folder, ".cache") : undefined;
  } catch {
    // A user id that the system does not know, as in some containers.
    return undefined;
  }
}
