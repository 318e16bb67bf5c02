import { lookup as systemLookup, type LookupAddress, type LookupOptions } from "node:dns";
import type { LookupFunction } from "node:net";

/** How long a name that could not be found is taken for missing without asking again. */
const FAILURE_MS = 1_000;

/** Callers choose locations, and with them host names, so what is remembered of them is bounded. */
const MAX_FAILURES = 256;

type Callback = Parameters<LookupFunction>[2];

interface Failed {
  error: NodeJS.ErrnoException;
  untilMs: number;
}

/**
 * A lookup for `net.connect` that asks for each name once at a time, and remembers failures for a second.
 *
 * The system's own lookup blocks one of libuv's few threads until it is answered
 * (https://nodejs.org/api/dns.html#implementation-considerations): with a name server that does not answer, a handful
 * of calls would hold up every other name, and files as well. Successes are not remembered: the system does that.
 */
export function createLookup(
  lookup: LookupFunction = systemLookup as LookupFunction,
  now: () => number = () => performance.now(),
): LookupFunction {
  const underWay = new Map<string, Callback[]>();
  const failed = new Map<string, Failed>();

  function ask(key: string, name: string, options: LookupOptions): void {
    lookup(name, options, (error, address, family) => {
      const waiting = underWay.get(key) ?? [];
      underWay.delete(key);
      if (error !== null) {
        if (failed.size >= MAX_FAILURES) failed.clear();
        failed.set(key, { error, untilMs: now() + FAILURE_MS });
      }
      for (const callback of waiting) answer(callback, error, address, family);
    });
  }

  return (name, options, callback) => {
    const key = `${name} ${String(options.family ?? 0)} ${options.hints ?? 0} ${options.all === true} ${options.order ?? ""}`;
    const known = failed.get(key);
    if (known !== undefined) {
      if (now() < known.untilMs) {
        process.nextTick(callback, known.error, [], 0);
        return;
      }
      failed.delete(key);
    }
    const waiting = underWay.get(key);
    if (waiting !== undefined) {
      waiting.push(callback);
      return;
    }
    underWay.set(key, [callback]);
    ask(key, name, options);
  };
}

/** The one who asked may have changed the list it was given: each gets one of its own. */
function answer(
  callback: Callback,
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family: number | undefined,
): void {
  callback(error, Array.isArray(address) ? [...address] : address, family);
}
