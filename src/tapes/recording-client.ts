/** An upstream client that writes down what goes through it and changes none of it. */
import { GatewayError } from "../errors.ts";
import type {
  UpstreamCall,
  UpstreamClient,
  UpstreamReceiver,
  UpstreamRequest,
} from "../upstreams/upstream.ts";
import { answerText, isEventStream, pieceLines } from "./answer-pieces.ts";
import { mediaFolder, storeMedia } from "./media-store.ts";
import { rewrite } from "./rewrite.ts";
import { SensitiveText } from "./sensitive-text.ts";
import { StandIns, type SensitiveKind } from "./stand-ins.ts";
import { TapeError } from "./tape-error.ts";
import type { TapeFile } from "./tape-file.ts";
import type { EndLine, HeadLine, RecordedEnd, RecordedFailure, RequestLine } from "./tape-format.ts";
import { keptHeaders, projectsIn, readRequest, withStandIns } from "./tape-request.ts";

/** Answers under way are held until they end, since what must not be on the tape may come in pieces. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_HELD_BYTES = 256 * 1024 * 1024;

const KEPT_ANSWER_HEADERS = ["content-type", "retry-after", "retry-after-ms", "x-should-retry"];

export interface RecordingOptions {
  tape: TapeFile;
  /** Keys and projects of the configuration in force. */
  known: () => { secrets: readonly string[]; projects: readonly string[] };
  /** The operator's own; global. */
  patterns: readonly RegExp[];
  /** Milliseconds of a clock that is never set back. */
  now: () => number;
  /** What could not be recorded, and why, for the operator. */
  report: (problem: string) => void;
  maxAnswerBytes?: number;
  maxHeldBytes?: number;
}

export class RecordingClient implements UpstreamClient {
  readonly #inner: UpstreamClient;
  readonly #recorder: Recorder;

  constructor(inner: UpstreamClient, options: RecordingOptions) {
    this.#inner = inner;
    this.#recorder = new Recorder(options);
  }

