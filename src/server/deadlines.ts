/** One timer for everything that a server waits for from its clients: nearly all of it comes at once, and a timer each would cost every request. */

const CHECK_MS = 100;

/** Something that a client must do in time. */
export interface Awaited {
  /** Called about ten times a second, for as long as it is waited for. @param now `performance.now()` */
  check(now: number): void;
}

export class Deadlines {
  readonly #awaited = new Set<Awaited>();
  #timer: NodeJS.Timeout | undefined;

  add(awaited: Awaited): void {
    this.#awaited.add(awaited);
    this.#timer ??= setInterval(() => this.#check(), CHECK_MS).unref();
  }

  delete(awaited: Awaited): void {
    this.#awaited.delete(awaited);
  }

  /** The timer is stopped here and not with the last `delete`: requests that come one by one would start it each time. */
  #check(): void {
    if (this.#awaited.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const now = performance.now();
    for (const awaited of this.#awaited) awaited.check(now);
  }
}
