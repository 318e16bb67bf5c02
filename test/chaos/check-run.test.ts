/** What only the whole of a run shows: planted, and found. */
import { describe, expect, test } from "vitest";
import {
  checkAbandoned,
  checkCalm,
  checkEnding,
  checkGrowth,
  checkIdleMetrics,
  checkLeftOver,
  checkLog,
  readLogLine,
} from "./check-run.ts";
import { Dice } from "./dice.ts";
import { scheduleFaults } from "./fault-schedule.ts";
import type { Disruption, Holdings } from "./gateway-process.ts";
import { newObservation, type Observation } from "./observation.ts";
import { makePlan } from "./plan.ts";

function observed(
  changes: Partial<Observation> = {},
  conduct: "patient" | "leave-in-answer" | "slow-reader" = "patient",
): Observation {
  const plan = { ...makePlan(new Dice(1), 1, { faults: false, misconduct: false }), conduct };
  return {
    ...newObservation({ ...plan, answer: { ...plan.answer, finishReason: "STOP" } }, "calm 1"),
    startedAt: 1000,
    endedAt: 2000,
    headers: { "x-request-id": "req_1" },
    ...changes,
  };
}
const ended = (kind: Disruption["kind"]): Disruption => ({ kind, from: 1500, to: 3000 });
const call = { upstream: "a" as const, at: 1100 };

describe("connections that break", () => {
  test("are explained by the end of the process, and by nothing else", () => {
    const broken = observed({ endings: ["broken"], calls: [{ ...call, endedAt: 1500 }] });
    expect(checkEnding(broken, [])).toEqual([expect.stringContaining("while the gateway was running")]);
    expect(checkEnding(broken, [{ ...ended("SIGKILL"), from: 2500 }])).toHaveLength(1);
    expect(checkEnding(broken, [ended("SIGKILL")])).toEqual([]);
    expect(checkEnding(observed({ endings: ["complete"] }), [])).toEqual([]);
  });

  test("SIGTERM excuses only what had not been heard yet, and who reads too slowly", () => {
    expect(checkEnding(observed({ endings: ["broken"] }), [ended("SIGTERM")])).toEqual([]);
    const heard = { endings: ["broken" as const], calls: [call] };
    expect(checkEnding(observed(heard), [ended("SIGTERM")])).toEqual([
      expect.stringContaining("with its request under way"),
    ]);
    expect(checkEnding(observed({ endings: ["broken"], status: 200 }), [ended("SIGTERM")])).toHaveLength(1);
    expect(checkEnding(observed(heard, "slow-reader"), [ended("SIGTERM")])).toEqual([]);
  });
});

describe("calls of clients that left", () => {
  test("a call that goes on is found, and one that never ends", () => {
    const left = (endedAt?: number): Observation =>
      observed(
        { leftAt: 1200, calls: [{ ...call, ...(endedAt !== undefined ? { endedAt } : {}) }] },
        "leave-in-answer",
      );
    expect(checkAbandoned(left(1400), 250)).toEqual([]);
    expect(checkAbandoned(left(1600), 250)).toEqual([
      "generation went on for 400 ms after the client had left",
    ]);
    expect(checkAbandoned(left(), 250)).toEqual([
      "generation went on for Infinity ms after the client had left",
    ]);
    expect(checkCalm(left()).join()).toMatch(/generation went on/);
  });
});

test("a failure in a calm phase is found", () => {
  expect(checkCalm(observed({ endings: ["complete"], status: 503 }))).toEqual([
    expect.stringContaining("status 503 in a calm phase"),
  ]);
});

describe("the request log", () => {
  const lines = new Map([
    ["req_1", ["completed"]],
    ["req_2", ["completed", "client_closed.streaming"]],
    ["req_4", ["upstream_error"]],
  ]);
  const answered = (id: string, changes: Partial<Observation> = {}): Observation =>
    observed({ headers: { "x-request-id": id }, status: 200, endings: ["complete"], ...changes });

  test("has one line for each answer", () => {
    expect(checkLog(answered("req_1"), lines, [])).toEqual([]);
    expect(checkLog(answered("req_2"), lines, [])).toEqual([
      "2 lines in the request log: completed, client_closed.streaming",
    ]);
    const missing = answered("req_3");
    expect(checkLog(missing, lines, [ended("SIGTERM")])).toEqual(["no line in the request log"]);
    expect(checkLog(missing, lines, [ended("SIGKILL")])).toEqual([]);
    expect(checkLog(missing, lines, [{ ...ended("SIGKILL"), from: 2400 }])).toEqual([]);
    expect(checkLog(missing, lines, [{ ...ended("SIGKILL"), from: 2600 }])).toHaveLength(1);
  });

  test("says what the client saw", () => {
    expect(checkLog(answered("req_4"), lines, [])).toEqual([
      'answered in full, and "upstream_error" in the request log',
    ]);
    expect(checkLog(answered("req_1", { status: 503 }), lines, [])).toEqual([
      'status 503, and "completed" in the request log',
    ]);
    const error = { events: ['{"error":{}}'] };
    expect(checkLog(answered("req_1", error), lines, [])).toHaveLength(1);
    expect(checkLog(answered("req_4", { ...error }), lines, [])).toEqual([]);
    const headers = { "x-request-id": "req_4", "x-pollux-outcome": "upstream_reset" };
    expect(checkLog(answered("req_4", { status: 502, headers }), lines, [])).toEqual([
      'x-pollux-outcome is "upstream_reset", and "upstream_error" stands in the request log',
    ]);
  });

  test("is read from between other lines", () => {
    expect(readLogLine('{"level":30,"request_id":"req_1","outcome":"completed","route":"chat"}')).toEqual({
      requestId: "req_1",
      outcome: "completed",
      route: "chat",
    });
    for (const other of [
      "Stopping: 3 answers",
      '{"request_id":"req_1"}',
      '{"outcome":1',
      '{"outcome":1}',
      "",
    ]) {
      expect(readLogLine(other)).toBeUndefined();
    }
  });
});

