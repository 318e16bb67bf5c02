import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayError, type UpstreamFailure } from "../../errors.ts";
import { errorInEvent, type FailureHints, toFailure } from "./error.ts";

function google(code: number, status: string, message: string, details: unknown[] = []): string {
  return JSON.stringify({ error: { code, message, status, details } }, null, 2);
}

function failureOf(error: GatewayError | undefined): UpstreamFailure & { message: string } {
  if (error?.failure.kind !== "upstream") throw new Error("not an upstream failure");
  return { ...error.failure, message: error.message };
}

function failed(
  status: number,
  body: string,
  hints: FailureHints = {},
  headers = {},
): UpstreamFailure & { message: string } {
  return failureOf(toFailure(status, headers, body, hints));
}

describe("google.rpc statuses", () => {
  test.each([
    {
      http: 400,
      rpc: "INVALID_ARGUMENT",
      status: 400,
      type: "invalid_request_error",
      code: "invalid_argument",
    },
    {
      http: 400,
      rpc: "FAILED_PRECONDITION",
      status: 400,
      type: "invalid_request_error",
      code: "failed_precondition",
    },
    { http: 400, rpc: "OUT_OF_RANGE", status: 400, type: "invalid_request_error", code: "out_of_range" },
    { http: 403, rpc: "PERMISSION_DENIED", status: 403, type: "permission_error", code: "permission_denied" },
    { http: 404, rpc: "NOT_FOUND", status: 404, type: "invalid_request_error", code: "not_found" },
    { http: 409, rpc: "ALREADY_EXISTS", status: 409, type: "invalid_request_error", code: "conflict" },
    { http: 409, rpc: "ABORTED", status: 409, type: "api_error", code: "aborted" },
    {
      http: 429,
      rpc: "RESOURCE_EXHAUSTED",
      status: 429,
      type: "rate_limit_error",
      code: "rate_limit_exceeded",
    },
    { http: 499, rpc: "CANCELLED", status: 502, type: "api_error", code: "cancelled" },
    { http: 500, rpc: "INTERNAL", status: 500, type: "server_error", code: "internal_error" },
    { http: 500, rpc: "UNKNOWN", status: 500, type: "server_error", code: "internal_error" },
    { http: 500, rpc: "DATA_LOSS", status: 500, type: "server_error", code: "internal_error" },
    { http: 501, rpc: "UNIMPLEMENTED", status: 501, type: "invalid_request_error", code: "not_implemented" },
    { http: 503, rpc: "UNAVAILABLE", status: 503, type: "server_error", code: "overloaded" },
    { http: 504, rpc: "DEADLINE_EXCEEDED", status: 504, type: "server_error", code: "timeout" },
    { http: 429, rpc: "A_NEWER_NAME", status: 429, type: "rate_limit_error", code: "rate_limit_exceeded" },
    { http: 418, rpc: "A_NEWER_NAME", status: 418, type: "invalid_request_error", code: "invalid_request" },
    { http: 599, rpc: "A_NEWER_NAME", status: 502, type: "server_error", code: "bad_upstream_response" },
  ])("$http $rpc -> $status $code", ({ http, rpc, status, type, code }) => {
    const body = google(http, rpc, "Something happened.");
    const expected = { status, type, code, param: null, reason: rpc, message: "Something happened." };
    expect(failed(http, body)).toMatchObject(expected);
    expect(failed(http, `[${body}]`)).toMatchObject(expected);
    expect(failureOf(errorInEvent(JSON.parse(body)))).toMatchObject(expected);
    expect(failureOf(errorInEvent([{}, JSON.parse(body)]))).toMatchObject(expected);
  });
});

test.each([
  [409, "ALREADY_EXISTS", false],
  [501, "UNIMPLEMENTED", false],
  [409, "ABORTED", undefined],
  [503, "UNAVAILABLE", undefined],
])("a %d %s says %s to the SDKs, which would repeat any of them", (http, rpc, shouldRetry) => {
  expect(failed(http, google(http, rpc, "Something happened.")).shouldRetry).toBe(shouldRetry);
});

