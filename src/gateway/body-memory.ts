/** The bytes of request bodies that are held at one time: many that are each small enough may still be too many together. */

/** One body, as far as it has come or is announced. */
export interface HeldBody {
  heldBytes: number;
  isLarge: boolean;
}

export interface BodyBudget {
  budgetBytes: number;
  /** Bodies above this are large. */
  largeBytes: number;
}

export class BodyMemory {
  #heldBytes = 0;
  #largeBodies = 0;

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Makes room for `body` to grow to `bytes`. Large ones stop at the budget, small ones at twice as much, so that a few
   * large ones do not keep everyone out; the only large one is always let in. False when there is no room.
   */
  grow(body: HeldBody, bytes: number, { budgetBytes, largeBytes }: BodyBudget): boolean {
    const others = this.#heldBytes - body.heldBytes;
    const isLarge = body.isLarge || bytes > largeBytes;
    if (others > 0) {
      const otherLarge = this.#largeBodies - (body.isLarge ? 1 : 0);
      const together = others + bytes;
      if (isLarge ? otherLarge > 0 && together > budgetBytes : together > 2 * budgetBytes) return false;
    }
    this.#heldBytes = others + bytes;
    if (isLarge && !body.isLarge) this.#largeBodies += 1;
    body.heldBytes = bytes;
    body.isLarge = isLarge;
    return true;
  }

  /** The body is garbage. A second call changes nothing. */
  release(body: HeldBody): void {
    this.#heldBytes -= body.heldBytes;
    if (body.isLarge) this.#largeBodies -= 1;
    body.heldBytes = 0;
    body.isLarge = false;
  }
}