  send(request: UpstreamRequest, receiver: UpstreamReceiver): UpstreamCall {
    const take = new Take(this.#recorder, this.#recorder.begin(request), receiver);
    return take.begin(this.#inner.send(request, take));
  }

  connections(): number {
    return this.#inner.connections?.() ?? 0;
  }

  /** Recordings written so far. */
  get written(): number {
    return this.#recorder.written;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

interface Begun {
  line: RequestLine;
  sensitive: SensitiveText;
  startedAt: number;
}

/** What all recordings of one tape share. */
class Recorder {
  readonly options: RecordingOptions;
  readonly maxAnswerBytes: number;
  readonly maxHeldBytes: number;
  readonly #standIns = new StandIns();
  #count = 0;
  written = 0;
  heldBytes = 0;

  constructor(options: RecordingOptions) {
    this.options = options;
    this.maxAnswerBytes = options.maxAnswerBytes ?? MAX_ANSWER_BYTES;
    this.maxHeldBytes = options.maxHeldBytes ?? MAX_HELD_BYTES;
  }

  replace = (kind: SensitiveKind, value: string): string => this.#standIns.for(kind, value);

  begin(request: UpstreamRequest): Begun {
    const { known, patterns, now } = this.options;
    const { secrets, projects } = known();
    const { headers } = request;
    const quotaProject = headers["x-goog-user-project"];
    const sensitive = new SensitiveText({
      secrets: [...secrets, ...credentialsIn(headers)],
      projects: [
        ...projects,
        ...projectsIn(request.path),
        ...(quotaProject === undefined ? [] : [quotaProject]),
      ],
      patterns,
    });
    const { method, path, body } = withStandIns(readRequest(request), sensitive, this.replace);
    const host = sensitive.replace(new URL(request.origin).host, this.replace);
    const kept = keptHeaders(headers);
    this.#count += 1;
    return {
      line: {
        recording: this.#count,
        method,
        host,
        path,
        ...(kept === undefined ? {} : { headers: kept }),
        ...(body === undefined ? {} : { body }),
      },
      sensitive,
      startedAt: now(),
    };
  }

  write(lines: readonly object[]): void {
    const { tape, report } = this.options;
    try {
      if (tape.append(lines)) this.written += 1;
    } catch (error) {
      if (!(error instanceof TapeError)) throw error;
      report(`${error.message} Requests are answered as before; they are not recorded.`);
    }
  }
}

/** An upstream, or its page of an error, may say them back. */
function credentialsIn(headers: Readonly<Record<string, string>>): string[] {
  return ["authorization", "x-goog-api-key", "api-key", "cookie", "proxy-authorization"].flatMap((name) => {
    const value = headers[name];
    return value === undefined ? [] : [value.replace(/^\w+ /, "")];
  });
}

/** One exchange, held until it has ended. */
class Take implements UpstreamReceiver, UpstreamCall {
  readonly #recorder: Recorder;
  readonly #begun: Begun;
  readonly #receiver: UpstreamReceiver;
  #call: UpstreamCall | undefined;
  #status = 0;
  #headers: Record<string, string | string[] | undefined> = {};
  #headAtMs = 0;
  #chunks: { bytes: Uint8Array; atMs: number }[] = [];
  #bytes = 0;
  #isOver = false;

  constructor(recorder: Recorder, begun: Begun, receiver: UpstreamReceiver) {
    this.#recorder = recorder;
    this.#begun = begun;
    this.#receiver = receiver;
  }

  begin(call: UpstreamCall): this {
    this.#call = call;
    return this;
  }

  abort(): void {
    this.#call?.abort();
    // Without an answer there is nothing to play.
    if (this.#status === 0) this.#drop();
    else this.#end({ end: "left" });
  }

  pause(): void {
    this.#call?.pause();
  }

  resume(): void {
    this.#call?.resume();
  }

  onHead(status: number, headers: Record<string, string | string[] | undefined>): void {
    this.#status = status;
    this.#headers = headers;
    this.#headAtMs = this.#atMs();
    this.#receiver.onHead(status, headers);
  }

  onData(chunk: Buffer): void {
    this.#keep(chunk);
    this.#receiver.onData(chunk);
  }

  onEnd(): void {
    this.#end({ end: "complete" });
    this.#receiver.onEnd();
  }

  onError(error: Error): void {
    const failure = error instanceof GatewayError ? error.failure : undefined;
    if (
      failure?.kind === "upstream" ||
      failure?.kind === "upstream_timeout" ||
      failure?.kind === "unavailable"
    ) {
      this.#end({ end: "failed", failure: plainFailure(failure), message: error.message });
    } else this.#drop();
    this.#receiver.onError(error);
  }

  #atMs(): number {
    return Math.max(0, Math.round(this.#recorder.options.now() - this.#begun.startedAt));
  }

  #keep(chunk: Buffer): void {
    if (this.#isOver) return;
    const { maxAnswerBytes, maxHeldBytes, heldBytes, options } = this.#recorder;
    if (this.#bytes + chunk.length > maxAnswerBytes || heldBytes + chunk.length > maxHeldBytes) {
      options.report(
        `Recording ${this.#begun.line.recording} is left out: its answer, or all those under way, are larger than what is held in memory.`,
      );
      this.#drop();
      return;
    }
    this.#bytes += chunk.length;
    this.#recorder.heldBytes += chunk.length;
    // A copy: the bytes are part of a buffer that the HTTP client may use again.
    this.#chunks.push({ bytes: Uint8Array.from(chunk), atMs: this.#atMs() });
  }

  #end(how: RecordedEnd): void {
    if (this.#isOver) return;
    const chunks = this.#chunks;
    const atMs = this.#atMs();
    this.#drop();
    const { line, sensitive } = this.#begun;
    const { recording } = line;
    const { replace, options } = this.#recorder;
    const lines: object[] = [line];
    if (this.#status !== 0) {
      const isStream = isEventStream(this.#headers);
      const { units, rest } = answerText(chunks, isStream);
      const folder = mediaFolder(options.tape.path);
      let texts: string[];
      try {
        texts = rewrite(
          units.map(({ text }) => text),
          {
            sensitive,
            replace,
            whole: (text, property) => (isMedia(text, property) ? storeMedia(folder, text) : undefined),
          },
        );
      } catch (error) {
        options.report(`Recording ${recording} is left out: its media cannot be written (${String(error)}).`);
        return;
      }
      const clean = units.map((unit, index) => ({ ...unit, text: texts[index] ?? "" }));
      const { frame, lines: pieces } = pieceLines(recording, clean, isStream);
      const kept = keptHeaders(this.#headers, KEPT_ANSWER_HEADERS);
      const head: HeadLine = {
        recording,
        atMs: this.#headAtMs,
        status: this.#status,
        ...(kept === undefined ? {} : { headers: kept }),
        ...frame,
      };
      lines.push(head, ...pieces);
      if (rest.length > 0) lines.push({ recording, atMs, bytes: Buffer.from(rest).toString("base64") });
    }
    const end: EndLine =
      how.end === "failed"
        ? { recording, atMs, ...how, message: sensitive.replace(how.message, replace) }
        : { recording, atMs, ...how };
    this.#recorder.write([...lines, end]);
  }

  #drop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#recorder.heldBytes -= this.#bytes;
    this.#chunks = [];
  }
}

function isMedia(text: string, property: string): boolean {
  return property === "data" || property === "b64_json" || text.startsWith("data:");
}

/** Without the upstream's own words, which are for a log. */
function plainFailure(failure: RecordedFailure): RecordedFailure {
  if (failure.kind !== "upstream") return failure;
  const { said: _, ...plain } = failure;
  return plain;
}
