import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import fc from "fast-check";
import { limitsSchema } from "../config/limits-schema.ts";
import { GatewayError, type ShedReason } from "../errors.ts";
import { SILENT_OBSERVER } from "../observe/observer.ts";
import { Admission, type AdmissionLimits } from "./admission.ts";
import { toErrorAnswer } from "./error-answer.ts";
import type { Ticket } from "./ticket.ts";

const MEGABYTE = 1_000_000;

interface Bench {
  admission: Admission;
  shed: ShedReason[];
  /** Names of requests in the order in which they began. */
  began: string[];
  /** Names of requests that were refused after a wait, with the code. */
  refused: Record<string, string | null>;
  ask: (name: string, key?: string) => Ticket;
}

function bench(limits: Partial<AdmissionLimits> = {}, random = () => 0.5): Bench {
  const shed: ShedReason[] = [];
  const began: string[] = [];
  const refused: Record<string, string | null> = {};
  const admission = new Admission(
    { ...limitsSchema.parse({}), ...limits },
    {
      observer: { ...SILENT_OBSERVER, shed: (reason) => shed.push(reason) },
      memoryBytes: 80 * MEGABYTE,
      random,
    },
  );
  const ask = (name: string, key?: string): Ticket => {
    const ticket = admission.arrive(key);
    const turn = admission.begin(ticket);
    if (turn === undefined) began.push(name);
    else {
      turn.then(
        () => began.push(name),
        (error: unknown) => (refused[name] = codeOf(error)),
      );
    }
    return ticket;
  };
  return { admission, shed, began, refused, ask };
}

function codeOf(error: unknown): string | null {
  return toErrorAnswer(error, "req").body.error.code;
}

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return expect.unreachable();
}

