/**
 * Stream events that differ from an earlier one in nothing but their text and their token counts: almost all of them.
 * Their bytes become the bytes of a chunk without being parsed, or made a string. What is recognised is exactly what
 * parsing would have given, as the form is taken from an event that was parsed; an event of any other form is parsed.
 */
import { type BytePattern, viewOf } from "../../wire/byte-pattern.ts";
import type { GenerateContentResponse } from "../../wire/gemini.ts";
import { JsonTextReader } from "../../wire/json-text-bytes.ts";
import type { OutgoingText } from "../../wire/outgoing-text.ts";
import { FIELD, type PlainTextForm, plainTextForm } from "./plain-text-form.ts";

const LF = 10;
const CR = 13;
const QUOTE = 34;
const ZERO = 48;
const NINE = 57;

/** A stream whose events keep changing their form is left to the parser. */
const MAX_FORMS = 8;

/** Where the texts that were taken are counted. */
export interface TextCounter {
  /** All text so far is ASCII: of more such text only the length need be known. */
  readonly isAscii: boolean;
  appendAscii(length: number): void;
  appendPlainText(text: string): void;
}

/** What stands around the text in each chunk, its quotes included. */
export interface ChunkFrame {
  before: BytePattern;
  after: BytePattern;
  isAscii: boolean;
}

const reader = new JsonTextReader();

export class PlainTextEvents {
  /** Where the JSON of the event begins that was taken last, and where it ends. */
  lastFrom = 0;
  lastTo = 0;
  /** Undefined before a form is known. */
  #form: PlainTextForm | undefined;
  #forms = 0;

  /** Events of the known form say how many tokens were used. */
  get hasUsage(): boolean {
    return this.#form?.hasUsage === true;
  }

  /** Takes the form of an event that was parsed, if it is one of plain text. */
  learn(data: string, event: GenerateContentResponse): void {
    if (this.#forms === MAX_FORMS) return;
    const form = plainTextForm(data, event);
    if (form === undefined) return;
    this.#forms += 1;
    this.#form = form;
  }

  /**
   * Writes a chunk for each event of the known form, from `from` up to the first event that has another one, or is not
   * whole, or has more than `maxBytes` bytes, or for which there is no room. Returns where that begins.
   */
  take(
    bytes: Buffer,
    from: number,
    maxBytes: number,
    counter: TextCounter,
    frame: ChunkFrame,
    out: OutgoingText,
  ): number {
    const form = this.#form;
    if (form === undefined) return from;
    const { before } = form;
    const view = viewOf(bytes);
    const base = bytes.byteOffset;
    const end = bytes.length;
    const written = out.bytes;
    let at = from;
    while (at + before.length < end && before.isAt(view, base + at)) {
      const textFrom = at + before.length;
      const literalFrom = out.length + frame.before.length;
      const room = written.length - literalFrom - frame.after.length;
      if (room <= 0) break;
      reader.copyAscii(bytes, textFrom, end - textFrom < room ? end : textFrom + room, out, literalFrom);
      let literalTo = reader.writtenTo;
      const isCopied = counter.isAscii && reader.readTo < end && bytes[reader.readTo] === QUOTE;
      if (!isCopied) {
        if (!reader.decode(bytes, textFrom) || reader.literal.length * 3 > room) break;
        literalTo = literalFrom + written.write(reader.literal, literalFrom);
      }
      const textTo = reader.readTo;
      const jsonTo = endOfEvent(bytes, view, base, textTo, form.after);
      const next = jsonTo === -1 ? -1 : behindBlankLine(bytes, jsonTo);
      if (next === -1 || textTo === textFrom || next - at > maxBytes) break;
      if (isCopied) {
        counter.appendAscii(reader.length);
      } else {
        counter.appendPlainText(reader.text);
        out.isAscii = false;
      }
      frame.before.writeTo(out.view, out.length);
      frame.after.writeTo(out.view, literalTo);
      out.length = literalTo + frame.after.length;
      this.lastFrom = at + FIELD.length;
      this.lastTo = jsonTo;
      at = next;
    }
    if (at !== from && !frame.isAscii) out.isAscii = false;
    return at;
  }
}

/** Behind what follows the text, if that is what the form has there, with any whole numbers in it; else -1. */
function endOfEvent(
  bytes: Buffer,
  view: DataView,
  base: number,
  from: number,
  after: readonly BytePattern[],
): number {
  let at = from;
  for (let index = 0; index < after.length; index += 1) {
    const pattern = after[index];
    if (index > 0) {
      at = behindNumber(bytes, at);
      if (at === -1) return -1;
    }
    if (pattern === undefined || at + pattern.length > bytes.length || !pattern.isAt(view, base + at))
      return -1;
    at += pattern.length;
  }
  return at;
}

/** -1 when there is no number, or one that JSON does not have: with leading zeros. */
function behindNumber(bytes: Buffer, from: number): number {
  const end = bytes.length;
  let at = from;
  while (at < end) {
    const byte = bytes[at] ?? 0;
    if (byte < ZERO || byte > NINE) break;
    at += 1;
  }
  const digits = at - from;
  return digits === 0 || (digits > 1 && bytes[from] === ZERO) ? -1 : at;
}

/** Behind the end of the line and the blank line after it; -1 when they are not there. */
function behindBlankLine(bytes: Buffer, at: number): number {
  const end = bytes.length;
  if (at + 1 < end && bytes[at] === LF && bytes[at + 1] === LF) return at + 2;
  if (at + 3 >= end || bytes[at] !== CR || bytes[at + 1] !== LF) return -1;
  return bytes[at + 2] === CR && bytes[at + 3] === LF ? at + 4 : -1;
}
