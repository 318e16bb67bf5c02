import { expect, test } from "vitest";
import { GatewayError, invalidRequest, type Failure } from "../errors.ts";
import { outcomeOf } from "./outcome.ts";

const upstream = (status: number, more: object = {}): Failure => ({
  kind: "upstream",
  status,
  type: "server_error",
  code: null,
  param: null,
  ...more,
});

test.each<[string, Failure, object]>([
  ["429", upstream(429), { kind: "rate_limited" }],
  ["429 with a wait", upstream(429, { retryAfterMs: 7000 }), { kind: "rate_limited", retryAfterMs: 7000 }],
  ["503", upstream(503, { retryAfterMs: 50 }), { kind: "unavailable", retryAfterMs: 50 }],
  ["refused", upstream(502, { code: "upstream_unreachable" }), { kind: "unavailable" }],
  ["reset", upstream(502, { code: "upstream_reset" }), { kind: "unavailable" }],
  ["cut", upstream(502, { code: "upstream_truncated" }), { kind: "failed" }],
  ["500", upstream(500), { kind: "failed" }],
  ["a malformed call", upstream(502, { code: "malformed_function_call" }), { kind: "answered" }],
  ["an answer of nothing", upstream(502, { code: "no_usable_answer" }), { kind: "answered" }],
  ["501", upstream(501), { kind: "answered" }],
  ["404", upstream(404), { kind: "not_found" }],
  ["our credentials refused", upstream(502, { code: "upstream_auth_error" }), { kind: "not_found" }],
  ["400", upstream(400), { kind: "answered" }],
  [
    "no connection in time",
    { kind: "upstream_timeout", phase: "connect", afterMs: 1 },
    { kind: "unavailable" },
  ],
  [
    "no first byte in time",
    { kind: "upstream_timeout", phase: "first_byte", afterMs: 1 },
    { kind: "failed" },
  ],
  [
    "all connections busy",
    { kind: "unavailable", retryAfterMs: 9 },
    { kind: "unavailable", retryAfterMs: 9 },
  ],
  ["a full queue", { kind: "rate_limited", retryAfterMs: 9 }, { kind: "rate_limited", retryAfterMs: 9 }],
  ["a client that left", { kind: "client_closed" }, { kind: "abandoned" }],
  ["a caller without a token", { kind: "unauthenticated" }, { kind: "answered" }],
])("%s", (_, failure, outcome) => {
  expect(outcomeOf(new GatewayError(failure, "why"))).toEqual(outcome);
});

test("a request that cannot be translated, and a bug, say nothing about a target", () => {
  expect(outcomeOf(invalidRequest("n", "n: too large"))).toEqual({ kind: "answered" });
  expect(outcomeOf(new TypeError("bug"))).toEqual({ kind: "answered" });
});
