/**
 * Requests that wait to begin: first come, first served within one access key, and the keys take turns. A full queue
 * makes room for a key of which few wait at the cost of the one of which most do. Every step takes the same time
 * however many wait.
 */

/** One that can wait in a line. Its neighbours are the line's own to know. */
export interface Waiter<Self> {
  readonly line: Line<Self>;
  before: Self | undefined;
  after: Self | undefined;
  waits: boolean;
}

/** The requests of one access key. */
export class Line<Entry> {
  /** All of them, until they are over. */
  tickets = 0;
  /** Those under way. */
  inFlight = 0;
  waiting = 0;
  oldest: Entry | undefined;
  newest: Entry | undefined;

  get unused(): boolean {
    return this.tickets === 0;
  }
}

export class FairQueue<Entry extends Waiter<Entry>> {
  /** The lines whose turn may come, in its order. */
  readonly #turns = new Set<Line<Entry>>();
  /** The lines by how many wait in them. */
  readonly #byLength: Set<Line<Entry>>[] = [];
  #longest = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(waiter: Entry): void {
    const { line } = waiter;
    waiter.waits = true;
    waiter.before = line.newest;
    if (line.newest === undefined) line.oldest = waiter;
    else line.newest.after = waiter;
    line.newest = waiter;
    this.#resize(line, 1);
    this.#turns.add(line);
  }

  /** False when it does not wait. */
  delete(waiter: Entry): boolean {
    if (!waiter.waits) return false;
    const { line, before, after } = waiter;
    if (before === undefined) line.oldest = after;
    else before.after = after;
    if (after === undefined) line.newest = before;
    else after.before = before;
    waiter.before = undefined;
    waiter.after = undefined;
    waiter.waits = false;
    this.#resize(line, -1);
    if (line.waiting === 0) this.#turns.delete(line);
    return true;
  }

  /** The line may have a turn again, if it was passed over for having no room. */
  ready(line: Line<Entry>): void {
    if (line.waiting > 0) this.#turns.add(line);
  }

  /** The next, of a line that has room; a line without is passed over until it is `ready`. */
  take(hasRoom: (oldest: Entry) => boolean): Entry | undefined {
    for (const line of this.#turns) {
      this.#turns.delete(line);
      const { oldest } = line;
      if (oldest === undefined || !hasRoom(oldest)) continue;
      this.delete(oldest);
      this.ready(line);
      return oldest;
    }
    return undefined;
  }

  /** One of another line would make room for one more in this: where most wait, more do than would here. */
  canDisplaceFor(line: Line<Entry>): boolean {
    return this.#longest > line.waiting + 1;
  }

  /** Takes out the newest of a line where most wait. */
  displaceFor(line: Line<Entry>): Entry | undefined {
    if (!this.canDisplaceFor(line)) return undefined;
    for (const { newest } of this.#byLength[this.#longest] ?? []) {
      if (newest !== undefined) this.delete(newest);
      return newest;
    }
    return undefined;
  }

  #resize(line: Line<Entry>, by: 1 | -1): void {
    const before = this.#byLength[line.waiting];
    before?.delete(line);
    line.waiting += by;
    this.#size += by;
    if (line.waiting > 0) (this.#byLength[line.waiting] ??= new Set()).add(line);
    if (by === 1) this.#longest = Math.max(this.#longest, line.waiting);
    // The line that has left the top stands one below it.
    else if (before?.size === 0 && this.#longest === line.waiting + 1) this.#longest = line.waiting;
  }
}
