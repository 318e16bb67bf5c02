/**
 * Server-sent events, both ways: bytes from an upstream to events, and events to text for a client.
 * Format: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
import { GatewayError } from "../errors.ts";

/** The last event of an OpenAI stream. */
export const DONE = "data: [DONE]\n\n";

/** One event holding one line of data, such as `JSON.stringify` gives. */
export function encodeData(json: string): string {
  return `data: ${json}\n\n`;
}

/** A line that every reader skips; keeps a connection alive. Line breaks in `text` become spaces. */
export function comment(text = ""): string {
  return `: ${text.replace(/[\r\n]+/g, " ")}\n\n`;
}

export interface SseReaderOptions {
  /** One complete event: its `data` lines joined by `\n`, and the value of its `event` field if it had one. */
  onEvent: (data: string, eventName: string | undefined) => void;
  /**
   * Called where an event begins, but for the first of the stream: takes whole events itself, as many as it likes, and
   * says where the next one begins.
   */
  take?: (bytes: Buffer, from: number) => number;
  /**
   * Called at most once, by `end`, with what arrived outside of complete events: lines that are no field of the
   * format (Gemini sends a bare JSON error object or array in place of events when it fails), then the data of
   * a last event whose closing blank line never came.
   */
  onStray?: (text: string) => void;
  /** Bytes one event, or one line, or all stray lines together may have. */
  maxEventBytes: number;
}

const NONE = Buffer.alloc(0);
const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;
/** `data` */
const D = 100;
const A = 97;
const T = 116;

/** What one more line costs in memory beyond its bytes, so that a flood of empty ones is bounded as well. */
const LINE_OVERHEAD = 32;

/**
 * Reads a stream of events from chunks cut anywhere, even inside a character or between CR and LF.
 * Lines are found as bytes and decoded whole; only the bytes of a line that a chunk leaves unfinished are copied.
 */
export class SseReader {
  readonly #options: SseReaderOptions;
  #data: string | undefined;
  #eventName: string | undefined;
  #eventBytes = 0;
  /** Beginning of a line whose end has not come yet. */
  #partial: Buffer = NONE;
  #partialBytes = 0;
  /** The last chunk ended in CR: an LF at the start of the next one belongs to it. */
  #skipLf = false;
  #firstLine = true;
  /** The last event is over, and nothing of the next one has come. */
  #between = false;
  #stray: string | undefined;
  #strayBytes = 0;

  constructor(options: SseReaderOptions) {
    this.#options = options;
  }

  /**
   * Reads one chunk; `onEvent` is called for each event it completes.
   * @throws GatewayError (upstream, 502, `upstream_event_too_large`) when an event outgrows `maxEventBytes`.
   */
  push(chunk: Buffer): void {
    const length = chunk.length;
    if (length === 0) return;
    let start = 0;
    if (this.#skipLf) {
      this.#skipLf = false;
      if (chunk[0] === LF) start = 1;
    }
    // The nearest LF and CR at or after `start`; `length` stands for none. Each is searched for once.
    let lf = -1;
    let cr = -1;
    const options = this.#options;
    while (start < length) {
      if (this.#between) {
        if (options.take !== undefined) start = options.take(chunk, start);
        if (start === length) break;
        this.#between = false;
      }
      if (lf < start) {
        lf = chunk.indexOf(LF, start);
        if (lf === -1) lf = length;
      }
      if (cr < start) {
        cr = chunk.indexOf(CR, start);
        if (cr === -1) cr = length;
      }
      const end = lf < cr ? lf : cr;
      if (end === length) break;
      if (this.#partialBytes > 0) {
        this.#keep(chunk, start, end);
        this.#finishPartial();
      } else {
        this.#line(chunk, start, end);
      }
      start = end + 1;
      if (end === cr) {
        if (start === length) this.#skipLf = true;
        else if (chunk[start] === LF) start += 1;
      }
      // Nearly always the blank line that closes the event: no search needed.
      if (chunk[start] === LF) {
        this.#dispatch();
        start += 1;
      }
    }
    if (start < length) this.#keep(chunk, start, length);
  }