test("requests that are counted as under way with no client there are found", () => {
  const text = (open: number): string =>
    `# TYPE pollux_inflight gauge\npollux_inflight 0\npollux_open_streams{model="a"} 0\npollux_open_streams{model="b"} ${open}\npollux_queue_depth 0\n`;
  expect(checkIdleMetrics(text(0))).toEqual([]);
  expect(checkIdleMetrics(text(1))).toEqual(["pollux_open_streams is 1 with no client there"]);
  expect(checkIdleMetrics("")).toHaveLength(3);
});

describe("what is left over", () => {
  const held: Holdings = {
    heapUsed: 40e6,
    arrayBuffers: 1e6,
    rss: 200e6,
    resources: { TCPServerWrap: 1, PipeWrap: 2 },
    descriptors: 25,
    threads: 7,
  };
  const allowed = {
    descriptors: 2,
    threads: 4,
    resources: 1,
    heapBytes: 8e6,
    bufferBytes: 4e6,
    growthBytes: 2e6,
  };
  test.each<[string, Partial<Holdings>, RegExp | undefined]>([
    ["nothing", {}, undefined],
    ["what is allowed", { descriptors: 27, heapUsed: 48e6 }, undefined],
    ["leaked descriptors", { descriptors: 28 }, /^descriptors: 28, and 25 before/],
    ["leaked threads", { threads: 12 }, /^threads: 12/],
    ["leaked timers", { resources: { TCPServerWrap: 1, Timeout: 2 } }, /^Timeout in use: 2, and 0 before/],
    ["leaked sockets", { resources: { TCPSocketWrap: 3 } }, /^TCPSocketWrap in use: 3/],
    ["leaked heap", { heapUsed: 49e6 }, /^bytes of heap/],
    ["leaked buffers", { arrayBuffers: 9e6 }, /^bytes of buffers/],
  ])("%s", (_, changes, found) => {
    const wrong = checkLeftOver(held, held, { ...held, ...changes }, allowed);
    if (found === undefined) expect(wrong).toEqual([]);
    else expect(wrong).toEqual([expect.stringMatching(found)]);
  });
});

test("a heap that grows from cycle to cycle is found, and that of an earlier process is no matter", () => {
  const heap = (bytesACycle: number, gatewayStart = 2): { gatewayStart: number; heapUsed: number }[] =>
    Array.from({ length: 12 }, (_, cycle) => ({
      gatewayStart,
      heapUsed: 40e6 + (cycle % 2) * 1e6 + cycle * bytesACycle,
    }));
  expect(checkGrowth(heap(0), 2e6)).toEqual([]);
  expect(checkGrowth(heap(1e6), 2e6)).toEqual(["the heap has grown by 4000000 bytes, cycle by cycle"]);
  expect(checkGrowth([...heap(1e6, 1), ...heap(0)], 2e6)).toEqual([]);
  expect(checkGrowth(heap(1e6).slice(0, 8), 2e6)).toEqual([]);
});

describe("one seed decides everything", () => {
  const plans = (seed: number): unknown[] =>
    Array.from({ length: 50 }, (_, index) =>
      makePlan(new Dice(seed), index, { faults: true, misconduct: true }),
    );
  const schedule = (seed: number): unknown[] =>
    scheduleFaults(new Dice(seed), { lengthMs: 40_000, restarts: { SIGTERM: 1, SIGKILL: 1 } });

  test("the same seed plans the same requests and faults, another one others", () => {
    expect(plans(5)).toEqual(plans(5));
    expect(plans(5)).not.toEqual(plans(6));
    expect(schedule(5)).toEqual(schedule(5));
    expect(schedule(5)).not.toEqual(schedule(6));
  });

  test("what was thrown before changes nothing about a plan", () => {
    const dice = new Dice(5);
    dice.fraction();
    expect(makePlan(dice, 3, { faults: true, misconduct: true })).toEqual(plans(5)[3]);
  });

  test("every kind of fault is in a schedule", () => {
    const kinds = new Set((schedule(5) as { kind: string }[]).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(["SIGKILL", "SIGTERM", "pause", "reload", "toxic", "upstream-restart"]);
  });
});
