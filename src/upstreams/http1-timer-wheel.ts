/**
 * Deadlines of many calls on one timer. Most deadlines are far away and never reached, so moving one further away costs
 * nothing: it is looked at again when its old time comes.
 */

/** What has a deadline. The wheel's own fields are part of it, so that setting one allocates nothing. */
export interface WheelEntry {
  /** On the monotonic clock of `performance.now()`, in milliseconds; `Infinity` for never. */
  dueAt: number;
  /** The tick it is looked at next; -1 when it is in no wheel. The wheel's own. */
  wheelTick: number;
  /** Its place in that tick's list. The wheel's own. */
  wheelIndex: number;
  /** Called once `dueAt` has passed, at most some ticks late, never early. */
  onDue(): void;
}

const TICK_MS = 20;
/** A power of two. What is further away than all of them is looked at once a turn. */
const SLOTS = 1_024;
const NEVER = Number.MAX_SAFE_INTEGER;

export class TimerWheel {
  readonly #slots: WheelEntry[][] = Array.from({ length: SLOTS }, () => []);
  /** The last tick that was looked at. */
  #tick = Math.floor(performance.now() / TICK_MS);
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires. */
  #nextTick = NEVER;

  /** Sets or moves the deadline of an entry; `Infinity` takes it away. */
  set(entry: WheelEntry, dueAt: number): void {
    entry.dueAt = dueAt;
    if (dueAt === Infinity) return;
    const wanted = Math.ceil(dueAt / TICK_MS);
    if (entry.wheelTick !== -1) {
      if (entry.wheelTick <= wanted) return;
      this.#remove(entry);
    }
    // The wheel does not turn while nothing is near; every slot up to the next wake is empty.
    const present = Math.floor(performance.now() / TICK_MS);
    if (present > this.#tick && present < this.#nextTick) this.#tick = present;
    const tick = Math.min(Math.max(wanted, this.#tick + 1), this.#tick + SLOTS - 1);
    const slot = this.#slotOf(tick);
    entry.wheelTick = tick;
    entry.wheelIndex = slot.length;
    slot.push(entry);
    if (tick < this.#nextTick) this.#wakeAt(tick);
  }

  clear(entry: WheelEntry): void {
    entry.dueAt = Infinity;
    this.#remove(entry);
  }

  #remove(entry: WheelEntry): void {
    if (entry.wheelTick === -1) return;
    const slot = this.#slotOf(entry.wheelTick);
    const last = slot.pop();
    if (last !== undefined && last !== entry) {
      slot[entry.wheelIndex] = last;
      last.wheelIndex = entry.wheelIndex;
    }
    entry.wheelTick = -1;
  }

  #slotOf(tick: number): WheelEntry[] {
    const slot = this.#slots[tick & (SLOTS - 1)];
    if (slot === undefined) throw new RangeError("a tick that is no whole number");
    return slot;
  }

  #wakeAt(tick: number): void {
    clearTimeout(this.#timer);
    this.#nextTick = tick;
    this.#timer = setTimeout(this.#onTimer, Math.max(1, Math.ceil(tick * TICK_MS - performance.now())));
    this.#timer.unref();
  }

  /** After this program itself was busy for long, what is waited for may be there to be read: that comes first. */
  readonly #onTimer = (): void => {
    setImmediate(this.#turn);
  };

  readonly #turn = (): void => {
    try {
      this.#lookAtDue(performance.now());
    } finally {
      this.#wakeForNext();
    }
  };

  #lookAtDue(now: number): void {
    const present = Math.floor(now / TICK_MS);
    // After a long pause each slot needs to be looked at only once.
    if (present - this.#tick > SLOTS) this.#tick = present - SLOTS;
    while (this.#tick < present) {
      this.#tick += 1;
      const slot = this.#slotOf(this.#tick);
      for (let entry = slot.at(-1); entry !== undefined; entry = slot.at(-1)) {
        this.#remove(entry);
        if (entry.dueAt > now) this.set(entry, entry.dueAt);
        else entry.onDue();
      }
    }
  }

  #wakeForNext(): void {
    clearTimeout(this.#timer);
    this.#nextTick = NEVER;
    for (let tick = this.#tick + 1; tick < this.#tick + SLOTS; tick += 1) {
      if (this.#slotOf(tick).length > 0) {
        this.#wakeAt(tick);
        return;
      }
    }
  }
}
