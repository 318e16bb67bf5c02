/** A thought signature that came in a delta of its own, when the tool call after it is the one it belongs to. */
import { nonEmpty, objects, record } from "../gemini-to-openai/lenient.ts";
import { type HeldChunk, saysOnlyFinish } from "./held-chunk.ts";
import { loneSignature, signatureOf, withoutSignature, withSignature } from "./signature.ts";

export interface MovedSignature {
  /** What is left of the signature's own chunk; undefined when that is nothing. */
  rest: HeldChunk | undefined;
  /** The chunk after it, with the signature on the first call it opens. */
  next: HeldChunk;
  /** `index` of that call. */
  call: unknown;
}

/** Undefined when the next chunk opens no call of that choice, or one that has a signature: then it stays where it is. */
export function moveSignature(waiting: HeldChunk, next: HeldChunk): MovedSignature | undefined {
  const [own] = objects(waiting.chunk["choices"]);
  const delta = record(own?.["delta"]) ?? {};
  const signature = loneSignature(delta);
  const choices = objects(next.chunk["choices"]);
  const meant = choices.find((choice) => choice["index"] === own?.["index"]);
  const nextDelta = record(meant?.["delta"]);
  const [call, ...others] = objects(nextDelta?.["tool_calls"]);
  // Only the first delta of a call bears an id.
  if (signature === undefined || call === undefined || nonEmpty(call["id"]) === undefined) return undefined;
  if (signatureOf(call) !== undefined) return undefined;
  const signed = { ...nextDelta, tool_calls: [withSignature(call, signature), ...others] };
  const bare = withoutSignature(delta);
  const chunk = { ...waiting.chunk, choices: [{ ...own, delta: bare }] };
  const isLeft = !saysOnlyFinish(chunk) || Object.keys(bare).length > 0;
  return {
    rest: isLeft ? { ...waiting, chunk, text: undefined } : undefined,
    next: {
      ...next,
      chunk: {
        ...next.chunk,
        choices: choices.map((choice) => (choice === meant ? { ...choice, delta: signed } : choice)),
      },
      text: undefined,
    },
    call: call["index"],
  };
}
