/** Requests, a router and regions in simulated time: hours of traffic in a second, the same for the same seed. */
import type { Outcome, Route, RouteTarget } from "../../src/routing/route.ts";
import { Router } from "../../src/routing/router.ts";
import type { RouterOptions } from "../../src/routing/router.ts";
import { seededRandom } from "./seeded-random.ts";

/** How a region answers an attempt that reaches it at `nowMs`. */
export type Region = (
  nowMs: number,
  random: () => number,
) => { outcome: Exclude<Outcome, { kind: "success" }> | { kind: "success" }; afterMs: number };

export interface Traffic {
  route: Route;
  regions: Record<string, Region>;
  /** When each client makes its request, in milliseconds. */
  arrivalsMs: readonly number[];
  seed: number;
  /** Attempts a client makes in all, as OpenAI's SDKs do. Default 1. */
  clientAttempts?: number;
  stickyKeyOf?: (client: number) => string | undefined;
  router?: Partial<RouterOptions>;
}

export interface TrafficReport {
  /** Requests that reached the gateway, the clients' own retries included. */
  offered: number;
  succeeded: number;
  /** Clients that got an answer in the end. */
  served: number;
  /** Attempts by upstream. */
  attempts: Map<string, number>;
  /** Requests by number of attempts. */
  byAttempts: Map<number, number>;
  firstByteMs: number[];
  outside: RouteTarget[];
  router: Router;
}

export function runTraffic(traffic: Traffic): TrafficReport {
  const random = seededRandom(traffic.seed);
  const events = new EventQueue();
  const router = new Router({ now: () => events.nowMs, random, ...traffic.router });
  const report: TrafficReport = {
    offered: 0,
    succeeded: 0,
    served: 0,
    attempts: new Map(),
    byAttempts: new Map(),
    firstByteMs: [],
    outside: [],
    router,
  };

  const request = (client: number, clientRetry: number): void => {
    const startedMs = events.nowMs;
    report.offered += 1;
    const plan = router.plan(traffic.route, { stickyKey: traffic.stickyKeyOf?.(client), clientRetry });
    const attempt = (target: RouteTarget | undefined): void => {
      if (target === undefined) {
        count(report.byAttempts, plan.attempts.length);
        if (plan.attempts.at(-1)?.outcome.kind === "success") {
          report.succeeded += 1;
          report.served += 1;
          report.firstByteMs.push(events.nowMs - startedMs);
        } else if (clientRetry + 1 < (traffic.clientAttempts ?? 1)) {
          const backoffMs = Math.min(500 * 2 ** clientRetry, 8_000) * (1 - random() * 0.25);
          events.after(backoffMs, () => request(client, clientRetry + 1));
        }
        return;
      }
      events.after(plan.waitMs, () => {
        const { location } = target;
        const { locations } = traffic.route;
        if (locations !== undefined && (location === undefined || !locations.includes(location))) {
          report.outside.push(target);
        }
        count(report.attempts, target.upstream);
        const region = traffic.regions[target.upstream];
        if (region === undefined) throw new Error(`No region ${target.upstream}.`);
        const { outcome, afterMs } = region(events.nowMs, random);
        events.after(afterMs, () => {
          attempt(plan.next(outcome.kind === "success" ? { ...outcome, firstByteMs: afterMs } : outcome));
        });
      });
    };
    attempt(plan.first());
  };

  traffic.arrivalsMs.forEach((atMs, client) => events.at(atMs, () => request(client, 0)));
  events.run();
  return report;
}

/** Arrivals at random, `perSecond` on average. */
export function poissonArrivals(requests: number, perSecond: number, seed: number): number[] {
  const random = seededRandom(seed);
  let atMs = 0;
  return Array.from({ length: requests }, () => (atMs -= (Math.log(1 - random()) * 1000) / perSecond));
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

interface Event {
  atMs: number;
  order: number;
  run: () => void;
}

/** A binary heap; events of one moment run in the order they were made. */
class EventQueue {
  nowMs = 0;
  #made = 0;
  readonly #heap: Event[] = [];

  at(atMs: number, run: () => void): void {
    const heap = this.#heap;
    heap.push({ atMs, order: (this.#made += 1), run });
    for (let index = heap.length - 1; index > 0;) {
      const parent = (index - 1) >> 1;
      if (!this.#swapIfLater(parent, index)) return;
      index = parent;
    }
  }

  after(ms: number, run: () => void): void {
    this.at(this.nowMs + ms, run);
  }

  run(): void {
    for (let event = this.#pop(); event !== undefined; event = this.#pop()) {
      this.nowMs = event.atMs;
      event.run();
    }
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let index = 0; ;) {
      let child = 2 * index + 1;
      if (child >= heap.length) return first;
      if (child + 1 < heap.length && this.#isLater(child, child + 1)) child += 1;
      if (!this.#swapIfLater(index, child)) return first;
      index = child;
    }
  }

  #swapIfLater(upper: number, lower: number): boolean {
    if (!this.#isLater(upper, lower)) return false;
    const [one, other] = [this.#heap[upper], this.#heap[lower]];
    if (one !== undefined && other !== undefined) {
      this.#heap[upper] = other;
      this.#heap[lower] = one;
    }
    return true;
  }

  #isLater(left: number, right: number): boolean {
    const [one, other] = [this.#heap[left], this.#heap[right]];
    if (one === undefined || other === undefined) return false;
    return one.atMs - other.atMs > 0 || (one.atMs === other.atMs && one.order > other.order);
  }
}
