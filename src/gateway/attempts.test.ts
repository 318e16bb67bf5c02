import { describe, expect, test } from "vitest";
import { RecordedReply, scriptedGateway, callWith } from "../../test/support/scripted-upstream.ts";
import { GatewayError, type Failure } from "../errors.ts";
import { Router } from "../routing/router.ts";
import type { Route } from "../routing/route.ts";
import { SILENT_OBSERVER } from "../observe/observer.ts";
import { RequestRecord } from "../observe/request-record.ts";
import { ActiveCalls } from "./active-calls.ts";
import { attemptsHeader, clientRetryOf, runAttempts } from "./attempts.ts";

function failed(status: number, more: Partial<Extract<Failure, { kind: "upstream" }>> = {}): GatewayError {
  const failure = {
    kind: "upstream",
    status,
    type: "server_error",
    code: null,
    param: null,
    ...more,
  } as const;
  return new GatewayError(failure, `status ${status}`);
}

const route = (...ids: string[]): Route => ({
  name: "fast",
  targets: ids.map((id, index) => ({
    id,
    upstream: id,
    model: "m",
    location: "eu",
    weight: 1,
    priority: index + 1,
  })),
  choose: "weighted",
  sticky: "off",
  locations: undefined,
});

/** Runs what the targets do, in order: an error, or nothing for an answer. */
async function run(
  outcomes: unknown[],
  {
    targets = ["a", "b", "c"],
    clientRetry = 0,
    locations,
    active = new ActiveCalls(),
    during = () => {},
    repeatAfterReset = false,
  }: {
    targets?: string[];
    clientRetry?: number;
    locations?: readonly string[];
    active?: ActiveCalls;
    during?: (reply: RecordedReply) => void;
    repeatAfterReset?: boolean;
  } = {},
) {
  const router = new Router({ now: () => 0, random: () => 0, retryBudgetFloor: 100 });
  const { limits } = scriptedGateway();
  const gateway = scriptedGateway({ router, limits: { ...limits, repeatAfterReset } });
  const headers: Record<string, string> = {};
  const tried: string[] = [];
  const reply = new RecordedReply();
  const thrown = await runAttempts(
    gateway,
    { ...route(...targets), locations },
    { stickyKey: undefined, clientRetry },
    new RequestRecord("req_1", 0, SILENT_OBSERVER),
    active,
    reply,
    headers,
    ({ id }) => {
      tried.push(id);
      during(reply);
      const outcome = outcomes[tried.length - 1];
      return outcome === undefined ? Promise.resolve() : Promise.reject(outcome as Error);
    },
  ).then(
    () => undefined,
    (error: unknown) => error,
  );
  return {
    thrown,
    tried,
    header: headers["x-pollux-attempts"],
    state: router.state(),
    budgets: router.retryBudgets(),
  };
}

