import { describe, expect, test } from "vitest";
import { type Failure, GatewayError, type ShedReason } from "../errors.ts";
import { OUTCOMES, outcomeOfError, type RequestOutcome, type RequestPhase } from "./request-outcome.ts";

const upstream = (status: number, code: string | null = null): Failure => ({
  kind: "upstream",
  status,
  type: "server_error",
  code,
  param: null,
});

const PHASES: RequestPhase[] = ["sending", "queued", "waiting", "streaming"];

const FAILURES: [Failure, RequestOutcome, RequestOutcome][] = [
  [{ kind: "invalid_request", param: null }, "refused.request", "refused.request"],
  [{ kind: "unsupported_media_type" }, "refused.request", "refused.request"],
  [{ kind: "model_not_found", model: "m" }, "refused.request", "refused.request"],
  [{ kind: "not_found", code: "endpoint_not_available" }, "refused.request", "refused.request"],
  [{ kind: "not_found", code: "unknown_url" }, "refused.route", "refused.route"],
  [{ kind: "method_not_allowed", allow: "GET" }, "refused.route", "refused.route"],
  [{ kind: "unauthenticated" }, "refused.access", "refused.access"],
  [{ kind: "permission_denied" }, "refused.access", "refused.access"],
  [{ kind: "payload_too_large", maxBytes: 1 }, "refused.size", "refused.size"],
  [{ kind: "request_timeout", afterMs: 1 }, "slow_client.sending", "slow_client.sending"],
  [{ kind: "rate_limited" }, "upstream_rate_limited", "upstream_rate_limited"],
  [{ kind: "unavailable" }, "upstream_unavailable", "upstream_unavailable"],
  [{ kind: "unavailable", shed: "draining" }, "draining.waiting", "draining.streaming"],
  [{ kind: "client_closed" }, "client_closed.waiting", "client_closed.streaming"],
  [upstream(400), "upstream_refused", "upstream_error.streaming"],
  [upstream(404, "model_not_found"), "upstream_refused", "upstream_error.streaming"],
  [upstream(429), "upstream_rate_limited", "upstream_error.streaming"],
  [upstream(500), "upstream_error", "upstream_error.streaming"],
  [upstream(503), "upstream_error", "upstream_error.streaming"],
  [upstream(502, "cancelled"), "upstream_error", "upstream_error.streaming"],
  [upstream(502, "upstream_reset"), "upstream_reset", "upstream_reset.streaming"],
  [upstream(502, "upstream_truncated"), "upstream_truncated", "upstream_truncated.streaming"],
  [upstream(502, "bad_upstream_response"), "upstream_unusable", "upstream_unusable.streaming"],
  [upstream(502, "malformed_function_call"), "upstream_unusable", "upstream_unusable.streaming"],
  [upstream(502, "upstream_auth_error"), "upstream_auth", "upstream_auth"],
  [upstream(503, "upstream_unreachable"), "upstream_unreachable", "upstream_unreachable"],
  [upstream(502, "upstream_tls_error"), "upstream_unreachable", "upstream_unreachable"],
  ...(["connect", "first_byte", "idle", "total"] as const).map(
    (phase): [Failure, RequestOutcome, RequestOutcome] => [
      { kind: "upstream_timeout", phase, afterMs: 1 },
      `upstream_timeout.${phase}`,
      `upstream_timeout.${phase}`,
    ],
  ),
];

describe("every way to fail has its word", () => {
  test.each(FAILURES)("%j: %s, within an answer %s", (failure, waiting, streaming) => {
    const error = new GatewayError(failure, "why");
    expect(outcomeOfError(error, "waiting")).toBe(waiting);
    expect(outcomeOfError(error, "streaming")).toBe(streaming);
  });

  const SHED: ShedReason[] = [
    "event_loop",
    "memory",
    "in_flight",
    "key_in_flight",
    "queue_full",
    "queue_timeout",
    "failed_keys",
    "draining",
  ];

  test.each(SHED)("turned away: %s", (shed) => {
    for (const kind of ["rate_limited", "unavailable"] as const) {
      expect(outcomeOfError(new GatewayError({ kind, shed }, "why"), "sending")).toBe(`shed.${shed}`);
    }
  });

  test.each(PHASES)("a client that leaves while %s, and a bug then", (phase) => {
    expect(outcomeOfError(new GatewayError({ kind: "client_closed" }, ""), phase)).toBe(
      `client_closed.${phase}`,
    );
    expect(outcomeOfError(new TypeError("oops"), phase)).toBe("bug");
  });
});

test("there is no word that nothing leads to", () => {
  const made = new Set<string>(["completed", "slow_client.reading", "refused.http", "bug"]);
  for (const [, waiting, streaming] of FAILURES) made.add(waiting).add(streaming);
  for (const phase of PHASES) made.add(`client_closed.${phase}`);
  for (const outcome of Object.keys(OUTCOMES)) if (outcome.startsWith("shed.")) made.add(outcome);
  expect(Object.keys(OUTCOMES).filter((outcome) => !made.has(outcome))).toEqual([]);
  expect([...made].filter((outcome) => !Object.hasOwn(OUTCOMES, outcome))).toEqual([]);
});
