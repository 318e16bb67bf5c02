import { readFileSync } from "node:fs";

/** For upstream connections, files, and what the process holds by itself: a share of the limit, and so many at least. */
const SHARE_KEPT = 0.25;
const LEAST_KEPT = 32;

/**
 * How many connections of clients the process can hold under its limit of open files, which counts sockets too. At the
 * limit itself nothing works any more: no upstream can be connected to, and no file read.
 * @param limits text of proc(5)'s `limits`
 * @returns undefined where the system does not say
 */
export function connectionsThatFit(limits: string | undefined = ownLimits()): number | undefined {
  const openFiles = Number(/^Max open files\s+(\d+)/m.exec(limits ?? "")?.[1] ?? Number.NaN);
  if (Number.isNaN(openFiles)) return undefined;
  return Math.max(1, Math.floor(openFiles * (1 - SHARE_KEPT)) - LEAST_KEPT);
}

/** Linux alone has it. */
function ownLimits(): string | undefined {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return undefined;
  }
}
