import { describe, expect, test } from "vitest";
import { type Failure, GatewayError, type UpstreamFailure } from "../errors.ts";
import { toErrorAnswer } from "./error-answer.ts";

const answerTo = (failure: Failure): ReturnType<typeof toErrorAnswer> =>
  toErrorAnswer(new GatewayError(failure, "What to change."), "req_1");

/** A failure of every kind. */
const KINDS: [Failure, status: number, type: string, code: string | null, param?: string][] = [
  [{ kind: "invalid_request", param: "n" }, 400, "invalid_request_error", null, "n"],
  [
    { kind: "invalid_request", param: null, code: "invalid_json" },
    400,
    "invalid_request_error",
    "invalid_json",
  ],
  [{ kind: "unauthenticated" }, 401, "authentication_error", "invalid_api_key"],
  [{ kind: "permission_denied" }, 403, "permission_error", "permission_denied"],
  [{ kind: "permission_denied", code: "host_not_allowed" }, 403, "permission_error", "host_not_allowed"],
  [{ kind: "not_found" }, 404, "invalid_request_error", "not_found"],
  [
    { kind: "not_found", code: "unknown_url", param: "endpoint" },
    404,
    "invalid_request_error",
    "unknown_url",
    "endpoint",
  ],
  [{ kind: "model_not_found", model: "x" }, 404, "invalid_request_error", "model_not_found", "model"],
  [{ kind: "method_not_allowed", allow: "GET" }, 405, "invalid_request_error", "method_not_allowed"],
  [{ kind: "request_timeout", afterMs: 1 }, 408, "invalid_request_error", "request_timeout"],
  [{ kind: "payload_too_large", maxBytes: 1 }, 413, "invalid_request_error", "request_too_large"],
  [{ kind: "unsupported_media_type" }, 415, "invalid_request_error", "unsupported_media_type"],
  [{ kind: "rate_limited" }, 429, "rate_limit_error", "rate_limit_exceeded"],
  [{ kind: "client_closed" }, 499, "api_error", "client_closed"],
  [{ kind: "unavailable" }, 503, "server_error", "overloaded"],
  [
    { kind: "upstream_timeout", phase: "connect", afterMs: 1 },
    504,
    "server_error",
    "upstream_connect_timeout",
  ],
  [
    { kind: "upstream_timeout", phase: "first_byte", afterMs: 1 },
    504,
    "server_error",
    "upstream_first_byte_timeout",
  ],
  [
    { kind: "upstream", status: 418, type: "teapot", code: "short", param: "stout" },
    418,
    "teapot",
    "short",
    "stout",
  ],
];

test.each(KINDS)("%j", (failure, status, type, code, param) => {
  const answer = answerTo(failure);
  expect(answer.status).toBe(status);
  expect(answer.body).toEqual({ error: { message: "What to change.", type, param: param ?? null, code } });
});

test("a 405 names the methods there are", () => {
  expect(answerTo({ kind: "method_not_allowed", allow: "GET, POST" }).headers).toEqual({
    allow: "GET, POST",
  });
});

describe("F-13 clients that are told to wait", () => {
  const wait = (failure: Failure, random: number): unknown[] => {
    const { headers } = toErrorAnswer(new GatewayError(failure, "no"), "req", random);
    return [headers["retry-after"], headers["retry-after-ms"], headers["x-should-retry"]];
  };
  const upstream = (status: number, more: Partial<UpstreamFailure> = {}): Failure => ({
    kind: "upstream",
    status,
    type: "server_error",
    code: null,
    param: null,
    ...more,
  });

  test.each<[string, Failure, (string | undefined)[], (string | undefined)[]]>([
    ["a 503 that says nothing", upstream(503), ["1", "1000"], ["1", "1249"]],
    ["a 429 that says nothing", upstream(429), ["1", "1000"], ["1", "1249"]],
    ["a 503 that says when", upstream(503, { retryAfterMs: 4_000 }), ["4", "4000"], ["4", "4999"]],
    ["one that says at once", upstream(503, { retryAfterMs: 0 }), ["0", "0"], ["0", "249"]],
    ["no longer than is honoured", upstream(503, { retryAfterMs: 59_900 }), ["60", "59900"], ["60", "60000"]],
    [
      "one that is not honoured",
      upstream(503, { retryAfterMs: 61_000 }),
      ["61", "61000", "false"],
      ["61", "61000", "false"],
    ],
    [
      "one that is not to be repeated",
      upstream(503, { shouldRetry: false }),
      [undefined, undefined, "false"],
      [undefined, undefined, "false"],
    ],
    ["the gateway's own", { kind: "unavailable" }, ["1", "1000"], ["1", "1249"]],
    [
      "the gateway's own under load",
      { kind: "unavailable", shed: "memory", retryAfterMs: 1_700 },
      ["2", "1700"],
      ["2", "1700"],
    ],
    ["another failure", upstream(500), [], []],
    ["a mistake", { kind: "invalid_request", param: null }, [], []],
  ])("%s", (_, failure, first, last) => {
    const whole = (headers: (string | undefined)[]): unknown[] => [headers[0], headers[1], headers[2]];
    expect(wait(failure, 0)).toEqual(whole(first));
    expect(wait(failure, 0.999_999)).toEqual(whole(last));
  });
});

describe("what the SDKs read before they repeat", () => {
  const upstream: UpstreamFailure = {
    kind: "upstream",
    status: 429,
    type: "rate_limit_error",
    code: null,
    param: null,
  };

  test.each<[Failure, Record<string, string>]>([
    [{ ...upstream }, {}],
    [{ ...upstream, shouldRetry: false }, { "x-should-retry": "false" }],
    [{ ...upstream, shouldRetry: true }, { "x-should-retry": "true" }],
    [
      { ...upstream, retryAfterMs: 1_500 },
      { "retry-after": "2", "retry-after-ms": "1500" },
    ],
    [
      { ...upstream, retryAfterMs: 0 },
      { "retry-after": "0", "retry-after-ms": "0" },
    ],
    [
      { ...upstream, retryAfterMs: 60_000 },
      { "retry-after": "60", "retry-after-ms": "60000" },
    ],
    // Longer than they wait: they would come back after a second of their own.
    [
      { kind: "unavailable", retryAfterMs: 60_001 },
      { "retry-after": "61", "retry-after-ms": "60001", "x-should-retry": "false" },
    ],
    [
      { ...upstream, retryAfterMs: 90_000, shouldRetry: true },
      { "retry-after": "90", "retry-after-ms": "90000", "x-should-retry": "true" },
    ],
    [{ kind: "upstream_timeout", phase: "connect", afterMs: 1 }, { "x-should-retry": "true" }],
    [{ kind: "upstream_timeout", phase: "idle", afterMs: 1 }, {}],
  ])("%j", (failure, headers) => {
    expect(answerTo(failure).headers).toEqual(headers);
  });
});

test.each([new TypeError("secret detail"), "secret detail", undefined, { message: "secret detail" }])(
  "a bug, %j, tells the client its request id and nothing else",
  (error) => {
    const { status, headers, body } = toErrorAnswer(error, "req_1");
    expect([status, headers]).toEqual([500, {}]);
    expect(body.error).toMatchObject({ type: "server_error", code: "internal_error", param: null });
    expect(body.error.message).toContain("req_1");
    expect(JSON.stringify(body)).not.toContain("secret");
  },
);