describe("credentials", () => {
  const refused = google(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.");
  const badKey = google(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [
    {
      "@type": "type.googleapis.com/google.rpc.ErrorInfo",
      reason: "API_KEY_INVALID",
      domain: "googleapis.com",
    },
  ]);

  test.each([
    [401, refused],
    [400, badKey],
    [400, google(400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.")],
  ])("the caller's being refused is the caller's 401", (status, body) => {
    expect(failed(status, body, { credentials: "caller" })).toMatchObject({
      status: 401,
      type: "authentication_error",
      code: "invalid_api_key",
    });
  });

  test.each([
    [401, refused],
    [400, badKey],
    [401, ""],
  ])("the gateway's own being refused is a 502, so that clients keep their good key", (status, body) => {
    expect(failed(status, body, { credentials: "own" })).toMatchObject({
      status: 502,
      code: "upstream_auth_error",
      shouldRetry: false,
      message: expect.stringContaining("gateway's own credential"),
    });
  });

  test("keys and tokens in the upstream's words are not passed on", () => {
    const message =
      "Consumer 'api_key:AIzaSyA1234567890abcdefghijklmnopqrstuv' suspended; ya29.a0AfH6SMBx-y_z; Bearer abcdefgh12345678";
    const failure = failed(403, google(403, "PERMISSION_DENIED", message));
    expect(failure.message).toBe("Consumer 'api_key:[key]' suspended; [token]; Bearer [token]");
  });
});

const retryInfo = (retryDelay: unknown): unknown => ({
  "@type": "type.googleapis.com/google.rpc.RetryInfo",
  retryDelay,
});

describe("F-37 waits and quotas", () => {
  const minute = "You exceeded your current quota, please check your plan and billing details. limit: 10";

  test.each([
    { name: "RetryInfo", details: [retryInfo("27s")], headers: {}, wait: 27_000 },
    { name: "RetryInfo with a fraction", details: [retryInfo("1.5s")], headers: {}, wait: 1500 },
    { name: "RetryInfo deeper down", details: [{ a: [{ b: retryInfo("3s") }] }], headers: {}, wait: 3000 },
    { name: "RetryInfo as seconds", details: [retryInfo({ seconds: "4" })], headers: {}, wait: 4000 },
    { name: "a header in seconds", details: [retryInfo("27s")], headers: { "retry-after": "5" }, wait: 5000 },
    {
      name: "a header in milliseconds",
      details: [],
      headers: { "retry-after": "5", "retry-after-ms": "250" },
      wait: 250,
    },
    {
      name: "a date",
      details: [],
      headers: { "retry-after": "Sat, 21 Nov 2026 10:00:30 GMT" },
      wait: 30_000,
    },
    {
      name: "a date gone by",
      details: [],
      headers: { "retry-after": "Sat, 21 Nov 2026 09:00:00 GMT" },
      wait: 0,
    },
    {
      name: "nonsense",
      details: [retryInfo("soon")],
      headers: { "retry-after": "-5", "retry-after-ms": "x" },
      wait: undefined,
    },
    { name: "nothing", details: [], headers: {}, wait: undefined },
  ])("$name", ({ details, headers, wait }) => {
    const failure = failed(
      429,
      google(429, "RESOURCE_EXHAUSTED", minute, details),
      { now: Date.parse("2026-11-21T10:00:00Z") },
      headers,
    );
    expect(failure).toMatchObject({ status: 429, code: "rate_limit_exceeded", type: "rate_limit_error" });
    expect(failure.retryAfterMs).toBe(wait);
    expect(failure.shouldRetry).toBeUndefined();
  });

  test("a date is measured from the answer's own when no clock is given, and not guessed without one", () => {
    const headers = { "retry-after": "Sat, 21 Nov 2026 10:00:30 GMT" };
    const body = google(429, "RESOURCE_EXHAUSTED", minute);
    expect(failed(429, body, {}, { ...headers, date: "Sat, 21 Nov 2026 10:00:20 GMT" }).retryAfterMs).toBe(
      10_000,
    );
    expect(failed(429, body, {}, headers).retryAfterMs).toBeUndefined();
  });

  test("a wait longer than the SDKs honour is told in words and not retried", () => {
    const failure = failed(429, google(429, "RESOURCE_EXHAUSTED", "Slow down.", [retryInfo("3600s")]));
    expect(failure).toMatchObject({
      retryAfterMs: 3_600_000,
      shouldRetry: false,
      message: "Slow down. Try again in 3600 s.",
    });
  });

  test.each([
    {
      name: "a quota per day",
      message: minute,
      details: [
        { violations: [{ quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier", quotaValue: "20" }] },
      ],
    },
    { name: "no free tier", message: "Quota exceeded for metric: x, limit: 0, model: y", details: [] },
    { name: "a spend limit", message: "The project has reached its monthly spending limit.", details: [] },
    { name: "billing", message: "Your billing account is closed.", details: [] },
  ])("$name is insufficient_quota and not retried", ({ message, details }) => {
    expect(failed(429, google(429, "RESOURCE_EXHAUSTED", message, details))).toMatchObject({
      status: 429,
      type: "insufficient_quota",
      code: "insufficient_quota",
      shouldRetry: false,
    });
  });

  test("provisioned throughput used up is not retried blindly", () => {
    const message = "Too many requests. Exceeded the Provisioned Throughput.";
    expect(failed(429, google(429, "RESOURCE_EXHAUSTED", message))).toMatchObject({
      code: "rate_limit_exceeded",
      shouldRetry: false,
    });
  });
});

describe("what is to blame", () => {
  test.each([
    "The input token count (1049000) exceeds the maximum number of tokens allowed (1048576).",
    "Unable to submit request because the input token count is 40000 but model only supports up to 32768.",
  ])("too long a context: %s", (message) => {
    expect(failed(400, google(400, "INVALID_ARGUMENT", message))).toMatchObject({
      status: 400,
      code: "context_length_exceeded",
      param: "messages",
    });
  });

  test("a model missing in a location says that the location may be the cause", () => {
    const message =
      "Publisher Model `projects/p/locations/us-central1/publishers/google/models/gemini-3.5-flash` was not found or your project does not have access to it.";
    const failure = failed(404, google(404, "NOT_FOUND", message));
    expect(failure).toMatchObject({ status: 404, code: "model_not_found", param: "model" });
    expect(failure.message).toContain(`this call went to "us-central1"`);
    expect(
      failed(404, google(404, "NOT_FOUND", message.replace("us-central1", "global"))).message,
    ).not.toContain("location may be");
    expect(
      failed(404, google(404, "NOT_FOUND", "No such model."), { location: "europe-west1" }).message,
    ).toContain("europe-west1");
  });

  test("another thing missing is not a model", () => {
    expect(failed(404, google(404, "NOT_FOUND", "Cached content not found."))).toMatchObject({
      code: "not_found",
      param: null,
    });
  });

  test.each([
    { field: "generation_config.temperature", param: "temperature" },
    { field: "generationConfig.stopSequences", param: "stop" },
    { field: "contents[2].parts[0].inline_data.mime_type", param: "messages" },
    { field: "tools[0].function_declarations[3].parameters", param: "tools" },
    { field: "request.generation_config.response_json_schema.properties[x]", param: "response_format" },
    { field: "generation_config.thinking_config.thinking_level", param: "reasoning_effort" },
    { field: "generation_config.temperature_x", param: null },
    { field: "", param: null },
  ])("$field is the caller's $param", ({ field, param }) => {
    const details = [
      {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        fieldViolations: [{ field, description: "d" }],
      },
    ];
    expect(failed(400, google(400, "INVALID_ARGUMENT", "Bad.", details)).param).toBe(param);
  });

  test.each([
    ["Invalid value at 'generation_config.top_p' (TYPE_FLOAT), \"x\"", "top_p"],
    [
      "* GenerateContentRequest.generation_config.response_schema.properties: should be non-empty",
      "response_format",
    ],
    ["Logprobs is not enabled for models/gemini-x", "logprobs"],
    ["Penalty is not enabled for this model", "frequency_penalty"],
    ["Thinking level MINIMAL is not supported for this model.", "reasoning_effort"],
    ["Something else", null],
    ["Unable to submit request because Logprobs is not supported for this model.", "logprobs"],
    ["Unable to submit request because it has a mimeType parameter with value image/x.", "messages"],
    ["Invalid or unsupported file uri: gs://bucket/object", "messages"],
    ["Function calling is not enabled for models/gemini-2.5-flash-tts", "tools"],
    ["Unable to submit request because `f` functionDeclaration `parameters` schema is wrong.", "tools"],
  ])("%s", (message, param) => {
    expect(failed(400, google(400, "INVALID_ARGUMENT", message)).param).toBe(param);
  });
});

describe("other bodies", () => {
  test("a self-deployed model's own errors", () => {
    const openai = { error: { message: "too long", type: "BadRequestError", param: null, code: 400 } };
    expect(failed(400, JSON.stringify(openai))).toMatchObject({ status: 400, message: "too long" });
    const vllm = { object: "error", message: "no such model", type: "NotFoundError", code: 404 };
    expect(failed(404, JSON.stringify(vllm))).toMatchObject({ status: 404, code: "model_not_found" });
    expect(failed(500, JSON.stringify({ error: "out of memory" }))).toMatchObject({
      status: 500,
      message: "out of memory",
    });
  });

  test.each([
    {
      status: 502,
      body: "<!DOCTYPE html><html><title>secret page</title></html>",
      out: 502,
      code: "bad_upstream_response",
    },
    { status: 200, body: "<html>secret page</html>", out: 502, code: "bad_upstream_response" },
    { status: 400, body: "<html>secret page</html>", out: 502, code: "bad_upstream_response" },
    { status: 302, body: "", out: 502, code: "bad_upstream_response" },
    { status: 404, body: "<html>secret page</html>", out: 404, code: "not_found" },
    { status: 413, body: "<html>secret page</html>", out: 413, code: "request_too_large" },
    { status: 429, body: "secret page", out: 429, code: "rate_limit_exceeded" },
    { status: 503, body: "", out: 503, code: "overloaded" },
    { status: 504, body: "upstream request timeout: secret page", out: 504, code: "timeout" },
    { status: 500, body: "{", out: 500, code: "internal_error" },
    { status: 500, body: "[]", out: 500, code: "internal_error" },
    { status: 403, body: "null", out: 403, code: "permission_denied" },
  ])("F-30 $status with $body -> $out $code, and no page text", ({ status, body, out, code }) => {
    const failure = failed(status, body);
    expect(failure).toMatchObject({ status: out, code });
    expect(failure.message).not.toContain("secret page");
    expect(failure.message).toContain(String(status));
  });

  test("an error in an answer of 200 has the status inside it", () => {
    expect(failed(200, google(503, "UNAVAILABLE", "high demand"))).toMatchObject({
      status: 503,
      code: "overloaded",
    });
    expect(failed(200, `{"error":{"message":"x"}}`)).toMatchObject({ status: 502 });
  });

  test("a page inside the envelope, or a text without end, is not passed on", () => {
    expect(failed(500, google(500, "INTERNAL", "<html>secret page</html>")).message).not.toContain("secret");
    expect(failed(500, google(500, "INTERNAL", "x".repeat(1e6))).message.length).toBeLessThan(2100);
  });

  test.each([[{ candidates: [] }], [[]], [[{ candidates: [] }]], [null], ["error"], [1], [{ error: null }]])(
    "no error in the event %j",
    (event) => {
      expect(errorInEvent(event)).toBeUndefined();
    },
  );

  test("any body gives a failure a client can be sent", () => {
    const error = fc.record(
      { code: fc.jsonValue(), status: fc.jsonValue(), message: fc.jsonValue(), details: fc.jsonValue() },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      error.map((value) => JSON.stringify({ error: value })),
      error.map((value) => JSON.stringify([value, { error: value }])),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        body,
        fc.dictionary(fc.string(), fc.string()),
        (status, text, headers) => {
          const failure = failureOf(toFailure(status, headers, text));
          expect(failure.status).toBeGreaterThanOrEqual(400);
          expect(failure.status).toBeLessThan(600);
          expect(failure.message.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});