  /** The upstream closed the stream: whatever is unfinished goes to `onStray`. */
  end(): void {
    if (this.#partialBytes > 0) this.#finishPartial();
    if (this.#data !== undefined) {
      this.#stray = this.#stray === undefined ? this.#data : `${this.#stray}\n${this.#data}`;
      this.#data = undefined;
    }
    const stray = this.#stray;
    this.#stray = undefined;
    if (stray !== undefined) this.#options.onStray?.(stray);
  }

  /** Copies, because the chunk may be a small view of a large read buffer, or reused by its owner. */
  #keep(chunk: Buffer, start: number, end: number): void {
    const length = this.#partialBytes + (end - start);
    this.#limit(this.#eventBytes + length);
    if (length > this.#partial.length) {
      // Doubling keeps a line that trickles in byte by byte linear in time.
      const larger = Buffer.allocUnsafeSlow(Math.max(length, this.#partial.length * 2, 256));
      this.#partial.copy(larger, 0, 0, this.#partialBytes);
      this.#partial = larger;
    }
    chunk.copy(this.#partial, this.#partialBytes, start, end);
    this.#partialBytes = length;
  }

  #finishPartial(): void {
    const bytes = this.#partial;
    const length = this.#partialBytes;
    this.#partialBytes = 0;
    // One buffer serves every line that is cut, unless a long line made it large.
    if (bytes.length > 65_536) this.#partial = NONE;
    this.#line(bytes, 0, length);
  }

  #line(bytes: Buffer, from: number, end: number): void {
    let start = from;
    this.#limit(this.#eventBytes + end - start);
    if (this.#firstLine) {
      this.#firstLine = false;
      if (
        end - start >= 3 &&
        bytes[start] === 0xef &&
        bytes[start + 1] === 0xbb &&
        bytes[start + 2] === 0xbf
      ) {
        start += 3;
      }
    }
    if (start === end) {
      this.#dispatch();
      return;
    }
    const nameEnd = start + 4;
    if (
      bytes[start] === D &&
      bytes[start + 1] === A &&
      bytes[start + 2] === T &&
      bytes[start + 3] === A &&
      (nameEnd === end || (nameEnd < end && bytes[nameEnd] === COLON))
    ) {
      this.#eventBytes += end - start;
      const value = fieldValue(bytes, nameEnd, end);
      if (this.#data === undefined) {
        this.#data = value;
      } else {
        this.#eventBytes += LINE_OVERHEAD;
        this.#data = `${this.#data}\n${value}`;
      }
      return;
    }
    if (bytes[start] === COLON) return;
    this.#otherField(bytes, start, end);
  }

  #otherField(bytes: Buffer, start: number, end: number): void {
    // A field name is at most five bytes here, so a long stray line is not searched to its end.
    const colon = bytes.subarray(start, Math.min(end, start + 6)).indexOf(COLON);
    const nameEnd = colon === -1 ? end : start + colon;
    const name = nameEnd - start <= 5 ? bytes.toString("latin1", start, nameEnd) : "";
    if (name === "event") {
      this.#eventName = fieldValue(bytes, nameEnd, end);
    } else if (name !== "id" && name !== "retry") {
      this.#addStray(bytes, start, end);
    }
  }

  #addStray(bytes: Buffer, start: number, end: number): void {
    if (this.#options.onStray === undefined) return;
    const room = this.#options.maxEventBytes - this.#strayBytes;
    if (room <= 0) return;
    const line = bytes.toString("utf8", start, Math.min(end, start + room));
    this.#strayBytes += end - start;
    if (this.#stray === undefined) {
      this.#stray = line;
    } else {
      this.#strayBytes += LINE_OVERHEAD;
      this.#stray = `${this.#stray}\n${line}`;
    }
  }

  #dispatch(): void {
    this.#firstLine = false;
    const data = this.#data;
    const eventName = this.#eventName;
    this.#data = undefined;
    this.#eventName = undefined;
    this.#eventBytes = 0;
    this.#between = true;
    if (data !== undefined) this.#options.onEvent(data, eventName === "" ? undefined : eventName);
  }

  #limit(bytes: number): void {
    const { maxEventBytes } = this.#options;
    if (bytes <= maxEventBytes) return;
    // Let go of what was collected: the stream is of no more use.
    this.#partial = NONE;
    this.#partialBytes = 0;
    this.#data = undefined;
    throw new GatewayError(
      { kind: "upstream", status: 502, type: "server_error", code: "upstream_event_too_large", param: null },
      `The upstream sent a stream event of more than ${maxEventBytes} bytes.`,
    );
  }
}

/** The text after a field name and its colon, less one leading space. */
function fieldValue(bytes: Buffer, nameEnd: number, end: number): string {
  let start = nameEnd + 1;
  if (start < end && bytes[start] === SPACE) start += 1;
  return start >= end ? "" : bytes.toString("utf8", start, end);
}
