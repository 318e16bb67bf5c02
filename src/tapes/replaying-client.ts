/** An upstream client that answers from a tape: it stands where Google does, so all that the gateway does is done. */
import { GatewayError } from "../errors.ts";
import type {
  UpstreamCall,
  UpstreamClient,
  UpstreamReceiver,
  UpstreamRequest,
} from "../upstreams/upstream.ts";
import { nearestRecording, nearMissMessage, nearMissReport } from "./near-miss.ts";
import { Playback, type PlaybackClock } from "./playback.ts";
import type { Recording, RecordedAnswer, Tape } from "./read-tape.ts";
import { rewrite } from "./rewrite.ts";
import { SensitiveText } from "./sensitive-text.ts";
import { type ComparedRequest, compared, projectsIn, readRequest } from "./tape-request.ts";

export interface ReplayingOptions {
  /** `true`: each piece when it came; `fast`: at once. */
  speed: "true" | "fast";
  /** Each recording once; otherwise the last of equal ones goes on answering. */
  strict: boolean;
  /** The patterns the tape was recorded with; global. */
  patterns: readonly RegExp[];
  /** Projects of the configuration in force. */
  projects: () => readonly string[];
  /** For the operator: requests without a recording, line by line. */
  report: (lines: readonly string[]) => void;
  /** Default: the process's own. */
  clock?: PlaybackClock;
}

/** Recordings of equal requests, in order. */
interface Sequence {
  recordings: Recording[];
  next: number;
}

export class ReplayingClient implements UpstreamClient {
  readonly #tape: Tape;
  readonly #options: ReplayingOptions;
  readonly #sequences = new Map<string, Sequence>();
  readonly #used = new Set<Recording>();
  readonly #playing = new Set<Playback>();

  constructor(tape: Tape, options: ReplayingOptions) {
    this.#tape = tape;
    this.#options = options;
    for (const recording of tape.recordings) {
      const sequence = this.#sequences.get(recording.compared.key);
      if (sequence === undefined)
        this.#sequences.set(recording.compared.key, { recordings: [recording], next: 0 });
      else sequence.recordings.push(recording);
    }
  }

  send(request: UpstreamRequest, receiver: UpstreamReceiver): UpstreamCall {
    const { patterns, projects, speed, clock } = this.#options;
    const asked = compared(readRequest(request), { patterns, projects: projects() });
    const recording = this.#take(asked);
    const playback = new Playback(receiver, {
      speed,
      ...(clock === undefined ? {} : { clock }),
      onOver: () => this.#playing.delete(playback),
    });
    this.#playing.add(playback);
    if (recording instanceof GatewayError) playback.fail(recording);
    else playback.play(restored(recording, asked), recording.end);
    return playback;
  }

  /** Those that no request has asked for. */
  get unused(): Recording[] {
    return this.#tape.recordings.filter((recording) => !this.#used.has(recording));
  }

  close(): Promise<void> {
    for (const playback of this.#playing) playback.abort();
    return Promise.resolve();
  }

  #take(asked: ComparedRequest): Recording | GatewayError {
    const sequence = this.#sequences.get(asked.key);
    if (sequence === undefined) return this.#miss(asked);
    const { recordings } = sequence;
    let at = sequence.next;
    // A token that was renewed since: there is none to renew now.
    while (recordings[at]?.answer?.status === 401 && at + 1 < recordings.length) {
      this.#used.add(recordings[at]!);
      at += 1;
    }
    if (at >= recordings.length && this.#options.strict) return this.#usedUp(asked, recordings.length);
    const recording = recordings[Math.min(at, recordings.length - 1)]!;
    sequence.next = at + 1;
    this.#used.add(recording);
    return recording;
  }

  #miss({ request }: ComparedRequest): GatewayError {
    const nearest = nearestRecording(this.#tape.recordings, request);
    this.#options.report(nearMissReport(this.#tape.path, request, nearest));
    return noRecording(`No recording on the tape fits this request. ${nearMissMessage(nearest)}`);
  }

  #usedUp({ request }: ComparedRequest, count: number): GatewayError {
    const times = count === 1 ? "once" : `${count} times`;
    this.#options.report([
      `All recordings of ${request.method} ${request.path} are used up: it was recorded ${times}, and asked for once more.`,
    ]);
    return noRecording(`This request was recorded ${times}, and is asked for once more (--replay-strict).`);
  }
}

/** A 400, since a 404 would have the route believe that the upstream has no such model. */
function noRecording(message: string): GatewayError {
  return new GatewayError(
    {
      kind: "upstream",
      status: 400,
      type: "invalid_request_error",
      code: "no_recording",
      param: null,
      shouldRetry: false,
    },
    message,
  );
}

/** The answer with the values of this request where the tape has stand-ins for them. */
function restored(
  { answer, compared: recorded }: Recording,
  asked: ComparedRequest,
): RecordedAnswer | undefined {
  if (answer === undefined) return undefined;
  const texts = answer.pieces.map(({ content }) => (typeof content === "string" ? content : ""));
  const sensitive = new SensitiveText({ projects: projectsIn(recorded.request.path) });
  const live = rewrite(texts, {
    sensitive,
    replace: (kind, value) => {
      const number = recorded.standIns.numberOf(kind, value);
      return number === undefined ? value : (asked.standIns.valueOf(kind, number, value) ?? value);
    },
  });
  const pieces = answer.pieces.map((piece, index) => ({
    ...piece,
    content: typeof piece.content === "string" ? (live[index] ?? "") : piece.content,
  }));
  return { ...answer, pieces };
}