/** What was settled is now known to those who waited for it. */
const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("with room", () => {
  test("a request begins at once, and gives back what it held exactly once", () => {
    const { admission, ask } = bench();
    const ticket = ask("a", "key");
    admission.beginStream(ticket);
    admission.beginStream(ticket);
    admission.holdBody(ticket, 500);
    expect([admission.inFlight, admission.queued, admission.streams, admission.bodyBytes]).toEqual([
      1, 0, 1, 500,
    ]);
    admission.end(ticket);
    admission.end(ticket);
    expect([admission.inFlight, admission.streams, admission.bodyBytes]).toEqual([0, 0, 0]);
    // What comes late from its handler holds nothing any more.
    admission.beginStream(ticket);
    admission.holdBody(ticket, 500);
    expect(() => admission.begin(ticket)).toThrow("left");
    expect([admission.inFlight, admission.streams, admission.bodyBytes]).toEqual([0, 0, 0]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the queue", () => {
  test("is first come, first served within a key", async () => {
    const { admission, began, ask } = bench({ maxInFlight: 1 });
    const tickets = ["a", "b", "c"].map((name) => ask(name));
    expect([admission.inFlight, admission.queued]).toEqual([1, 2]);
    for (const ticket of tickets) {
      admission.end(ticket);
      await settled();
    }
    expect(began).toEqual(["a", "b", "c"]);
    expect([admission.inFlight, admission.queued, vi.getTimerCount()]).toEqual([0, 0, 0]);
  });

  test("lets the keys take turns, however many wait with one of them", async () => {
    const { admission, began, ask } = bench({ maxInFlight: 1 });
    const first = ask("first", "many");
    const tickets = new Map<string, Ticket>();
    for (let index = 0; index < 50; index += 1) tickets.set(`many${index}`, ask(`many${index}`, "many"));
    for (const name of ["few0", "few1"]) tickets.set(name, ask(name, "few"));
    admission.end(first);
    await settled();
    for (let turn = 0; turn < 4; turn += 1) {
      admission.end(tickets.get(began.at(-1)!)!);
      await settled();
    }
    expect(began.slice(1)).toEqual(["many0", "few0", "many1", "few1", "many2"]);
  });

  test("F-03 forgets a request whose client leaves, at once; the next one takes its turn", async () => {
    const { admission, began, refused, ask } = bench({ maxInFlight: 1 });
    const first = ask("first");
    const leaver = ask("leaver");
    ask("last");
    admission.end(leaver);
    await settled();
    expect(admission.queued).toBe(1);
    expect(refused).toEqual({ leaver: "client_closed" });
    admission.end(first);
    admission.end(leaver);
    await settled();
    expect(began).toEqual(["first", "last"]);
    expect([admission.inFlight, admission.queued]).toEqual([1, 0]);
  });

  test("ends a wait that is too long", async () => {
    const { admission, refused, shed, ask } = bench({ maxInFlight: 1, maxQueueMs: 2_000 });
    ask("first");
    const late = ask("late");
    await vi.advanceTimersByTimeAsync(1_999);
    expect(refused).toEqual({});
    await vi.advanceTimersByTimeAsync(1);
    expect([refused, shed, admission.queued]).toEqual([{ late: "queue_timeout" }, ["queue_timeout"], 0]);
    admission.end(late);
    expect(admission.inFlight).toBe(1);
  });

  test("when full refuses, before the body is read", () => {
    const { admission, shed, ask } = bench({ maxInFlight: 1, maxQueue: 1 });
    ask("first");
    ask("second");
    expect(codeOf(thrown(() => admission.arrive(undefined)))).toBe("queue_full");
    expect(shed).toEqual(["queue_full"]);
    expect([admission.inFlight, admission.queued]).toEqual([1, 1]);
  });

  test("when full meanwhile, refuses after it", () => {
    const { admission, ask } = bench({ maxInFlight: 1, maxQueue: 1 });
    ask("first");
    const slow = admission.arrive(undefined);
    ask("second");
    expect(codeOf(thrown(() => admission.begin(slow)))).toBe("queue_full");
    admission.end(slow);
    expect([admission.inFlight, admission.queued]).toEqual([1, 1]);
  });

  test("of length 0 has nobody wait", () => {
    const { ask } = bench({ maxInFlight: 1, maxQueue: 0 });
    ask("first");
    expect(codeOf(thrown(() => ask("second")))).toBe("queue_full");
  });

  test("when full makes room for a key that has few in it, at the cost of the newest of the one that has most", async () => {
    const { admission, began, refused, ask } = bench({ maxInFlight: 1, maxQueue: 4 });
    const first = ask("first", "many");
    for (const name of ["many0", "many1", "many2", "many3"]) ask(name, "many");
    ask("few0", "few");
    ask("few1", "few");
    await settled();
    expect(refused).toEqual({ many3: "queue_full", many2: "queue_full" });
    // As many as the other has: no more room is made.
    expect(codeOf(thrown(() => ask("few2", "few")))).toBe("queue_full");
    expect(codeOf(thrown(() => ask("many4", "many")))).toBe("queue_full");
    admission.end(first);
    await settled();
    expect(began).toEqual(["first", "many0"]);
    expect(admission.queued).toBe(3);
  });
});

describe("the limit of a key", () => {
  test("has its requests wait while those of others begin", async () => {
    const { admission, began, ask } = bench({ maxInFlight: 10, maxInFlightPerKey: 1 });
    const first = ask("a1", "a");
    ask("a2", "a");
    ask("b1", "b");
    expect(began).toEqual(["a1", "b1"]);
    admission.end(first);
    await settled();
    expect(began).toEqual(["a1", "b1", "a2"]);
  });

  test("is named as the reason, as 429 and not 503", async () => {
    const { refused, shed, ask } = bench({ maxInFlightPerKey: 1, maxQueue: 1, maxQueueMs: 100 });
    ask("a1", "a");
    ask("a2", "a");
    const error = thrown(() => ask("a3", "a"));
    expect(toErrorAnswer(error, "req")).toMatchObject({
      status: 429,
      body: { error: { type: "rate_limit_error", code: "key_in_flight_limit" } },
    });
    await vi.advanceTimersByTimeAsync(100);
    expect(refused).toEqual({ a2: "key_in_flight_limit" });
    expect(shed).toEqual(["key_in_flight", "key_in_flight"]);
  });

  test("does not count where no key is asked for", () => {
    const { began, ask } = bench({ maxInFlightPerKey: 1 });
    ask("a");
    ask("b");
    expect(began).toEqual(["a", "b"]);
  });

  test("does not let its queue keep the places of others", async () => {
    const { admission, began, ask } = bench({ maxInFlight: 2, maxInFlightPerKey: 1 });
    const a1 = ask("a1", "a");
    ask("a2", "a");
    const b1 = ask("b1", "b");
    ask("b2", "b");
    ask("c1", "c");
    admission.end(b1);
    await settled();
    admission.end(a1);
    await settled();
    expect(began).toEqual(["a1", "b1", "b2", "c1"]);
    expect([admission.inFlight, admission.queued]).toEqual([2, 1]);
  });
});

describe("streams", () => {
  test("have a limit of their own", () => {
    const { admission, ask, shed } = bench({ maxStreams: 1 });
    const first = ask("a");
    const second = ask("b");
    admission.beginStream(first);
    const error = thrown(() => admission.beginStream(second));
    expect(toErrorAnswer(error, "req")).toMatchObject({
      status: 503,
      body: { error: { type: "server_error", code: "stream_limit" } },
    });
    expect(shed).toEqual(["in_flight"]);
    admission.end(first);
    admission.beginStream(second);
    expect(admission.streams).toBe(1);
  });
});

describe("request bodies", () => {
  const limits: Partial<AdmissionLimits> = { maxBodyBytesInFlight: 10 * MEGABYTE };

  test("share a budget: large ones use it up, small ones may go to twice as much", () => {
    const { admission, shed, ask } = bench(limits);
    const large = ask("large");
    admission.holdBody(large, 8 * MEGABYTE);
    expect(codeOf(thrown(() => admission.holdBody(ask("other"), 3 * MEGABYTE)))).toBe("body_memory_limit");
    for (let index = 0; index < 12; index += 1) admission.holdBody(ask(`small${index}`), MEGABYTE);
    expect(codeOf(thrown(() => admission.holdBody(ask("one more"), MEGABYTE)))).toBe("body_memory_limit");
    expect([admission.bodyBytes, shed]).toEqual([20 * MEGABYTE, ["memory", "memory"]]);
    admission.bodyDone(large);
    expect(admission.bodyBytes).toBe(12 * MEGABYTE);
  });

  test("one that is larger than the budget is taken when no other is large", () => {
    const { admission, ask } = bench(limits);
    const small = ask("small");
    admission.holdBody(small, MEGABYTE);
    const huge = ask("huge");
    admission.holdBody(huge, 50 * MEGABYTE);
    expect(codeOf(thrown(() => admission.holdBody(ask("large"), 2 * MEGABYTE)))).toBe("body_memory_limit");
    admission.end(huge);
    admission.holdBody(ask("large"), 2 * MEGABYTE);
    expect(admission.bodyBytes).toBe(3 * MEGABYTE);
  });

  test("that are not announced count as they come", () => {
    const { admission, ask } = bench(limits);
    admission.holdBody(ask("first"), 8 * MEGABYTE);
    const chunked = ask("chunked");
    admission.holdBody(chunked, 1_000);
    admission.holdBody(chunked, MEGABYTE);
    expect(codeOf(thrown(() => admission.holdBody(chunked, 3 * MEGABYTE)))).toBe("body_memory_limit");
    admission.end(chunked);
    expect(admission.bodyBytes).toBe(8 * MEGABYTE);
  });

  test("have an eighth of the memory, if nothing else is said", () => {
    const { admission, ask } = bench({ maxBodyBytesInFlight: 0 });
    admission.holdBody(ask("first"), 8 * MEGABYTE);
    expect(codeOf(thrown(() => admission.holdBody(ask("second"), 3 * MEGABYTE)))).toBe("body_memory_limit");
    admission.holdBody(ask("third"), 1_000);
  });
});

describe("the steps of shedding", () => {
  test.each([
    ["none", false, false],
    ["no_keep_alive", false, false],
    ["no_large_bodies", false, true],
    ["no_requests", true, true],
  ] as const)("%s refuses every request: %s; large bodies: %s", (stage, all, large) => {
    const { admission, shed } = bench();
    const early = admission.arrive(undefined);
    admission.shedTo(stage, "memory");
    const refusals = (run: () => unknown): string | null => {
      try {
        run();
        return "taken";
      } catch (error) {
        return codeOf(error);
      }
    };
    expect(refusals(() => admission.arrive(undefined))).toBe(all ? "overloaded" : "taken");
    expect(refusals(() => admission.checkLoad())).toBe(all ? "overloaded" : "taken");
    expect(refusals(() => admission.holdBody(early, MEGABYTE + 1))).toBe(large ? "overloaded" : "taken");
    expect(new Set(shed)).toEqual(new Set(large ? ["memory"] : []));
  });
});

describe("a refusal", () => {
  test("asks to come back in one to three seconds, each caller at another time", () => {
    const waits = [0, 0.25, 0.999].map((random) => {
      const { admission } = bench({}, () => random);
      admission.shedTo("no_requests", "event_loop");
      const { status, headers } = toErrorAnswer(
        thrown(() => admission.arrive(undefined)),
        "req",
      );
      return [status, headers["retry-after-ms"], headers["retry-after"]];
    });
    expect(waits).toEqual([
      [503, "1000", "1"],
      [503, "1500", "2"],
      [503, "2998", "3"],
    ]);
  });
});

describe("changed limits", () => {
  test("let those begin who wait, and count for those who come", async () => {
    const { admission, began, ask } = bench({ maxInFlight: 1, maxInFlightPerKey: 1 });
    ask("a1", "a");
    ask("a2", "a");
    ask("b1", "b");
    admission.configure({ ...limitsSchema.parse({}), maxInFlight: 2, maxInFlightPerKey: 2 });
    await settled();
    expect(began).toEqual(["a1", "a2"]);
    admission.configure({ ...limitsSchema.parse({}), maxInFlight: 1, maxQueue: 1 });
    expect(codeOf(thrown(() => ask("c1", "c")))).toBe("queue_full");
    expect([admission.inFlight, admission.queued]).toEqual([2, 1]);
    expect(admission.inFlightShare).toBe(1.5);
  });
});

test("whatever happens in whatever order, no limit is exceeded and nothing is left over", async () => {
  const step = fc.record({
    what: fc.constantFrom("ask", "ask", "end", "stream", "body", "later", "reload"),
    key: fc.constantFrom(undefined, "a", "b", "c"),
    which: fc.nat(),
    size: fc.integer({ min: 1, max: 3 * MEGABYTE }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const limits: AdmissionLimits = {
        ...limitsSchema.parse({}),
        maxInFlight: 3,
        maxInFlightPerKey: 2,
        maxQueue: 4,
        maxQueueMs: 50,
        maxStreams: 2,
        maxBodyBytesInFlight: 4 * MEGABYTE,
      };
      const { admission, began, ask } = bench(limits);
      const open: { ticket: Ticket; key: string | undefined; name: string }[] = [];
      const attempt = (run: () => void): void => {
        try {
          run();
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
        }
      };
      for (const [index, { what, key, which, size }] of steps.entries()) {
        const some = open.length === 0 ? undefined : open[which % open.length];
        if (what === "ask") {
          attempt(() => open.push({ ticket: ask(String(index), key), key, name: String(index) }));
        } else if (what === "later") await vi.advanceTimersByTimeAsync(20);
        else if (what === "reload") admission.configure(limits);
        else if (some !== undefined) {
          const { ticket } = some;
          if (what === "stream") attempt(() => admission.beginStream(ticket));
          if (what === "body") attempt(() => admission.holdBody(ticket, size));
          if (what === "end") {
            admission.end(ticket);
            open.splice(open.indexOf(some), 1);
          }
        }
        await settled();
        const running = open.filter(({ name }) => began.includes(name));
        expect(admission.inFlight).toBe(running.length);
        expect(admission.inFlight).toBeLessThanOrEqual(3);
        for (const one of ["a", "b", "c"]) {
          expect(running.filter((request) => request.key === one).length).toBeLessThanOrEqual(2);
        }
        expect(admission.queued).toBeLessThanOrEqual(4);
        expect(admission.queued).toBe(open.filter(({ ticket }) => ticket.waits).length);
        expect(admission.streams).toBeLessThanOrEqual(2);
        // A place that is free while someone without a full key waits would be a place lost.
        if (admission.inFlight < 3) {
          for (const { ticket } of open) if (ticket.waits) expect(ticket.line.inFlight).toBe(2);
        }
      }
      for (const { ticket } of open) admission.end(ticket);
      await settled();
      expect([admission.inFlight, admission.queued, admission.streams, admission.bodyBytes]).toEqual([
        0, 0, 0, 0,
      ]);
      expect(vi.getTimerCount()).toBe(0);
    }),
    { numRuns: 200 },
  );
});
