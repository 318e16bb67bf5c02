/**
 * Thought signatures in answers of Google's compatibility layer, at `extra_content.google.thought_signature`.
 * Gemini 3 wants them back on the function call they came with, and a signature that has strayed to the message, or
 * came in a delta of its own (open-webui/computer#224), is lost with clients that keep only tool calls' extras.
 */
import { nonEmpty, record } from "../gemini-to-openai/lenient.ts";
import { isBlank, type Json, without } from "./json.ts";

/** The signature of a message, delta or tool call. One report has it under `vertex` (earendil-works/pi#6733). */
export function signatureOf(holder: Json): string | undefined {
  const extra = record(holder["extra_content"]);
  if (extra === undefined) return undefined;
  return (
    nonEmpty(record(extra["google"])?.["thought_signature"]) ??
    nonEmpty(record(extra["vertex"])?.["thought_signature"])
  );
}

/** The holder without its signature, and without what is empty after that. */
export function withoutSignature(holder: Json): Json {
  let extra = record(holder["extra_content"]);
  if (extra === undefined) return holder;
  for (const name of ["google", "vertex"]) {
    const space = record(extra[name]);
    if (space === undefined) continue;
    const rest = without(space, "thought_signature");
    extra = Object.keys(rest).length === 0 ? without(extra, name) : { ...extra, [name]: rest };
  }
  return Object.keys(extra).length === 0
    ? without(holder, "extra_content")
    : { ...holder, extra_content: extra };
}

/** The tool call, or a delta of one, with a signature beside whatever else it has. */
export function withSignature(holder: Json, signature: string): Json {
  const extra = record(holder["extra_content"]);
  const google = { ...record(extra?.["google"]), thought_signature: signature };
  return { ...holder, extra_content: { ...extra, google } };
}

/** The signature of a delta that says nothing else; not that of a thought, which stays with the thoughts. */
export function loneSignature(delta: Json): string | undefined {
  const signature = signatureOf(delta);
  if (signature === undefined) return undefined;
  if (record(record(delta["extra_content"])?.["google"])?.["thought"] === true) return undefined;
  const isAlone = Object.entries(delta).every(
    ([key, value]) => key === "role" || key === "extra_content" || isBlank(value),
  );
  return isAlone ? signature : undefined;
}
