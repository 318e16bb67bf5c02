/**
 * How many requests may be under way at one time, in all and for each access key, and how many may wait for that. While
 * there is room it costs a request a few additions.
 */
import { GatewayError, type ShedReason } from "../errors.ts";
import type { Observer, ShedStage } from "../observe/observer.ts";
import { type BodyBudget, BodyMemory } from "./body-memory.ts";
import { FairQueue, Line } from "./fair-queue.ts";
import type { Limits } from "./gateway.ts";
import { type LoadCode, refusedUnderLoad } from "./load-refusal.ts";
import { Ticket } from "./ticket.ts";

export type AdmissionLimits = Pick<
  Limits,
  | "maxInFlight"
  | "maxInFlightPerKey"
  | "maxStreams"
  | "maxQueue"
  | "maxQueueMs"
  | "maxBodyBytesInFlight"
  | "shed"
>;

export interface AdmissionDeps {
  observer: Observer;
  /** What the process may use, in bytes: `maxBodyBytesInFlight: 0` is an eighth of it. */
  memoryBytes: number;
  /** From 0 to 1. */
  random: () => number;
}

const CLIENT_LEFT = new GatewayError({ kind: "client_closed" }, "The client left before its turn came.");

/**
 * Outlives changes of the configuration: what is under way counts on. A request is given a ticket by `arrive`, and
 * whoever asked for it calls `end` once it is over, in whatever way.
 */
export class Admission {
  readonly #deps: AdmissionDeps;
  readonly #queue = new FairQueue<Ticket>();
  readonly #bodies = new BodyMemory();
  /** By access key; those who need none share one without a limit of its own. */
  readonly #lines = new Map<string | undefined, Line<Ticket>>();
  #limits: AdmissionLimits;
  #budget: BodyBudget;
  #inFlight = 0;
  #streams = 0;
  #stage: ShedStage = "none";
  #stageReason: ShedReason = "event_loop";

  constructor(limits: AdmissionLimits, deps: AdmissionDeps) {
    this.#deps = deps;
    this.#limits = limits;
    this.#budget = budgetOf(limits, deps.memoryBytes);
  }

  /** Requests under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Requests that wait to begin. */
  get queued(): number {
    return this.#queue.size;
  }

  /** Streamed answers under way. */
  get streams(): number {
    return this.#streams;
  }

  /** Bytes of request bodies that are held. */
  get bodyBytes(): number {
    return this.#bodies.heldBytes;
  }

  get stage(): ShedStage {
    return this.#stage;
  }

