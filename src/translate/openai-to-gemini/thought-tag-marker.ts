import { invalidRequest } from "../../errors.ts";
import { optionalString } from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import type { GoogleOptions } from "./extra-body.ts";

/** A name that can stand between `<` and `>`. */
const TAG_NAME = /^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/;

/**
 * `extra_body.google.thought_tag_marker`: the name of the tags around thoughts in `content`.
 *
 * @throws GatewayError `invalid_request` for what is no tag name.
 */
export function toThoughtTagMarker(google: GoogleOptions, context: RequestContext): string | undefined {
  const option = google.get("thought_tag_marker");
  const marker = option && optionalString(option.object, option.key, option.path);
  if (option === undefined || marker === undefined) {
    return undefined;
  }
  if (!TAG_NAME.test(marker)) {
    throw invalidRequest(
      option.path,
      `${option.path}: must be a tag name such as think: at most 64 letters, digits, "_", ".", ":" or "-", a letter or "_" first.`,
    );
  }
  context.notes.used(option.path, "thought-tag-marker");
  return marker;
}
