/** An answer's body between its bytes and its lines on a tape: whole events with their times, as values where that loses nothing. */
import { type Spelling, spell, spellingOf } from "./json-spelling.ts";
import type { HeadLine, PieceLine } from "./tape-format.ts";

/** A piece of the body and when all of it had come, in milliseconds since the call began. */
export interface TimedText {
  text: string;
  atMs: number;
  /** It came in one read with the piece before: the gateway answers what is read at once, at once. */
  joined?: true;
}

export interface AnswerText {
  units: TimedText[];
  /** The beginning of a character, where the answer was cut inside one. */
  rest: Uint8Array;
}

const EVENT_END = /\r\n\r\n|\n\n|\r\r/g;

/**
 * Puts together what the network took apart: a piece is an event of a stream, or the whole of another answer. The
 * gateway can do nothing with less, and a value must not be cut for it to be found.
 */
export function answerText(
  chunks: readonly { bytes: Uint8Array; atMs: number }[],
  isStream: boolean,
): AnswerText {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const arrivals: { end: number; atMs: number }[] = [];
  let text = "";
  let tail: Uint8Array = new Uint8Array();
  for (const { bytes, atMs } of chunks) {
    text += decoder.decode(bytes, { stream: true });
    tail = Uint8Array.from([...tail.slice(-3), ...bytes.slice(-3)]);
    arrivals.push({ end: text.length, atMs });
  }
  const rest = unfinished(tail);
  const lastAtMs = arrivals.at(-1)?.atMs ?? 0;
  if (text === "") return { units: [], rest };
  if (!isStream) return { units: [{ text, atMs: lastAtMs }], rest };
  const units: TimedText[] = [];
  let start = 0;
  let arrival = 0;
  let before = -1;
  const add = (end: number): void => {
    const atMs = arrivals[arrival]?.atMs ?? lastAtMs;
    units.push({ text: text.slice(start, end), atMs, ...(arrival === before ? { joined: true } : {}) });
    start = end;
    before = arrival;
  };
  for (const { 0: ending, index } of text.matchAll(EVENT_END)) {
    const end = index + ending.length;
    while ((arrivals[arrival]?.end ?? Infinity) < end) arrival += 1;
    add(end);
  }
  if (start < text.length) {
    arrival = arrivals.length - 1;
    add(text.length);
  }
  return { units, rest };
}

/** The bytes at the end that are the beginning of a character and no more. */
function unfinished(tail: Uint8Array): Uint8Array {
  for (let length = 1; length <= Math.min(3, tail.length); length += 1) {
    const first = tail[tail.length - length]!;
    if (first < 0x80) break;
    if (first < 0xc0) continue;
    const wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    return wanted > length ? tail.slice(-length) : new Uint8Array();
  }
  return new Uint8Array();
}

interface Framed {
  spelling: Spelling;
  after: string;
  value: unknown;
}

/** How the first piece that is JSON is written decides for all; those that are written otherwise stay text. */
export function pieceLines(
  recording: number,
  units: readonly TimedText[],
  isStream: boolean,
): { frame: Pick<HeadLine, "spelling" | "after">; lines: PieceLine[] } {
  let frame: Framed | undefined;
  const lines = units.map(({ text, ...when }): PieceLine => {
    const framed = framedJson(text, isStream);
    if (framed === undefined) return { recording, ...when, text };
    frame ??= framed;
    if (framed.spelling !== frame.spelling) {
      // What is short may be written alike in several ways.
      if (written(framed.value, { ...frame }, isStream) !== text) return { recording, ...when, text };
    } else if (framed.after !== frame.after) return { recording, ...when, text };
    return isStream
      ? { recording, ...when, event: framed.value }
      : { recording, ...when, json: framed.value };
  });
  return { frame: frame === undefined ? {} : { spelling: frame.spelling, after: frame.after }, lines };
}

function framedJson(text: string, isStream: boolean): Framed | undefined {
  const parts = isStream ? /^data: ([^\r\n]*)(\r\n\r\n|\n\n|\r\r)$/.exec(text) : /^([^]*?)(\s*)$/.exec(text);
  if (parts === null) return undefined;
  const [, json = "", after = ""] = parts;
  const spelled = spellingOf(json);
  return spelled === undefined ? undefined : { ...spelled, after };
}

function written(value: unknown, { spelling, after }: Omit<Framed, "value">, isStream: boolean): string {
  return `${isStream ? "data: " : ""}${spell(value, spelling)}${after}`;
}

/** The text that a line stands for. */
export function textOf(line: Exclude<PieceLine, { bytes: string }>, head: HeadLine): string {
  if ("text" in line) return line.text;
  const frame = { spelling: head.spelling ?? "compact", after: head.after ?? "" };
  return "event" in line ? written(line.event, frame, true) : written(line.json, frame, false);
}

export function isEventStream(headers: Readonly<Record<string, string | string[] | undefined>>): boolean {
  const type = headers["content-type"];
  return typeof type === "string" && type.startsWith("text/event-stream");
}
