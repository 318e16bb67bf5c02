/** docs/errors.md: each error made by the code that makes it, and shown as a client gets it. */
import { GatewayError, invalidRequest, type Failure } from "../../src/errors.ts";
import { toErrorAnswer } from "../../src/gateway/error-answer.ts";
import { type LoadCode, refusedUnderLoad } from "../../src/gateway/load-refusal.ts";
import { parseBody } from "../../src/gateway/json-body.ts";
import { errorInEvent, toFailure } from "../../src/translate/gemini-to-openai/error.ts";
import { checkLoopbackHost } from "../../src/server/host-check.ts";
import { noRoute } from "../../src/server/no-route.ts";
import { SseReader } from "../../src/wire/sse.ts";
import {
  badAnswer,
  busyFailure,
  connectFailure,
  exchangeFailure,
  timeoutFailure,
} from "../../src/upstreams/transport-error.ts";
import { BodyGatherer } from "../../src/gateway/gather.ts";
import { completionOf, cutStream, FINISH_REASONS, finishOf } from "./answers.ts";
import { code, table } from "./markdown.ts";

const COLUMNS = ["Code", "Status", "`type`", "When", "SDKs repeat it"];

/** The tables by the name that the template gives them. */
export function errorTables(): Record<string, string> {
  return {
    "own-errors": table(COLUMNS, ownErrors().map(row)),
    "google-errors": table(["Google's status", ...COLUMNS.filter((title) => title !== "When")], GOOGLE.map(googleRow)),
    "way-errors": table(COLUMNS, wayErrors().map(row)),
  };
}

type Example = readonly [when: string, error: unknown];

function row([when, error]: Example): string[] {
  const [name, status, type, repeats] = cells(error);
  return [name, status, type, when, repeats];
}

function googleRow([status, httpStatus]: readonly [string, number]): string[] {
  const body = JSON.stringify({ error: { code: httpStatus, status, message: "Words of Google's." } });
  return [code(status), ...cells(toFailure(httpStatus, {}, body, { credentials: "caller" }))];
}

function cells(error: unknown): [name: string, status: string, type: string, repeats: string] {
  const { status, headers, body } = toErrorAnswer(error, "req_1");
  const name = body.error.code === null ? "null" : code(body.error.code);
  return [name, String(status), code(body.error.type), repeats(status, headers["x-should-retry"])];
}

/** The official SDKs' own rule, unless the header says otherwise. */
function repeats(status: number, should: string | undefined): string {
  const bySdk = status === 408 || status === 409 || status === 429 || status >= 500;
  return (should === undefined ? bySdk : should === "true") ? "yes" : "no";
}

const failed = (failure: Failure): GatewayError => new GatewayError(failure, "");

const underLoad = (code: LoadCode): GatewayError => refusedUnderLoad({ code, shed: "in_flight", message: "" }, 0);

/** What a function throws. */
function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

function ownErrors(): Example[] {
  return [
    ["a field is wrong; `param` names it", invalidRequest("temperature", "")],
    ["the body is not JSON", thrown(() => parseBody(Buffer.from("{")))],
    [
      "a `gs://` bucket or a host that callers may not name: see [media](security.md#media)",
      invalidRequest(null, "", "media_not_allowed"),
    ],
    ["with `media.fetch: proxy`, a URL could not be read, whatever the reason", invalidRequest(null, "", "media_not_read")],
    ["more messages, parts, tools or stop sequences than [the limits](limits.md) allow", failed({ kind: "invalid_request", param: "", code: "array_above_max_length" })],
    ["more media stands in the request than `limits.maxInlineMediaBytes`", failed({ kind: "invalid_request", param: "", code: "inline_media_too_large" })],
    ["an access key is missing or wrong, or no Google token was sent where one is needed", failed({ kind: "unauthenticated" })],
    ["without access keys, the request's `Host` is not this machine", thrown(() => checkLoopbackHost("example.com"))],
    [
      "the path names a project that the gateway's credentials are not for",
      failed({ kind: "permission_denied", code: "project_not_allowed" }),
    ],
    ["there is no such path", noRoute("GET", "/v2")],
    ["the path has no such method; `allow` names those it has", noRoute("GET", "/v1/chat/completions")],
    ["the model is another publisher's, or not in the catalogue (`/v1/models/{model}`)", failed({ kind: "model_not_found", model: "" })],
    [
      "a self-deployed endpoint is asked for where the Gemini API answers, or Vertex AI in express mode",
      failed({ kind: "not_found", code: "endpoint_not_available" }),
    ],
    ["the request did not arrive in time", failed({ kind: "request_timeout", afterMs: 0 })],
    ["the body is larger than `POLLUX_MAX_BODY_BYTES`", failed({ kind: "payload_too_large", maxBytes: 0 })],
    ["the body is compressed, not UTF-8, or of another type than JSON", failed({ kind: "unsupported_media_type" })],
    ["more wrong or missing access keys come from one address in a second than `limits.failedKeysPerSecond`", underLoad("failed_key_limit")],
    ["as many requests with this access key are under way as `limits.maxInFlightPerKey`, and no more may wait or the wait was too long", underLoad("key_in_flight_limit")],
    ["`limits.maxInFlight` requests are under way, and `limits.maxQueue` wait", underLoad("queue_full")],
    ["the request waited for `limits.maxQueueMs`, and its turn did not come", underLoad("queue_timeout")],
    ["`limits.maxStreams` answers are being streamed", underLoad("stream_limit")],
    ["the request bodies under way leave no room for this one (`limits.maxBodyBytesInFlight`)", underLoad("body_memory_limit")],
    ["the process is short of memory or of time (`limits.shed`), or shutting down", underLoad("overloaded")],
    ["a bug; the message holds only the request id", new Error("a bug")],
  ];
}

