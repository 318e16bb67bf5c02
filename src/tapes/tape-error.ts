/** A tape that cannot be written, read or played; says which line of which file, where that is known. */
export class TapeError extends Error {
  override readonly name = "TapeError";
}
