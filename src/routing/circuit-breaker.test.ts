import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CircuitBreaker, DEFAULT_CIRCUIT } from "./circuit-breaker.ts";
import type { CircuitPass } from "./circuit-breaker.ts";

function run(breaker: CircuitBreaker, verdicts: string, nowMs: number): void {
  for (const letter of verdicts) {
    breaker.end(
      breaker.begin(nowMs),
      letter === "+" ? "success" : letter === "-" ? "failure" : undefined,
      nowMs,
    );
  }
}

function opened(nowMs: number): CircuitBreaker {
  const breaker = new CircuitBreaker();
  run(breaker, "-----", nowMs);
  return breaker;
}

describe("CircuitBreaker", () => {
  test.each([
    { verdicts: "----", state: "closed" },
    { verdicts: "-----", state: "open" },
    { verdicts: "....-----", state: "open" },
    { verdicts: "....................----", state: "closed" },
    { verdicts: "++++++++++++++++++++-----", state: "open" },
    { verdicts: "+++++++++++++++++++++-----", state: "closed" },
    { verdicts: "-+++++-+++++-+++++-+++++-+++++-+++++", state: "closed" },
    { verdicts: "-++-++-++-++-", state: "open" },
  ])("after $verdicts it is $state", ({ verdicts, state }) => {
    const breaker = new CircuitBreaker();
    run(breaker, verdicts, 0);
    expect(breaker.state(0)).toBe(state);
    expect(breaker.admits(0)).toBe(state === "closed");
  });

  test("failures older than the window do not count", () => {
    const breaker = new CircuitBreaker();
    run(breaker, "----", 0);
    run(breaker, "-", 10_000);
    expect(breaker.state(10_000)).toBe("closed");
  });

  test("is half-open after the pause and closes after two probes", () => {
    const breaker = opened(0);
    expect(breaker.state(4_999)).toBe("open");
    expect(breaker.state(5_000)).toBe("half_open");
    run(breaker, "+", 5_000);
    expect(breaker.state(5_000)).toBe("half_open");
    run(breaker, "+", 5_001);
    expect(breaker.state(5_001)).toBe("closed");
    // With a clean record.
    run(breaker, "----", 5_002);
    expect(breaker.state(5_002)).toBe("closed");
  });

  test("lets one probe at a time through", () => {
    const breaker = opened(0);
    const probe = breaker.begin(5_000);
    expect(probe.probe).toBe(true);
    expect(breaker.admits(5_000)).toBe(false);
    // An attempt made in spite of it is no probe.
    expect(breaker.begin(5_001).probe).toBe(false);
    breaker.end(probe, undefined, 6_000);
    expect(breaker.admits(6_000)).toBe(true);
  });

  test("a failed probe opens it again, each time for twice as long, up to a minute", () => {
    const breaker = opened(0);
    let nowMs = 0;
    const pauses: number[] = [];
    for (let times = 0; times < 6; times += 1) {
      const pauseMs = breaker.admitsFromMs() - nowMs;
      pauses.push(pauseMs);
      nowMs += pauseMs;
      run(breaker, "-", nowMs);
    }
    expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  test("a target that fails again soon after closing gets the longer pause", () => {
    const breaker = opened(0);
    run(breaker, "++", 5_000);
    run(breaker, "-----", 6_000);
    expect(breaker.admitsFromMs()).toBe(16_000);
    run(breaker, "++", 16_000);
    run(breaker, "-----", 80_000);
    expect(breaker.admitsFromMs()).toBe(85_000);
  });

  test("what was sent before the opening neither closes nor opens it", () => {
    const breaker = new CircuitBreaker();
    const early = [breaker.begin(0), breaker.begin(0), breaker.begin(0)];
    run(breaker, "-----", 1);
    for (const pass of early) breaker.end(pass, "success", 5_001);
    expect(breaker.state(5_001)).toBe("half_open");
    breaker.end({ startedMs: 0, probe: false }, "failure", 5_002);
    expect(breaker.state(5_002)).toBe("half_open");
  });

  test("the success of an attempt made in spite of it counts like a probe's", () => {
    const breaker = opened(0);
    run(breaker, "++", 100);
    expect(breaker.state(100)).toBe("closed");
  });

  test("a probe whose end is never told is given up in the end", () => {
    const breaker = opened(0);
    breaker.begin(5_000);
    expect(breaker.admits(800_000)).toBe(false);
    expect(breaker.admits(5_000 + 15 * 60_000)).toBe(true);
  });

  test("one probe at a time in any sequence of events", () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant("begin" as const) }),
      fc.record({
        kind: fc.constant("end" as const),
        which: fc.nat(20),
        verdict: fc.constantFrom("success" as const, "failure" as const, undefined),
      }),
      fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(8_000) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120 }), (events) => {
        const breaker = new CircuitBreaker({ ...DEFAULT_CIRCUIT, failures: 2 });
        const underWay: CircuitPass[] = [];
        let nowMs = 0;
        for (const step of events) {
          if (step.kind === "pass") nowMs += step.ms;
          else if (step.kind === "begin") underWay.push(breaker.begin(nowMs));
          else {
            const [pass] = underWay.splice(step.which % Math.max(1, underWay.length), 1);
            if (pass !== undefined) breaker.end(pass, step.verdict, nowMs);
          }
          const probes = underWay.filter((pass) => pass.probe);
          if (breaker.state(nowMs) === "half_open") {
            expect(probes.length).toBeLessThanOrEqual(1);
            expect(breaker.admits(nowMs)).toBe(probes.length === 0);
          }
          expect(breaker.admits(nowMs) && breaker.state(nowMs) === "open").toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });
});
