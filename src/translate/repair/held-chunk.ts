/** A chunk that waits: what comes after it decides in which form it is sent. */
import { objects, record } from "../gemini-to-openai/lenient.ts";
import { isBlank, type Json, position } from "./json.ts";

export interface HeldChunk {
  chunk: Json;
  /** The upstream's own text, while the chunk is as it came. */
  text: string | undefined;
  /**
   * `finish`: says why choices ended, unless more of them comes; `signature`: a thought signature that a following
   * tool call may own; `other`: kept in its place behind one of these.
   */
  kind: "finish" | "signature" | "other";
  /** The choices that what comes next can change it for. */
  choices: readonly number[];
}

const ENVELOPE = new Set([
  "id",
  "object",
  "created",
  "model",
  "system_fingerprint",
  "service_tier",
  "choices",
]);
const CHOICE = new Set(["index", "delta", "finish_reason"]);

/** One server-sent event. JSON text may hold line breaks between its tokens, which would end the event's line. */
export function frame(chunk: Json, text: string | undefined): string {
  const json = text ?? JSON.stringify(chunk);
  return `data: ${/[\r\n]/.test(json) ? json.replace(/[\r\n]+/g, " ") : json}\n\n`;
}

/** Nothing in it but the envelope: no choice, no usage, no field of the server's own. */
export function isEmptyChunk(chunk: Json): boolean {
  return (
    isBlank(chunk["choices"]) &&
    Object.entries(chunk).every(([key, value]) => ENVELOPE.has(key) || value === null)
  );
}

/** Its deltas are empty, as OpenAI's are where a finish reason is told. */
export function addsNothing(chunk: Json): boolean {
  return objects(chunk["choices"]).every((choice) =>
    Object.values(record(choice["delta"]) ?? {}).every(isBlank),
  );
}

/** Nothing in it but a finish reason, or what is left of one. */
export function saysOnlyFinish(chunk: Json): boolean {
  return (
    addsNothing(chunk) &&
    Object.entries(chunk).every(([key, value]) => ENVELOPE.has(key) || value === null) &&
    objects(chunk["choices"]).every((choice) =>
      Object.entries(choice).every(([key, value]) => CHOICE.has(key) || value === null),
    )
  );
}

/** The chunk with the finish reasons of its choices replaced; the same object when they stay. */
export function withFinishReasons(chunk: Json, reasonOf: (choice: number) => string | null): Json {
  let isSame = true;
  const choices = objects(chunk["choices"]).map((choice) => {
    if (isBlank(choice["finish_reason"])) return choice;
    const finish_reason = reasonOf(position(choice["index"]) ?? 0);
    if (finish_reason === choice["finish_reason"]) return choice;
    isSame = false;
    return { ...choice, finish_reason };
  });
  return isSame ? chunk : { ...chunk, choices };
}
