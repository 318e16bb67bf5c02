/** What malloc keeps of what was freed: most of it V8's compilers and closed connections have left. */
import type * as Ffi from "node:ffi";

/** Sizes are 64 bits wide on these. */
const KNOWN_MACHINES = new Set(["x64", "arm64"]);

let trim: (() => void) | undefined;

/**
 * Gives to the system the pages that malloc keeps for later, in some milliseconds. glibc gives back by itself only what
 * lies at the end of an arena, so that one small block keeps tens of megabytes; `malloc_trim(3)` gives back all of it.
 * @returns false where there is no such function: other systems, other C libraries, Node.js before 26.1
 */
export function trimMalloc(): boolean {
  trim ??= load();
  if (trim === undefined) return false;
  trim();
  return true;
}

function load(): (() => void) | undefined {
  if (process.platform !== "linux" || !KNOWN_MACHINES.has(process.arch)) return undefined;
  try {
    const ffi = quietly(() => process.getBuiltinModule("node:ffi") as typeof Ffi | undefined);
    // The names of the process itself, and so of the C library it has loaded.
    const found = ffi?.dlopen(null, { malloc_trim: { arguments: ["uint64"], return: "int32" } });
    const call = found?.functions.malloc_trim;
    return call === undefined ? undefined : () => void call(0n);
  } catch {
    return undefined;
  }
}

/** Without Node's warning that the module is experimental: where it changes, memory stays with malloc as before. */
function quietly<T>(act: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return act();
  } finally {
    process.emitWarning = emitWarning;
  }
}
