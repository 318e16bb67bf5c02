/** A message that is not the HTTP/1.1 it must be. Its connection cannot be used any further. */
export class FramingError extends Error {
  override readonly name = "FramingError";
  /** `ERR_HTTP1_HEAD_TOO_LARGE` for a head over its bounds, `ERR_HTTP1_FRAMING` for everything else. */
  readonly code: "ERR_HTTP1_FRAMING" | "ERR_HTTP1_HEAD_TOO_LARGE";

  constructor(message: string, code: FramingError["code"] = "ERR_HTTP1_FRAMING") {
    super(message);
    this.code = code;
  }
}
