/** Response ids, call ids and chance: random, or the same from run to run when a seed is given. */
import { createHmac, randomBytes } from "node:crypto";

export class IdSource {
  readonly #key: string | Buffer;
  #count = 0;
  #throws = 0;

  constructor(seed: string | number | undefined) {
    this.#key = seed === undefined ? randomBytes(32) : `ids ${seed}`;
  }

  /** 22 URL-safe characters, as Gemini's response ids have. */
  next(): string {
    this.#count += 1;
    return this.derive(`response ${this.#count}`, 22);
  }

  /** A number from 0 to just below 1. */
  chance(): number {
    this.#throws += 1;
    return createHmac("sha256", this.#key).update(`chance ${this.#throws}`).digest().readUInt32BE() / 2 ** 32;
  }

  /** The same name gives the same id. */
  derive(name: string, length: number): string {
    return createHmac("sha256", this.#key)
      .update(name)
      .digest("base64url")
      .replaceAll(/[-_]/g, "x")
      .slice(0, length);
  }
}
