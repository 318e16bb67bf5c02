import type { RequestRecord } from "../observe/request-record.ts";
import { toErrorAnswer } from "./error-answer.ts";
import type { Reply } from "./exchange.ts";

/** Says how the request ended, where that is known before the head of its answer is sent. */
export const OUTCOME_HEADER = "x-pollux-outcome";

/**
 * A whole JSON answer in one write.
 * @param headers of this answer alone: those that go with its body are added to them
 */
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
  headers[OUTCOME_HEADER] = record.outcome ?? "completed";
  headers["content-type"] = contentType;
  headers["content-length"] = String(Buffer.byteLength(text));
  record.headSent(status);
  reply.head(status, headers);
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
  sendJson(reply, record, answer.status, Object.assign(headers, answer.headers), answer.body);
}
