import { invalidRequest } from "../../errors.ts";
import { optionalObject, wrongType } from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import type { GoogleOptions } from "./extra-body.ts";
import { memberPath } from "./member-path.ts";

const MAX_LABELS = 64;
/** Lower-case letters, letters of scripts without case, digits, `_` and `-`; a key starts with a letter. */
const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;

/**
 * `extra_body.google.labels` for Vertex AI's billing reports. `metadata` is never turned into labels: Google drops a
 * key that collects a thousand values, and callers put request ids there.
 *
 * @throws GatewayError `invalid_request` naming the label that Vertex AI would refuse.
 */
export function toLabels(google: GoogleOptions, context: RequestContext): Record<string, string> | undefined {
  const option = google.get("labels");
  const labels = option && optionalObject(option.object, option.key, option.path);
  if (option === undefined || labels === undefined) {
    return undefined;
  }
  const { path } = option;
  if (context.target.surface !== "vertex") {
    context.notes.add("ignored", "labels", path, "Only Vertex AI has labels.");
    return undefined;
  }
  const entries = Object.entries(labels);
  if (entries.length > MAX_LABELS) {
    throw invalidRequest(
      path,
      `${path}: at most ${MAX_LABELS} labels are accepted, and there are ${entries.length}.`,
    );
  }
  for (const [key, value] of entries) {
    const field = memberPath(path, key);
    if (!LABEL_KEY.test(key)) {
      throw invalidRequest(
        path,
        `${path}: ${JSON.stringify(key.slice(0, 80))} is no label key; use 1 to 63 lower-case letters, digits, "_" and "-", a letter first.`,
      );
    }
    if (typeof value !== "string") {
      throw wrongType(field, "a string", value);
    }
    if (!LABEL_VALUE.test(value)) {
      throw invalidRequest(field, `${field}: use at most 63 lower-case letters, digits, "_" and "-".`);
    }
  }
  context.notes.used(path, "labels");
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Record<string, string>);
}
