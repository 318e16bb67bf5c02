import { invalidRequest } from "../../errors.ts";
import { optionalString } from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import type { GoogleOptions } from "./extra-body.ts";

const PREFIX = "MEDIA_RESOLUTION_";
/** Of a whole request; ULTRA_HIGH is for single parts only. */
const RESOLUTIONS = ["LOW", "MEDIUM", "HIGH"];

/**
 * The resolution of the whole request: what `extra_body.google.media_resolution` says, or else what the images'
 * `detail` came to.
 *
 * @throws GatewayError `invalid_request` for a resolution that does not exist.
 */
export function toRequestMediaResolution(
  google: GoogleOptions,
  fromDetail: string | undefined,
  context: RequestContext,
): string | undefined {
  const option = google.get("media_resolution");
  const written = option && optionalString(option.object, option.key, option.path);
  if (option === undefined || written === undefined) {
    return fromDetail;
  }
  const upper = written.toUpperCase();
  const short = upper.startsWith(PREFIX) ? upper.slice(PREFIX.length) : upper;
  if (short !== "UNSPECIFIED" && !RESOLUTIONS.includes(short)) {
    throw invalidRequest(
      option.path,
      `${option.path}: must be one of ${RESOLUTIONS.map((resolution) => PREFIX + resolution).join(", ")}.`,
    );
  }
  const resolution = short === "UNSPECIFIED" ? fromDetail : PREFIX + short;
  if (fromDetail !== undefined && fromDetail !== resolution) {
    context.notes.add(
      "approximated",
      "media-resolution",
      option.path,
      "It takes the place of the detail of every image.",
    );
  } else {
    context.notes.used(option.path, "media-resolution");
  }
  return resolution;
}
