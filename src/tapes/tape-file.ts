/** A tape being written: whole recordings one after the other, readable by its owner alone. */
import { closeSync, ftruncateSync, openSync, writeFileSync } from "node:fs";
import { TapeError } from "./tape-error.ts";
import { type TapeHeader } from "./tape-format.ts";

export class TapeFile {
  readonly path: string;
  #file: number | undefined;
  #bytes = 0;

  /** @throws TapeError when the file is there already, or cannot be made. */
  constructor(path: string, header: TapeHeader) {
    this.path = path;
    try {
      this.#file = openSync(path, "wx", 0o600);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new TapeError(
        code === "EEXIST"
          ? `${path} exists already: remove it to record anew, or name a new file.`
          : `${path} cannot be written (${code ?? String(error)}).`,
      );
    }
    this.append([header]);
  }

  /**
   * Writes the lines of one recording at once, so that those of two never mix. What could not be written whole is
   * taken back.
   * @returns whether they are on the tape
   * @throws TapeError the first time that they are not; nothing is written from then on
   */
  append(lines: readonly object[]): boolean {
    if (this.#file === undefined) return false;
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    try {
      writeFileSync(this.#file, bytes);
      this.#bytes += bytes.length;
      return true;
    } catch (error) {
      const file = this.#file;
      this.#file = undefined;
      try {
        ftruncateSync(file, this.#bytes);
        closeSync(file);
      } catch {
        // The disk that does not take more may not give back either; reading the tape names the line.
      }
      const { code, message } = error as NodeJS.ErrnoException;
      throw new TapeError(`${this.path} cannot be written any more (${code ?? message}).`, { cause: error });
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
