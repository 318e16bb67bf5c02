/**
 * Writes that wait for the end of a turn of the event loop, when all that was read in it has been handled.
 *
 * A write to a process that sleeps wakes it, which costs more than the write itself. Where many leave one right after the
 * other, the first wakes it and the others find it awake. Where writes are rare there is nothing to be won, and nothing
 * waits.
 */
import type { Writable } from "node:stream";

/** Writes that follow each other more slowly than this hardly ever share a turn. */
const RARE_MS = 0.2;
/** So many that follow each other faster are no chance. */
const MANY = 4;

let corked: Writable[] = [];
let uncorking: Writable[] = [];
let scheduled = false;
/** `performance.now()` of the last call, and how many before it followed each other fast. */
let calledAt = -Infinity;
let inARow = 0;

/** Keeps what is written to the stream from now on until the end of the turn, unless calls are rare. */
export function corkForTurn(stream: Writable): void {
  if (stream.writableCorked > 0 || isRare()) return;
  stream.cork();
  corked.push(stream);
  if (scheduled) return;
  scheduled = true;
  setImmediate(endTurn);
}

function isRare(): boolean {
  const now = performance.now();
  inARow = now - calledAt < RARE_MS ? inARow + 1 : 0;
  calledAt = now;
  return !scheduled && inARow < MANY;
}

function endTurn(): void {
  scheduled = false;
  [corked, uncorking] = [uncorking, corked];
  for (const stream of uncorking) stream.uncork();
  uncorking.length = 0;
}