  /** How much of all places, those to wait in included, is taken: 0 to 1, and above when limits were lowered. */
  get inFlightShare(): number {
    const { maxInFlight, maxQueue } = this.#limits;
    return (this.#inFlight + this.#queue.size) / (maxInFlight + maxQueue);
  }

  /** Other limits, for the requests that come from now on and those that wait. */
  configure(limits: AdmissionLimits): void {
    this.#limits = limits;
    this.#budget = budgetOf(limits, this.#deps.memoryBytes);
    for (const [key, line] of this.#lines) {
      if (line.unused) this.#lines.delete(key);
      else this.#queue.ready(line);
    }
    this.#next();
  }

  /** From now on load is shed as this step says, for this reason. */
  shedTo(stage: ShedStage, reason: ShedReason): void {
    this.#stage = stage;
    this.#stageReason = reason;
  }

  /** @throws GatewayError when no request is taken now */
  checkLoad(): void {
    if (this.#stage !== "no_requests") return;
    throw this.#refused("overloaded", this.#stageReason, "The gateway is overloaded.");
  }

  /**
   * Counts a request, before its body is read.
   * @param key undefined where no access key is asked for
   * @throws GatewayError when no request is taken now, or it is clear already that this one cannot begin
   */
  arrive(key: string | undefined): Ticket {
    this.checkLoad();
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = new Line();
      this.#lines.set(key, line);
    }
    const ticket = new Ticket(line, key !== undefined);
    // A body that is refused in the end need not be received.
    if (!this.#mayBegin(ticket) && !this.#mayWait(ticket)) throw this.#noPlace(ticket, "queue_full");
    line.tickets += 1;
    return ticket;
  }

  /** The body has come as far as `bytes`, or is announced to. @throws GatewayError when it cannot be held */
  holdBody(ticket: Ticket, bytes: number): void {
    if (ticket.ended || bytes <= ticket.heldBytes) return;
    const { largeBytes } = this.#budget;
    if (bytes > largeBytes && (this.#stage === "no_large_bodies" || this.#stage === "no_requests")) {
      throw this.#refused(
        "overloaded",
        this.#stageReason,
        `The gateway is overloaded, and takes no request bodies larger than ${largeBytes} bytes.`,
      );
    }
    if (this.#bodies.grow(ticket, bytes, this.#budget)) return;
    throw this.#refused(
      "body_memory_limit",
      "memory",
      `The request bodies under way hold ${this.#bodies.heldBytes} bytes, and this one is too large to be held beside them.`,
    );
  }

  /** The body is held no more. */
  bodyDone(ticket: Ticket): void {
    this.#bodies.release(ticket);
  }

  /**
   * Takes a place among those under way; undefined when there is one at once.
   * @throws GatewayError when none can be waited for; the promise rejects with one when none came in time
   */
  begin(ticket: Ticket): Promise<void> | undefined {
    if (ticket.ended) throw CLIENT_LEFT;
    if (!this.#mayBegin(ticket)) return this.#wait(ticket);
    this.#count(ticket);
    return undefined;
  }

  /** The answer is streamed. @throws GatewayError when there are too many streams */
  beginStream(ticket: Ticket): void {
    if (ticket.ended || ticket.streams) return;
    if (this.#streams >= this.#limits.maxStreams) {
      throw this.#refused("stream_limit", "in_flight", `${this.#streams} answers are being streamed.`);
    }
    this.#streams += 1;
    ticket.streams = true;
  }

  /** Gives back what is held; one that waits is told that its client has left. A second call changes nothing. */
  end(ticket: Ticket): void {
    if (ticket.ended) return;
    ticket.ended = true;
    ticket.line.tickets -= 1;
    this.#bodies.release(ticket);
    if (ticket.streams) this.#streams -= 1;
    if (ticket.runs) {
      this.#inFlight -= 1;
      ticket.line.inFlight -= 1;
      if (this.#queue.size === 0) return;
      this.#queue.ready(ticket.line);
      this.#next();
    } else if (this.#queue.delete(ticket)) {
      ticket.settle(CLIENT_LEFT);
    }
  }

  #mayBegin(ticket: Ticket): boolean {
    return this.#inFlight < this.#limits.maxInFlight && ticket.line.waiting === 0 && this.#hasRoom(ticket);
  }

  #mayWait({ line }: Ticket): boolean {
    const { maxQueue } = this.#limits;
    return this.#queue.size < maxQueue || (maxQueue > 0 && this.#queue.canDisplaceFor(line));
  }

  /** Under the limit of its key. */
  #hasRoom({ line, hasKey }: Ticket): boolean {
    return !hasKey || line.inFlight < this.#limits.maxInFlightPerKey;
  }

  #count(ticket: Ticket): void {
    this.#inFlight += 1;
    ticket.line.inFlight += 1;
    ticket.runs = true;
  }

  #wait(ticket: Ticket): Promise<void> {
    const { maxQueue, maxQueueMs } = this.#limits;
    if (!this.#mayWait(ticket)) throw this.#noPlace(ticket, "queue_full");
    if (this.#queue.size >= maxQueue) {
      const displaced = this.#queue.displaceFor(ticket.line);
      displaced?.settle(this.#noPlace(displaced, "queue_full"));
    }
    this.#queue.push(ticket);
    return ticket.turn(maxQueueMs, () => {
      if (this.#queue.delete(ticket)) ticket.settle(this.#noPlace(ticket, "queue_timeout"));
    });
  }

  /** Lets those begin for whom there is room. */
  #next(): void {
    while (this.#inFlight < this.#limits.maxInFlight) {
      const ticket = this.#queue.take((waiter) => this.#hasRoom(waiter));
      if (ticket === undefined) return;
      this.#count(ticket);
      ticket.settle();
    }
  }

  /** Names the limit that stands in its way: its own key's, where that is it. */
  #noPlace(ticket: Ticket, code: "queue_full" | "queue_timeout"): GatewayError {
    const { maxInFlight, maxInFlightPerKey, maxQueueMs } = this.#limits;
    if (!this.#hasRoom(ticket)) {
      return this.#refused(
        "key_in_flight_limit",
        "key_in_flight",
        `${maxInFlightPerKey} requests with this access key are under way, which is as many as may be.`,
      );
    }
    return this.#refused(
      code,
      code,
      code === "queue_full"
        ? `${maxInFlight} requests are under way, and the queue is full.`
        : `${maxInFlight} requests are under way, and the turn of this one did not come within ${maxQueueMs} ms.`,
    );
  }

  #refused(code: LoadCode, shed: ShedReason, message: string): GatewayError {
    this.#deps.observer.shed(shed);
    return refusedUnderLoad({ code, shed, message }, this.#deps.random());
  }
}

function budgetOf({ maxBodyBytesInFlight, shed }: AdmissionLimits, memoryBytes: number): BodyBudget {
  return {
    budgetBytes: maxBodyBytesInFlight === 0 ? memoryBytes / 8 : maxBodyBytesInFlight,
    largeBytes: shed.largeBodyBytes,
  };
}
