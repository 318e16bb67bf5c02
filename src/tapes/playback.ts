/** One recorded answer, pushed as it came or at once. */
import { GatewayError } from "../errors.ts";
import type { UpstreamCall, UpstreamReceiver } from "../upstreams/upstream.ts";
import type { RecordedAnswer, RecordedPiece } from "./read-tape.ts";
import type { EndLine } from "./tape-format.ts";

export interface PlaybackClock {
  /** Milliseconds of a clock that is never set back. */
  now(): number;
  /** Calls back later, never at once; gives what calls it off. */
  after(ms: number, callback: () => void): () => void;
}

const PROCESS_CLOCK: PlaybackClock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

export interface PlaybackOptions {
  speed: "true" | "fast";
  clock?: PlaybackClock;
  onOver: () => void;
}

interface Step {
  atMs: number;
  run(receiver: UpstreamReceiver): void;
}

export class Playback implements UpstreamCall {
  readonly #receiver: UpstreamReceiver;
  readonly #options: PlaybackOptions;
  readonly #clock: PlaybackClock;
  readonly #startedAt: number;
  #steps: Step[] = [];
  #next = 0;
  #isPaused = false;
  #isOver = false;
  #callOff: (() => void) | undefined;

  constructor(receiver: UpstreamReceiver, options: PlaybackOptions) {
    this.#receiver = receiver;
    this.#options = options;
    this.#clock = options.clock ?? PROCESS_CLOCK;
    this.#startedAt = this.#clock.now();
  }

  play(answer: RecordedAnswer | undefined, end: EndLine): void {
    const steps: Step[] = [];
    if (answer !== undefined) {
      const { status, headers, atMs, pieces } = answer;
      steps.push({ atMs, run: (receiver) => receiver.onHead(status, headers) });
      for (const { bytes, atMs: at } of readsOf(pieces)) {
        steps.push({ atMs: at, run: (receiver) => receiver.onData(bytes) });
      }
    }
    steps.push({ atMs: end.atMs, run: (receiver) => finish(receiver, end) });
    this.#begin(steps);
  }

  fail(error: GatewayError): void {
    this.#begin([{ atMs: 0, run: (receiver) => receiver.onError(error) }]);
  }

  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#callOff?.();
    this.#steps = [];
    this.#options.onOver();
  }

  pause(): void {
    this.#isPaused = true;
    this.#callOff?.();
    this.#callOff = undefined;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#isOver) this.#wait();
  }

  #begin(steps: Step[]): void {
    this.#steps = steps;
    // Even the first step comes later: the caller does not hold this call yet.
    this.#wait();
  }

  #wait(): void {
    this.#callOff = this.#clock.after(this.#leftMs(), this.#run);
  }

  /** Until the next step is due. */
  #leftMs(): number {
    const step = this.#steps[this.#next];
    if (step === undefined || this.#options.speed === "fast") return 0;
    return Math.max(0, this.#startedAt + step.atMs - this.#clock.now());
  }

  #run = (): void => {
    this.#callOff = undefined;
    do {
      const step = this.#steps[this.#next];
      if (step === undefined) return;
      this.#next += 1;
      if (this.#next === this.#steps.length) {
        this.#isOver = true;
        this.#options.onOver();
      }
      step.run(this.#receiver);
      if (this.#isOver || this.#isPaused) return;
    } while (this.#leftMs() === 0);
    this.#wait();
  };
}

/** What the gateway was given at once. */
function readsOf(pieces: readonly RecordedPiece[]): { bytes: Buffer; atMs: number }[] {
  const reads: { bytes: Buffer; atMs: number }[] = [];
  for (let at = 0; at < pieces.length;) {
    const first = pieces[at]!;
    const parts = [Buffer.from(first.content)];
    for (at += 1; pieces[at]?.joined === true; at += 1) parts.push(Buffer.from(pieces[at]!.content));
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    if (bytes.length > 0) reads.push({ bytes, atMs: first.atMs });
  }
  return reads;
}

function finish(receiver: UpstreamReceiver, end: EndLine): void {
  switch (end.end) {
    case "complete":
      receiver.onEnd();
      return;
    case "failed":
      receiver.onError(new GatewayError(end.failure, end.message));
      return;
    case "left":
      receiver.onError(
        new GatewayError(
          {
            kind: "upstream",
            status: 502,
            type: "server_error",
            code: "recording_ended",
            param: null,
            shouldRetry: false,
          },
          "The recording ends here: when it was made, the client left before the answer was complete.",
        ),
      );
      return;
    default:
      end satisfies never;
  }
}
