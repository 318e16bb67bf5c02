import { expect, test } from "vitest";
import type { UpstreamReceiver } from "../upstreams/upstream.ts";
import { Playback, type PlaybackClock } from "./playback.ts";
import type { RecordedAnswer } from "./read-tape.ts";

/** A clock that is moved by hand. */
class HandClock implements PlaybackClock {
  #now = 0;
  #due: { at: number; callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const entry = { at: this.#now + ms, callback };
    this.#due.push(entry);
    return () => (this.#due = this.#due.filter((other) => other !== entry));
  }

  forward(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = this.#due.filter(({ at }) => at <= end).toSorted((one, other) => one.at - other.at);
      if (next === undefined) break;
      this.#due = this.#due.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }

  get waiting(): number {
    return this.#due.length;
  }
}

const ANSWER: RecordedAnswer = {
  status: 200,
  headers: {},
  atMs: 100,
  pieces: [
    { content: "a", atMs: 100, joined: false },
    { content: "b", atMs: 250, joined: false },
    { content: "c", atMs: 250, joined: true },
    { content: Buffer.from([0xe2]), atMs: 1000, joined: false },
  ],
};

const END = { recording: 1, atMs: 1200, end: "complete" } as const;

function play(
  speed: "true" | "fast",
  answer = ANSWER,
): { clock: HandClock; seen: string[]; playback: Playback } {
  const clock = new HandClock();
  const seen: string[] = [];
  const note = (what: string): void => void seen.push(`${clock.now()} ${what}`);
  const receiver: UpstreamReceiver = {
    onHead: (status) => note(`head ${status}`),
    onData: (chunk) => note(`data ${chunk.toString("latin1")}`),
    onEnd: () => note("end"),
    onError: (error) => note(`error ${error.message}`),
  };
  const playback = new Playback(receiver, { speed, clock, onOver: () => note("over") });
  playback.play(answer, END);
  return { clock, seen, playback };
}

test("true to time: each piece when it came", () => {
  const { clock, seen } = play("true");
  expect(seen).toEqual([]);
  clock.forward(249);
  expect(seen).toEqual(["100 head 200", "100 data a"]);
  clock.forward(10_000);
  expect(seen.slice(2)).toEqual(["250 data bc", "1000 data \xe2", "1200 over", "1200 end"]);
});

test("fast: at once, but never before the caller holds the call", () => {
  const { clock, seen } = play("fast");
  expect(seen).toEqual([]);
  clock.forward(0);
  expect(seen).toEqual(["0 head 200", "0 data a", "0 data bc", "0 data \xe2", "0 over", "0 end"]);
});

test("a pause holds it, and what is overdue comes at once afterwards", () => {
  const { clock, seen, playback } = play("true");
  clock.forward(100);
  playback.pause();
  clock.forward(500);
  expect(seen.length).toBe(2);
  playback.resume();
  playback.resume();
  clock.forward(0);
  expect(seen.slice(2)).toEqual(["600 data bc"]);
  clock.forward(400);
  expect(seen.slice(3)).toEqual(["1000 data \xe2"]);
});

test("after an abort nothing comes, and nothing is waited for", () => {
  const { clock, seen, playback } = play("true");
  clock.forward(100);
  playback.abort();
  playback.abort();
  expect(clock.waiting).toBe(0);
  playback.resume();
  clock.forward(5000);
  expect(seen.slice(2)).toEqual(["100 over"]);
});
