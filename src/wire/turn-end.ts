/**
 * What is to be done once per turn of the event loop, after all that was read in it has been handled.
 *
 * Writes wait for it: a write to a process that sleeps wakes it, which costs more than the write itself. Where many
 * leave one right after the other, the first wakes it and the others find it awake.
 */
import type { Writable } from "node:stream";

/** Done once, at the end of the turn. */
export interface AtTurnEnd {
  onTurnEnd(): void;
}

let waiting: AtTurnEnd[] = [];
let running: AtTurnEnd[] = [];
let corked: Writable[] = [];
let uncorking: Writable[] = [];
let scheduled = false;

/** Calls `onTurnEnd` before the event loop waits again. */
export function atTurnEnd(one: AtTurnEnd): void {
  waiting.push(one);
  schedule();
}

/** Keeps what is written to the stream until the end of the turn. */
export function corkForTurn(stream: Writable): void {
  if (stream.writableCorked > 0) return;
  stream.cork();
  corked.push(stream);
  schedule();
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
