/** Clients that ask one request after the other, each by its plan; each history is checked once it is over. */
import { abandonedFor } from "./check-run.ts";
import type { Dice } from "./dice.ts";
import { newObservation, type Observation } from "./observation.ts";
import { type Kind, LEAVING, makePlan, type RequestPlan } from "./plan.ts";
import { askBySdk } from "./sdk-client.ts";
import { askBySocket } from "./socket-client.ts";

/** Longer than all of the gateway's own timeouts and retries together. */
const GIVE_UP_MS = 45_000;
/** A client that finds no gateway waits a little longer. */
const REFUSED_MS = 300;
const ARRIVAL_MS = 500;
/** After which no call for a request may come any more. */
const FORGET_MS = 10_000;
/** How long upstream calls of clients that left are watched. */
const WATCH_MS = 5_000;

export interface TrafficOptions {
  port: number;
  keys: readonly string[];
  clients: number;
  /** Longest pause of a client between two requests, in milliseconds. */
  pauseMs: number;
  onOver(observation: Observation): void;
}

export interface TrafficPhase {
  name: string;
  /** Whether upstreams may fail single requests. */
  faults: boolean;
}

export class Traffic {
  /** Requests by id, from before they are sent until they are checked. */
  readonly underWay = new Map<string, Observation>();
  sent = 0;
  readonly #dice: Dice;
  readonly #options: TrafficOptions;
  #phase: TrafficPhase = { name: "", faults: false };
  #running = false;
  #clients: Promise<void>[] = [];
  readonly #watched = new Set<Promise<void>>();

  constructor(dice: Dice, options: TrafficOptions) {
    this.#dice = dice;
    this.#options = options;
  }

  /** Requests from now on belong to this phase. */
  enter(phase: TrafficPhase): void {
    this.#phase = phase;
    if (this.#running) return;
    this.#running = true;
    this.#clients = Array.from({ length: this.#options.clients }, (_, client) => this.#client(client));
  }

  /** The name of the one that requests belong to now. */
  get phase(): string {
    return this.#phase.name;
  }

  /** No more requests; resolves when those under way are over and checked. */
  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#clients);
    await Promise.all(this.#watched);
  }

  async #client(number: number): Promise<void> {
    const pauses = this.#dice.fork(`client ${number}`);
    while (this.#running) {
      const { endings } = await this.ask(this.#phase, true);
      if (endings.includes("refused")) await new Promise((resolve) => setTimeout(resolve, REFUSED_MS));
      await new Promise((resolve) => setTimeout(resolve, pauses.between(0, this.#options.pauseMs)));
    }
  }

  /** A sound request of this kind. */
  askFor(kind: Kind, phase: string): Promise<Observation> {
    const plan = (): RequestPlan => makePlan(this.#dice, this.sent, { faults: false, misconduct: false });
    while (plan().kind !== kind || plan().answer.finishReason !== "STOP") this.sent += 1;
    return this.ask({ name: phase, faults: false }, false);
  }

  /** One request, by the plan whose turn it is. */
  async ask(phase: TrafficPhase, misconduct: boolean): Promise<Observation> {
    const index = this.sent;
    this.sent += 1;
    const plan = makePlan(this.#dice, index, { faults: phase.faults, misconduct });
    const observation = newObservation(plan, phase.name);
    this.underWay.set(plan.id, observation);
    const key = this.#options.keys[index % this.#options.keys.length] ?? "";
    const how = { port: this.#options.port, key, giveUpMs: GIVE_UP_MS };
    await (plan.client === "sdk" ? askBySdk(observation, how) : askBySocket(observation, how));
    const watched = this.#watch(observation);
    this.#watched.add(watched);
    void watched.then(() => this.#watched.delete(watched));
    return observation;
  }

  async #watch(observation: Observation): Promise<void> {
    if (LEAVING.has(observation.plan.conduct)) {
      const until = performance.now() + WATCH_MS;
      // A call that is on its way to an upstream may arrive there a little later than its client left.
      do await new Promise((resolve) => setTimeout(resolve, ARRIVAL_MS));
      while (abandonedFor(observation) === Infinity && performance.now() < until);
    }
    this.#options.onOver(observation);
    setTimeout(() => this.underWay.delete(observation.plan.id), FORGET_MS).unref();
  }
}
