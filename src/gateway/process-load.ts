/** What this process can say of its own load. */
import { totalmem } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { trimMalloc } from "./malloc-trim.ts";

/** Memory and lateness, as of the last reading. */
export interface ProcessReading {
  memoryShare: number;
  eventLoopDelayMs: number;
}

export interface ProcessLoad {
  read(): ProcessReading;
  /** Frees all garbage now: a process that takes no requests makes none, and would not find out how little it holds. */
  collectGarbage(): void;
  close(): void;
}

/** V8 counts three semi-spaces of 16 MiB for young objects to the limit of the heap; what lives long ends without them. */
const YOUNG_BYTES = 3 * 16 * 1024 * 1024;
/** How often the timer behind the delay fires; its own period is no delay. */
const RESOLUTION_MS = 20;

/**
 * What the heap of this process may grow to, or the whole process, whichever is less; in bytes.
 * @param processes how many share the memory of the container or machine
 */
export function memoryBytes(processes = 1): number {
  return Math.min(heapBytes(), residentBytes() / processes);
}

/** @param processes how many share the memory of the container or machine */
export function watchProcess(processes = 1): ProcessLoad {
  const heapLimit = heapBytes();
  const residentLimit = residentBytes() / processes;
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let resident = 0;
  return {
    read: () => {
      const heapShare = getHeapStatistics().used_heap_size / heapLimit;
      resident = residentNow() ?? resident;
      const residentShare = resident / residentLimit;
      const eventLoopDelayMs = meanDelayMs(delay);
      delay.reset();
      return { memoryShare: Math.max(heapShare, residentShare), eventLoopDelayMs };
    },
    collectGarbage,
    close: () => delay.disable(),
  };
}

/** Undefined where the process may not open another file, which on Linux the answer is read from. */
export function residentNow(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}

function heapBytes(): number {
  const { heap_size_limit } = getHeapStatistics();
  return Math.max(heap_size_limit - YOUNG_BYTES, heap_size_limit / 2);
}

/** Of the container, where it has a limit. */
function residentBytes(): number {
  const constrained = process.constrainedMemory();
  const total = totalmem();
  return constrained > 0 && constrained < total ? constrained : total;
}

function meanDelayMs({ mean, count }: ReturnType<typeof monitorEventLoopDelay>): number {
  return count === 0 ? 0 : Math.max(0, mean / 1e6 - RESOLUTION_MS);
}

let collect: ((how?: { type: "major"; flavor: "last-resort" }) => void) | undefined;

/** V8 gives its collector to contexts made while the flag is set. */
function collector(): NonNullable<typeof collect> {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as NonNullable<typeof collect>;
    setFlagsFromString("--no-expose-gc");
  }
  return collect;
}

function collectGarbage(): void {
  collector()();
}

/** Collects all garbage, and gives to the system the pages that V8 and malloc would keep for later. */
export function giveMemoryBack(): void {
  collector()({ type: "major", flavor: "last-resort" });
  trimMalloc();
}