describe("runAttempts", () => {
  test("the first that answers ends it", async () => {
    const { thrown, tried, header } = await run([failed(503), failed(429)]);
    expect(thrown).toBeUndefined();
    expect(tried).toEqual(["a", "b", "c"]);
    expect(header).toBe("a=unavailable, b=rate_limited, c");
  });

  test("the last failure is the answer, which a client need not ask for again after a 5xx", async () => {
    const { thrown, header } = await run([failed(503), failed(503), failed(500)]);
    expect(thrown).toMatchObject({ failure: { status: 500, shouldRetry: false } });
    expect(header).toBe("a=unavailable, b=unavailable, c=failed");
    expect((await run([failed(500)], { targets: ["a"], clientRetry: 0 })).thrown).toBeUndefined();
  });

  test("a 429 keeps its own advice", async () => {
    const { thrown } = await run([failed(429), failed(429), failed(429, { retryAfterMs: 7 })]);
    expect(thrown).toMatchObject({ failure: { status: 429, retryAfterMs: 7 } });
    expect((thrown as GatewayError).failure).not.toHaveProperty("shouldRetry");
  });

  test.each([
    ["a 504", failed(504)],
    [
      "no first byte",
      new GatewayError({ kind: "upstream_timeout", phase: "first_byte", afterMs: 1 }, "late"),
    ],
    ["silence", new GatewayError({ kind: "upstream_timeout", phase: "idle", afterMs: 1 }, "late")],
  ])("%s is not repeated, costs no retry and touches no other target", async (_, error) => {
    const { thrown, tried, header, state, budgets } = await run([error]);
    expect(thrown).toBe(error);
    expect(tried).toEqual(["a"]);
    expect(header).toBe("a=failed");
    expect(state.map(({ id, inFlight, failures }) => ({ id, inFlight, failures }))).toEqual([
      { id: "a", inFlight: 0, failures: 1 },
    ]);
    expect(budgets).toMatchObject([{ retries: 0 }]);
  });

  const late = new GatewayError({ kind: "upstream_timeout", phase: "connect", afterMs: 1 }, "late");

  test.each([
    ["no connection in time", late],
    ["a name not found", failed(502, { code: "upstream_unreachable" })],
    ["a wrong certificate", failed(502, { code: "upstream_tls_error", shouldRetry: false })],
  ])("%s is, at another target and never at the same", async (_, error) => {
    expect((await run([error])).tried).toEqual(["a", "b"]);
    const { thrown, tried } = await run([error, error, error], { targets: ["a", "b"] });
    expect(tried).toEqual(["a", "b"]);
    expect(thrown).toBeInstanceOf(GatewayError);
  });

  const reset = failed(502, { code: "upstream_reset", shouldRetry: true });

  test("F-20 a connection lost with the request in it is not repeated, and the client may", async () => {
    const { thrown, tried } = await run([reset]);
    expect(thrown).toBe(reset);
    expect(tried).toEqual(["a"]);
  });

  test("F-20 it is where the operator would rather pay twice", async () => {
    expect((await run([reset], { repeatAfterReset: true })).tried).toEqual(["a", "b"]);
  });

  test("nothing is tried again once the client has seen some of it", async () => {
    const { thrown, tried } = await run([failed(503)], { during: (reply) => reply.head(200, {}) });
    expect(thrown).toMatchObject({ failure: { status: 503 } });
    expect(tried).toEqual(["a"]);
  });

  test("nor once it has left, which says nothing about the target", async () => {
    const active = new ActiveCalls();
    const left = new GatewayError({ kind: "client_closed" }, "left");
    const { thrown, tried, header, state } = await run([failed(503)], {
      active,
      during: () => active.end(left),
    });
    expect(thrown).toMatchObject({ failure: { status: 503 } });
    expect(tried).toEqual(["a"]);
    expect(header).toBe("a=abandoned");
    expect(state).toMatchObject([{ failures: 0, inFlight: 0 }]);
  });

  test("a bug is thrown as it is", async () => {
    const bug = new TypeError("bug");
    expect(await run([bug])).toMatchObject({ thrown: bug, tried: ["a"], header: "a=answered" });
  });

  test("a client that repeats by itself leaves one retry", async () => {
    expect((await run([failed(503), failed(503)], { clientRetry: 1 })).tried).toEqual(["a", "b"]);
  });

  test("a fence without a target inside is a 403", async () => {
    const { thrown, tried } = await run([], { locations: ["us"] });
    expect(thrown).toMatchObject({ failure: { kind: "permission_denied", code: "location_not_allowed" } });
    expect(tried).toEqual([]);
  });
});

test.each([
  [undefined, 0],
  ["0", 0],
  ["2", 2],
  ["-1", 0],
  ["1.5", 0],
  ["many", 0],
])("x-stainless-retry-count %j is %i", (value, count) => {
  expect(clientRetryOf(callWith({}, value === undefined ? {} : { "x-stainless-retry-count": value }))).toBe(
    count,
  );
});

test("the header is short and visible ASCII, whatever a model is called", () => {
  const [target] = route("upstream/mödel\r\nx-evil: 1").targets;
  if (target === undefined) throw new Error("no target");
  const attempts = Array.from({ length: 200 }, () => ({ target, outcome: { kind: "failed" } as const }));
  const header = attemptsHeader(attempts, target);
  expect(header).toMatch(/^[\x20-\x7e]{1,1000}$/);
  expect(attemptsHeader([], target)).toBe("upstream/m?del??x-evil: 1");
});
