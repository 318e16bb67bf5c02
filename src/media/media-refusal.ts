/** Why the bytes of a URL could not be had; for the operator alone, since callers could map a network by it. */
export type MediaProblem =
  | "url"
  | "port"
  | "name"
  | "address"
  | "connection"
  | "timeout"
  | "redirect"
  | "status"
  | "encoding"
  | "size"
  | "empty"
  | "type";

export class MediaRefusal extends Error {
  override readonly name = "MediaRefusal";
  readonly problem: MediaProblem;
  /** As the caller wrote it. */
  url: string | undefined;

  constructor(problem: MediaProblem, options?: ErrorOptions) {
    super(`media: ${problem}`, options);
    this.problem = problem;
  }
}
