import { describe, expect, test } from "vitest";
import { limitsSchema } from "../config/limits-schema.ts";
import { type Load, ShedLadder } from "./shed-ladder.ts";

const { shed } = limitsSchema.parse({
  shed: {
    noKeepAlive: { memoryShare: 0.8, eventLoopDelayMs: 500, inFlightShare: 0.8 },
    noLargeBodies: { memoryShare: 0.88, eventLoopDelayMs: 1_000, inFlightShare: 0.9 },
    noRequests: { memoryShare: 0.94, eventLoopDelayMs: 3_000, inFlightShare: 1 },
  },
});

const WELL: Load = { memoryShare: 0.3, eventLoopDelayMs: 2, inFlightShare: 0.1 };

function after(...readings: Partial<Load>[]): ShedLadder {
  const ladder = new ShedLadder();
  for (const reading of readings) ladder.read({ ...WELL, ...reading }, shed);
  return ladder;
}

const many = (count: number, reading: Partial<Load>): Partial<Load>[] =>
  Array.from({ length: count }, () => reading);

describe("the step that readings ask for", () => {
  test.each([
    ["nothing much", [{}], "none", undefined],
    ["memory just below", [{ memoryShare: 0.799 }], "none", undefined],
    ["memory", [{ memoryShare: 0.8 }], "no_keep_alive", "memory"],
    ["more memory", [{ memoryShare: 0.88 }], "no_large_bodies", "memory"],
    ["nearly all memory", [{ memoryShare: 0.94 }], "no_requests", "memory"],
    ["one late reading", [{ eventLoopDelayMs: 60_000 }], "none", undefined],
    [
      "a late reading now and then",
      [{ eventLoopDelayMs: 9_000 }, {}, { eventLoopDelayMs: 9_000 }],
      "none",
      undefined,
    ],
    ["two late readings", many(2, { eventLoopDelayMs: 500 }), "no_keep_alive", "event_loop"],
    ["two later readings", many(2, { eventLoopDelayMs: 1_000 }), "no_large_bodies", "event_loop"],
    ["two very late readings", many(2, { eventLoopDelayMs: 3_000 }), "no_requests", "event_loop"],
    ["many requests", [{ inFlightShare: 0.8 }], "no_keep_alive", "in_flight"],
    ["more requests", [{ inFlightShare: 0.9 }], "no_large_bodies", "in_flight"],
    // The queue itself refuses then.
    ["all places taken", [{ inFlightShare: 1 }], "no_large_bodies", "in_flight"],
    ["the worst of several", [{ memoryShare: 0.8, inFlightShare: 0.9 }], "no_large_bodies", "in_flight"],
  ] as const)("%s", (_, readings, stage, reason) => {
    const ladder = after(...readings);
    expect(ladder.stage).toBe(stage);
    if (reason !== undefined) expect(ladder.reason).toBe(reason);
  });
});

describe("the way down", () => {
  test("is step by step, eight good readings each", () => {
    const ladder = after({ memoryShare: 0.99 });
    const stages: string[] = [];
    for (let reading = 0; reading < 24; reading += 1) {
      ladder.read(WELL, shed);
      stages.push(ladder.stage);
    }
    expect(stages).toEqual([
      ...Array.from({ length: 7 }, () => "no_requests"),
      ...Array.from({ length: 8 }, () => "no_large_bodies"),
      ...Array.from({ length: 8 }, () => "no_keep_alive"),
      "none",
    ]);
  });

  test("begins anew with a reading that is not a tenth below the step", () => {
    const ladder = after({ memoryShare: 0.8 }, ...many(7, {}), { memoryShare: 0.73 }, ...many(7, {}));
    expect(ladder.stage).toBe("no_keep_alive");
    ladder.read(WELL, shed);
    expect(ladder.stage).toBe("none");
  });

  test("leaves a step whose reading is between it and the one below", () => {
    const ladder = after({ memoryShare: 0.95 }, ...many(8, { memoryShare: 0.82 }));
    expect(ladder.stage).toBe("no_large_bodies");
  });
});

test("a reading that goes up and down around a bound does not move the step up and down", () => {
  const ladder = new ShedLadder();
  let moves = 0;
  for (let reading = 0; reading < 400; reading += 1) {
    const memoryShare = reading % 2 === 0 ? 0.81 : 0.79;
    if (ladder.read({ ...WELL, memoryShare }, shed)) moves += 1;
  }
  expect([moves, ladder.stage]).toEqual([1, "no_keep_alive"]);
});

test("a share of 1 is not looked at", () => {
  const off = limitsSchema.parse({
    shed: Object.fromEntries(
      ["noKeepAlive", "noLargeBodies", "noRequests"].map((step) => [
        step,
        { memoryShare: 1, inFlightShare: 1 },
      ]),
    ),
  }).shed;
  const ladder = new ShedLadder();
  ladder.read({ memoryShare: 2, inFlightShare: 2, eventLoopDelayMs: 0 }, off);
  expect(ladder.stage).toBe("none");
});
