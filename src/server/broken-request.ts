/** Requests that never became one: answered without the gateway, in OpenAI's shape all the same. */
import { OUTCOME_HEADER } from "../gateway/send-json.ts";
import type { RequestRecord } from "../observe/request-record.ts";
import type { ErrorBody } from "../wire/openai.ts";
import { headText } from "./head-text.ts";
import type { HttpReply } from "./http-reply.ts";

export interface Refusal {
  status: number;
  code: string;
  message: string;
  outcome: "refused.http" | "slow_client.sending";
}

/** @param why what is wrong with it, as `FramingError` says it */
export function malformed(why: string): Refusal {
  return {
    status: 400,
    code: "malformed_http",
    message: `The request is not valid HTTP/1.1: ${why}.`,
    outcome: "refused.http",
  };
}

export const TOO_LARGE_HEAD: Refusal = {
  status: 431,
  code: "headers_too_large",
  message: "The request's headers are larger than the gateway takes.",
  outcome: "refused.http",
};

export const TIMED_OUT: Refusal = {
  status: 408,
  code: "request_timeout",
  message: "The request did not arrive in time.",
  outcome: "slow_client.sending",
};

/** For CONNECT: this is no forward proxy. */
export const TUNNEL: Refusal = {
  status: 405,
  code: "method_not_allowed",
  message: "CONNECT is not supported: this is an API server and not a proxy.",
  outcome: "refused.http",
};

/** HTTP/1.1 asks for a Host (RFC 9112, section 3.2). */
export const MISSING_HOST: Refusal = {
  ...malformed("it has no Host header"),
  message: "The request has no Host header.",
};

/** For an `Expect` other than `100-continue` (RFC 9110, section 10.1.1). */
export const EXPECTATION: Refusal = {
  status: 417,
  code: "expectation_failed",
  message: "The only expectation that can be met is Expect: 100-continue.",
  outcome: "refused.http",
};

/** A whole answer, after which the connection is closed. */
export function refusalText(refusal: Refusal, requestId: string): string {
  const { text, headers } = answerOf(refusal, requestId);
  return `${headText(refusal.status, { ...headers, connection: "close" })}\r\n${text}`;
}

/** Refuses a request that has become one. */
export function refuse(reply: HttpReply, record: RequestRecord, refusal: Refusal): void {
  const { text, headers } = answerOf(refusal, record.requestId);
  record.settle(refusal.outcome);
  reply.last = true;
  reply.head(refusal.status, headers);
  reply.end(text);
}

function answerOf(
  { message, code, outcome }: Refusal,
  requestId: string,
): { text: string; headers: Record<string, string> } {
  const body: ErrorBody = { error: { message, type: "invalid_request_error", param: null, code } };
  const text = JSON.stringify(body);
  const headers = {
    "content-type": "application/json",
    "x-request-id": requestId,
    [OUTCOME_HEADER]: outcome,
    "content-length": String(Buffer.byteLength(text)),
  };
  return { text, headers };
}
