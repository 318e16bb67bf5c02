/** What every reader of a message needs besides the message. */
import type { RequestContext } from "../target.ts";
import type { MediaResolutions } from "./media-resolution.ts";

export interface MessageScope extends RequestContext {
  /** Text between `<marker>` and `</marker>` in assistant messages is a thought. */
  thoughtTagMarker: string | undefined;
  /** `detail` values that only a whole request can carry. */
  resolutions: MediaResolutions;
}
