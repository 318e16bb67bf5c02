import type { RequestRecord } from "../observe/request-record.ts";
import { toErrorAnswer } from "./error-answer.ts";
import type { Reply } from "./exchange.ts";

/** Says how the request ended, where that is known before the head of its answer is sent. */
export const OUTCOME_HEADER = "x-pollux-outcome";

/** A whole JSON answer in one write. */
export function sendJson(
  reply: Reply,
  record: RequestRecord,
  status: number,
  headers: Record<string, string>,
  value: unknown,
): void {
  if (reply.closed) return;
  const text = JSON.stringify(value);
  const outcome = record.outcome ?? "completed";
  record.headSent(status);
  reply.head(status, {
    ...headers,
    [OUTCOME_HEADER]: outcome,
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(text)),
  });
  reply.end(text);
}

/** The answer to anything thrown before the first byte of an answer was sent. */
export function sendError(
  reply: Reply,
  record: RequestRecord,
  headers: Record<string, string>,
  error: unknown,
): void {
  record.fail(error);
  const answer = toErrorAnswer(error, record.requestId, Math.random());
  sendJson(reply, record, answer.status, { ...headers, ...answer.headers }, answer.body);
}
