/**
 * What is to be done once per turn of the event loop, after all that was read in it has been handled.
 *
 * Writes wait for it: a write to a process that sleeps wakes it, which costs more than the write itself. Where many
 * leave one right after the other, the first wakes it and the others find it awake. Where writes are rare there is
 * nothing to be won, and nothing waits.
 */
import type { Writable } from "node:stream";

/** Done once, at the end of the turn. */
export interface AtTurnEnd {
  onTurnEnd(): void;
}

/** Writes that follow each other more slowly than this hardly ever share a turn. */
const RARE_MS = 0.2;

let waiting: AtTurnEnd[] = [];
let running: AtTurnEnd[] = [];
let corked: Writable[] = [];
let uncorking: Writable[] = [];
let scheduled = false;
/** `performance.now()` of the last call. */
let calledAt = -Infinity;

/** Calls `onTurnEnd` before the event loop waits again, or now where calls are rare. */
export function atTurnEnd(one: AtTurnEnd): void {
  if (isRare()) {
    one.onTurnEnd();
    return;
  }
  waiting.push(one);
  schedule();
}

/** Keeps what is written to the stream from now on until the end of the turn, unless calls are rare. */
export function corkForTurn(stream: Writable): void {
  if (stream.writableCorked > 0 || isRare()) return;
  stream.cork();
  corked.push(stream);
  schedule();
}

function isRare(): boolean {
  const now = performance.now();
  const rare = !scheduled && now - calledAt >= RARE_MS;
  calledAt = now;
  return rare;
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setImmediate(endTurn);
}

function endTurn(): void {
  scheduled = false;
  [waiting, running] = [running, waiting];
  [corked, uncorking] = [uncorking, corked];
  for (const one of running) one.onTurnEnd();
  for (const stream of uncorking) stream.uncork();
  running.length = 0;
  uncorking.length = 0;
}
