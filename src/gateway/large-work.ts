/** Work on large bodies, one piece of it between two looks at the network. */
import { setImmediate as nextLook } from "node:timers/promises";
import type { ActiveCalls } from "./active-calls.ts";

/** Reading a body of this size takes a few milliseconds at worst; far below it, waiting would cost more than it spares. */
const LARGE_BYTES = 256 * 1024;

/** Of the whole process, as it has one event loop. */
let last: Promise<void> = Promise.resolve();

/**
 * To be awaited before each step of work on a body: undefined for all but large ones. Several that arrive together
 * take turns, so that streams wait for one step of one of them and never for all. It rejects with the reason of
 * `active` once that has been ended: then there is nothing left to do.
 */
export function turnFor(body: Buffer, active: ActiveCalls): Promise<void> | undefined {
  if (body.length < LARGE_BYTES) return undefined;
  last = last.then(() => nextLook());
  return last.then(() => {
    if (active.endedBy !== undefined) throw active.endedBy;
  });
}
