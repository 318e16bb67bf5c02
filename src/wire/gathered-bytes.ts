/** Bytes that come in pieces, put together as they come: joining 20 MB at the end is 10 ms, and twice the memory. */

const NONE = Buffer.alloc(0);
const SMALLEST = 64 * 1024;

export class GatheredBytes {
  readonly #announced: number;
  #held: Buffer = NONE;
  #length = 0;

  /** @param announced how many are said to come; 0 if nobody said */
  constructor(announced = 0) {
    this.#announced = announced;
  }

  get length(): number {
    return this.#length;
  }

  push(piece: Buffer): void {
    const length = this.#length + piece.length;
    // Most come in one piece, which is not copied.
    if (this.#length === 0) this.#held = piece;
    else {
      if (length > this.#held.length) this.#grow(length);
      piece.copy(this.#held, this.#length);
    }
    this.#length = length;
  }

  /** The same with bytes `from` to `to` of what is only lent. */
  pushLent(bytes: Buffer, from: number, to: number): void {
    const length = this.#length + to - from;
    if (length > this.#held.length) {
      // Most come in one piece.
      if (this.#length === 0 && length === this.#announced) this.#held = Buffer.allocUnsafe(length);
      else this.#grow(length);
    }
    bytes.copy(this.#held, this.#length, from, to);
    this.#length = length;
  }

  /** All of them; nothing is kept. */
  take(): Buffer {
    const bytes = this.#held.subarray(0, this.#length);
    this.clear();
    return bytes;
  }

  clear(): void {
    this.#held = NONE;
    this.#length = 0;
  }

  /** Who has sent a quarter is believed; until then, only as much again as has come. */
  #grow(length: number): void {
    const isBelieved = length <= this.#announced && this.#announced <= 4 * length;
    const larger = Buffer.allocUnsafeSlow(isBelieved ? this.#announced : Math.max(2 * length, SMALLEST));
    this.#held.copy(larger, 0, 0, this.#length);
    this.#held = larger;
  }
}
