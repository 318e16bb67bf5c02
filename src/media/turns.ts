/** So many at a time for each caller; the others wait, first come, first served. */
export class Turns {
  readonly #most: number;
  readonly #callers = new Map<string, { running: number; waiting: Set<() => void> }>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Callers that have a turn or wait for one. */
  get callers(): number {
    return this.#callers.size;
  }

  /** Resolves when it is one's turn, with what ends it. @throws the reason of `signal`, once it is aborted. */
  async next(caller: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const queue = this.#callers.get(caller) ?? { running: 0, waiting: new Set() };
    this.#callers.set(caller, queue);
    if (queue.running >= this.#most) {
      await new Promise<void>((resolve, reject) => {
        const begin = (): void => {
          signal.removeEventListener("abort", leave);
          resolve();
        };
        const leave = (): void => {
          queue.waiting.delete(begin);
          reject(signal.reason);
        };
        queue.waiting.add(begin);
        signal.addEventListener("abort", leave, { once: true });
      });
    } else queue.running += 1;
    return () => {
      const [begin] = queue.waiting;
      if (begin !== undefined) {
        // The turn goes on to the next, and so stays counted.
        queue.waiting.delete(begin);
        begin();
      } else {
        queue.running -= 1;
        if (queue.running === 0) this.#callers.delete(caller);
      }
    };
  }
}
