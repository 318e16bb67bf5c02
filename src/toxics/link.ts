/** One direction of one connection: what is read from one socket goes through the toxics and out at the other. */
import type { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { CheckedToxic } from "./toxic.ts";

/** Bytes held back in one direction before the sender is no longer read. */
const MOST_HELD = 1024 * 1024;

/** What a link asks of the connection it belongs to. */
export interface LinkOwner {
  /** Ends both sockets: the one written to after what it was given, the other at once. */
  cut(link: Link): void;
  destroy(): void;
  reset(): void;
  /** The socket that the link reads from has ended. */
  sourceEnded(): void;
}

/** A toxic as one link has it. */
class Attached {
  readonly toxic: CheckedToxic;
  readonly random: () => number;
  removed = false;
  /** Data were thrown away: the connection can no longer be made whole. */
  dropped = false;
  /** Bytes let through by `limit_data`. */
  passed = 0;
  /** Milliseconds that `bandwidth` and `slicer` still have to wait: timers do not count in fractions. */
  owed = 0;
  timer: NodeJS.Timeout | undefined;

  constructor(toxic: CheckedToxic, random: () => number) {
    this.toxic = toxic;
    this.random = random;
  }

  get(attribute: string): number {
    return this.toxic.attributes[attribute] ?? 0;
  }
}

interface Held {
  /** Undefined for the end. */
  data: Buffer | undefined;
  arrivedAt: number;
}

export class Link {
  readonly source: Socket;
  readonly destination: Socket;
  readonly #owner: LinkOwner;
  #attached: readonly Attached[] = [];
  #held: Held[] = [];
  #heldBytes = 0;
  #running = false;
  #closed = false;
  ended = false;
  #waiting: { attached: Attached | undefined; wake: () => void } | undefined;

  constructor(source: Socket, destination: Socket, owner: LinkOwner) {
    this.source = source;
    this.destination = destination;
    this.#owner = owner;
    source.on("data", (data: Buffer) => this.#arrive(data));
    source.on("end", () => {
      this.ended = true;
      this.#arrive(undefined);
      owner.sourceEnded();
    });
    destination.on("drain", () => {
      if (this.#waiting?.attached === undefined) this.#waiting?.wake();
    });
  }

  /** Nothing of this direction goes through, however long one waits. */
  get holds(): boolean {
    return this.#attached.some(({ toxic }) => toxic.type === "blackhole" || toxic.type === "timeout");
  }

  get blackholed(): boolean {
    return this.#attached.some(({ toxic }) => toxic.type === "blackhole");
  }

  attach(toxic: CheckedToxic, random: () => number): void {
    const attached = new Attached(toxic, random);
    this.#attached = [...this.#attached, attached];
    if (toxic.type === "timeout" && attached.get("timeout") > 0) {
      attached.timer = setTimeout(() => this.#owner.destroy(), attached.get("timeout"));
    }
  }

  detach(name: string): void {
    const attached = this.#attached.find(({ toxic }) => toxic.name === name);
    if (attached === undefined) return;
    this.#attached = this.#attached.filter((one) => one !== attached);
    attached.removed = true;
    clearTimeout(attached.timer);
    if (attached.dropped) this.#owner.destroy();
    else if (this.#waiting?.attached === attached) this.#waiting.wake();
  }

  close(): void {
    this.#closed = true;
    for (const attached of this.#attached) clearTimeout(attached.timer);
    this.#held = [];
    this.#waiting?.wake();
  }

  #arrive(data: Buffer | undefined): void {
    if (this.#closed) return;
    this.#held.push({ data, arrivedAt: performance.now() });
    this.#heldBytes += data?.length ?? 0;
    if (this.#heldBytes >= MOST_HELD) this.source.pause();
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let next = this.#held.shift(); next !== undefined; next = this.#held.shift()) {
      if (next.data === undefined) {
        await this.#passEnd(this.#attached);
        if (!this.#closed) this.destination.end();
        break;
      }
      await this.#pass(this.#attached, 0, next.data, next.arrivedAt);
      if (this.#closed) break;
      this.#heldBytes -= next.data.length;
      if (this.#heldBytes < MOST_HELD) this.source.resume();
    }
    this.#running = false;
  }

  /** Through the toxics from number `at` on, and out. */
  async #pass(toxics: readonly Attached[], at: number, data: Buffer, arrivedAt: number): Promise<void> {
    if (this.#closed) return;
    const attached = toxics[at];
    if (attached === undefined) {
      if (!this.destination.write(data)) await this.#wait(Infinity, undefined);
      return;
    }
    const onward = (piece: Buffer): Promise<void> => this.#pass(toxics, at + 1, piece, arrivedAt);
    if (attached.removed) return onward(data);
    switch (attached.toxic.type) {
      case "latency": {
        const jitter = attached.get("jitter");
        const delay = attached.get("latency") + (jitter === 0 ? 0 : (attached.random() * 2 - 1) * jitter);
        await this.#wait(arrivedAt + delay - performance.now(), attached);
        return onward(data);
      }
      case "blackhole":
        await this.#wait(Infinity, attached);
        return onward(data);
      case "bandwidth":
        return this.#slowly(attached, data, onward);
      case "slicer":
        return this.#sliced(attached, data, onward);
      case "limit_data":
        return this.#limited(attached, data, onward);
      case "timeout":
        attached.dropped = true;
        return;
      case "reset_peer":
        attached.dropped = true;
        attached.timer ??= setTimeout(() => this.#owner.reset(), attached.get("timeout"));
        return;
      case "slow_close":
        return onward(data);
    }
  }

  async #passEnd(toxics: readonly Attached[]): Promise<void> {
    for (const attached of toxics) {
      if (this.#closed || attached.removed) continue;
      const { type } = attached.toxic;
      if (type === "slow_close") await this.#wait(attached.get("delay"), attached);
      else if (type === "blackhole" || type === "timeout") await this.#wait(Infinity, attached);
      // The reset that the data before the end asked for is still to come.
      else if (type === "reset_peer" && attached.dropped) await this.#wait(Infinity, attached);
    }
  }

  /** A tenth of a second's worth at a time, so that a large piece does not come in one lump. */
  async #slowly(attached: Attached, data: Buffer, onward: (piece: Buffer) => Promise<void>): Promise<void> {
    const bytesPerMs = attached.get("rate");
    const most = Math.max(1, Math.floor(bytesPerMs * 100));
    for (let start = 0; start < data.length && !this.#closed; start += most) {
      if (attached.removed) return onward(data.subarray(start));
      const piece = data.subarray(start, start + most);
      await this.#owe(attached, piece.length / bytesPerMs);
      await onward(piece);
    }
  }

  async #sliced(attached: Attached, data: Buffer, onward: (piece: Buffer) => Promise<void>): Promise<void> {
    const average = attached.get("average_size");
    const variation = attached.get("size_variation");
    let start = 0;
    while (start < data.length && !this.#closed) {
      if (attached.removed) return onward(data.subarray(start));
      const size = variation === 0 ? average : average + (attached.random() * 2 - 1) * variation;
      const end = start + Math.max(1, Math.round(size));
      await onward(data.subarray(start, end));
      start = end;
      await this.#owe(attached, attached.get("delay") / 1_000);
      // Slices written in one turn would leave together.
      await nextTurn();
    }
  }

  async #limited(attached: Attached, data: Buffer, onward: (piece: Buffer) => Promise<void>): Promise<void> {
    const room = attached.get("bytes") - attached.passed;
    const piece = data.subarray(0, Math.max(0, room));
    attached.passed += piece.length;
    if (piece.length > 0) await onward(piece);
    if (data.length >= room && !this.#closed) this.#owner.cut(this);
  }

  /** Waits once a millisecond or more has come together. */
  async #owe(attached: Attached, ms: number): Promise<void> {
    attached.owed += ms;
    if (attached.owed < 1) return;
    const before = performance.now();
    await this.#wait(attached.owed, attached);
    // A timer that came late is made good by the next one, if not by too much.
    attached.owed = Math.max(-100, attached.owed - (performance.now() - before));
  }

  /** Until then, or the toxic is removed, or the connection closed; for no toxic, until there is room to write. */
  #wait(ms: number, attached: Attached | undefined): Promise<void> {
    if (ms <= 0 || this.#closed || attached?.removed === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
        resolve();
      };
      const timer = ms === Infinity ? undefined : setTimeout(wake, ms);
      this.#waiting = { attached, wake };
    });
  }
}
