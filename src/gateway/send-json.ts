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
  sendText(reply, record, status, headers, JSON.stringify(value));
}

/** The same with text of any kind. */
export function sendText(
  reply: Reply,
  record: RequestRecord,
  status: number,
  headers: Record<string, string>,
  text: string,
  contentType = "application/json",
): void {
  if (reply.closed) return;
  const outcome = record.outcome ?? "completed";
  record.headSent(status);
  reply.head(status, {
    ...headers,
    [OUTCOME_HEADER]: outcome,
    "content-type": contentType,
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