const GOOGLE: readonly (readonly [status: string, httpStatus: number])[] = [
  ["INVALID_ARGUMENT", 400],
  ["FAILED_PRECONDITION", 400],
  ["OUT_OF_RANGE", 400],
  ["UNAUTHENTICATED", 401],
  ["PERMISSION_DENIED", 403],
  ["NOT_FOUND", 404],
  ["ALREADY_EXISTS", 409],
  ["ABORTED", 409],
  ["RESOURCE_EXHAUSTED", 429],
  ["CANCELLED", 499],
  ["INTERNAL", 500],
  ["UNKNOWN", 500],
  ["DATA_LOSS", 500],
  ["UNIMPLEMENTED", 501],
  ["UNAVAILABLE", 503],
  ["DEADLINE_EXCEEDED", 504],
];

const ORIGIN = "https://aiplatform.googleapis.com";

function systemError(name: string): Error {
  return Object.assign(new Error(name), { code: name });
}

function google(httpStatus: number, status: string, message: string, details: object[] = []): GatewayError {
  return toFailure(httpStatus, {}, JSON.stringify({ error: { code: httpStatus, status, message, details } }));
}

function wayErrors(): Example[] {
  return [
    ["the prompt is longer than the model's context", google(400, "INVALID_ARGUMENT", "The input token count (9) exceeds the maximum number of tokens allowed (8).")],
    ["Google does not know the model, or not in this location", google(404, "NOT_FOUND", "Publisher Model `x` was not found.")],
    ["a quota is used up that no short wait brings back", google(429, "RESOURCE_EXHAUSTED", "Quota exceeded, limit: 0")],
    ["Google asks to wait for more than a minute", google(429, "RESOURCE_EXHAUSTED", "Slow down.", [{ retryDelay: "90s" }])],
    ["Google refuses the gateway's own credentials, or issues no token for them", google(401, "UNAUTHENTICATED", "No.")],
    ["Google refuses the request in a way that has no name here", google(418, "", "No.")],
    ["the request is too large for Google", toFailure(413, {}, "<html>")],
    ["no connection was made", connectFailure(ORIGIN, systemError("ECONNREFUSED"))],
    ["the host does not exist", connectFailure(ORIGIN, systemError("ENOTFOUND"))],
    ["no secure connection", connectFailure(ORIGIN, systemError("CERT_HAS_EXPIRED"))],
    ["all connections to the host are in use", busyFailure(ORIGIN)],
    ["the connection was lost before the answer was complete", exchangeFailure(ORIGIN, systemError("ECONNRESET"), true)],
    ["the answer is not HTTP", badAnswer(ORIGIN, "")],
    ["the answer is not a Gemini answer", toFailure(302, {}, "<html>")],
    ["a whole answer is larger than the gateway takes", thrown(() => new BodyGatherer(1).push(Buffer.from("ab")))],
    [
      "a stream event is larger than the gateway takes",
      thrown(() => new SseReader({ maxEventBytes: 1, onEvent: () => {}, onStray: () => {} }).push(Buffer.from("data: abc\n\n"))),
    ],
    ["an answer ended without saying why", thrown(cutStream)],
    ["no connection within `POLLUX_CONNECT_TIMEOUT_MS`", timeoutFailure(ORIGIN, "connect", 1)],
    ["no first byte within `POLLUX_FIRST_BYTE_TIMEOUT_MS`", timeoutFailure(ORIGIN, "first_byte", 1)],
    ["silence inside an answer for `POLLUX_IDLE_TIMEOUT_MS`", timeoutFailure(ORIGIN, "idle", 1)],
    ["no whole answer within `POLLUX_TOTAL_TIMEOUT_MS`", timeoutFailure(ORIGIN, "total", 1)],
    ["an error inside a started stream, as one event", errorInEvent({ error: { code: 503, status: "UNAVAILABLE", message: "Busy." } })],
    ...unusableAnswers(),
  ];
}

/** One for each code that an answer without use comes to. */
function unusableAnswers(): Example[] {
  const nothing = { calledTools: false, legacyFunctions: false, hasOutput: false };
  const reasons = FINISH_REASONS.filter((reason) => finishOf(reason, nothing).startsWith("error"));
  const byCode = Map.groupBy(reasons, (reason) => finishOf(reason, nothing));
  return [...byCode.values()].map(([reason = ""]) => [
    `the answer is of no use: \`finishReason\` ${reason === "OTHER" ? "OTHER or one that is newer than this gateway" : code(reason)}`,
    thrown(() => completionOf({ gemini: { candidates: [{ content: { parts: [] }, finishReason: reason }] } })),
  ]);
}
