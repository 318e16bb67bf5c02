import { toErrorAnswer } from "./error-answer.ts";
import type { Reply } from "./exchange.ts";

/** A whole JSON answer in one write. */
export function sendJson(
  reply: Reply,
  status: number,
  headers: Record<string, string>,
  value: unknown,
): void {
  if (reply.closed) return;
  const text = JSON.stringify(value);
  reply.head(status, {
    ...headers,
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(text)),
  });
  reply.end(text);
}

/** The answer to anything thrown before the first byte of an answer was sent. */
export function sendError(
  reply: Reply,
  headers: Record<string, string>,
  requestId: string,
  error: unknown,
): void {
  const answer = toErrorAnswer(error, requestId);
  sendJson(reply, answer.status, { ...headers, ...answer.headers }, answer.body);
}
