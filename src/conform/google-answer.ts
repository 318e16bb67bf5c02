/** Writes one scripted answer of Google's to one call. */
import type { ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { GoogleAnswer } from "./case-schema.ts";

const BEFORE_RESET_MS = 30;
const NEWLINES = { lf: "\n", crlf: "\r\n", cr: "\r" } as const;

export interface AnswerTo {
  /** The call asked for server-sent events. */
  streamed: boolean;
  /** The call asked for a stream as one JSON list: `streamGenerateContent` without `alt=sse`. */
  asList: boolean;
  /** Ends what waits, when the caller has left or the exchange is over. */
  signal: AbortSignal;
  /** Told before the answer itself ends the connection. */
  breaking: () => void;
}

/** Resolves when all is written; an answer that hangs resolves at once, with the connection open. */
export async function writeAnswer(
  response: ServerResponse,
  answer: GoogleAnswer,
  to: AnswerTo,
): Promise<void> {
  const { delay_ms = 0, end = "clean", status = 200, headers = {} } = answer;
  if (delay_ms > 0) await pause(delay_ms, undefined, { signal: to.signal });
  const events = eventsOf(answer, to, status);
  if (events !== undefined) return writeEvents(response, events, answer, to);
  const text = answer.raw ?? (Object.hasOwn(answer, "json") ? JSON.stringify(answer.json) : undefined);
  if (text === undefined) {
    // Nothing at all, not even a head.
    if (end === "cut" || end === "reset") breakOff(response, end, to);
    return;
  }
  const bytes = Buffer.from(text);
  response.writeHead(status, {
    "content-type": "application/json; charset=UTF-8",
    "content-length": bytes.length,
    ...headers,
  });
  const whole = end === "clean";
  await write(response, whole ? bytes : bytes.subarray(0, bytes.length >> 1), answer.pieces, to.signal);
  if (whole) response.end();
  else if (end !== "hang") await breakOffWritten(response, end, to);
}

/** A call that asked for a stream gets whatever succeeds as events: that is how Google answers it. */
function eventsOf(answer: GoogleAnswer, to: AnswerTo, status: number): unknown[] | undefined {
  if (answer.events !== undefined) return answer.events;
  const succeeds = status < 300 && Object.hasOwn(answer, "json") && (answer.end ?? "clean") === "clean";
  return (to.streamed || to.asList) && succeeds ? [answer.json] : undefined;
}

async function writeEvents(
  response: ServerResponse,
  events: readonly unknown[],
  answer: GoogleAnswer,
  to: AnswerTo,
): Promise<void> {
  const { status = 200, headers = {}, newline = "crlf", gap_ms = 0, bom = false, end = "clean" } = answer;
  if (!to.streamed && !to.asList) {
    response.writeHead(500, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: { code: 500, status: "INTERNAL", message: NOT_A_STREAM } }));
    return;
  }
  const type = to.streamed ? "text/event-stream" : "application/json; charset=UTF-8";
  response.writeHead(status, { "content-type": type, ...headers });
  response.flushHeaders();
  const n = NEWLINES[newline];
  for (const [index, event] of events.entries()) {
    if (index > 0 && gap_ms > 0) await pause(gap_ms, undefined, { signal: to.signal });
    const text = to.streamed
      ? (rawText(event) ?? `data: ${JSON.stringify(event)}${n}${n}`)
      : `${index === 0 ? "[" : ",\r\n"}${JSON.stringify(event)}\n`;
    await write(response, Buffer.from(bom && index === 0 ? `\ufeff${text}` : text), answer.pieces, to.signal);
  }
  if (!to.streamed && end === "clean") response.write("]");
  if (end === "clean") response.end();
  else if (end !== "hang") await breakOffWritten(response, end, to);
}

const NOT_A_STREAM = "The case scripts a stream, but this call asked for a whole answer.";

/** `{ raw: text }`: bytes as they are. */
function rawText(event: unknown): string | undefined {
  if (typeof event !== "object" || event === null || Array.isArray(event)) return undefined;
  const keys = Object.keys(event);
  const { raw } = event as { raw?: unknown };
  return keys.length === 1 && typeof raw === "string" ? raw : undefined;
}

/** In pieces of `pieces` bytes, each a packet of its own where the network is kind; else all at once. */
async function write(
  response: ServerResponse,
  bytes: Buffer,
  pieces: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (pieces === undefined) {
    response.write(bytes);
    return;
  }
  for (let at = 0; at < bytes.length; at += pieces) {
    signal.throwIfAborted();
    response.write(bytes.subarray(at, at + pieces));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The connection ends without the rest of its framing, once what is written has had time to arrive. */
async function breakOffWritten(response: ServerResponse, how: "cut" | "reset", to: AnswerTo): Promise<void> {
  await new Promise<void>((resolve) => response.write("", () => resolve()));
  // A reset throws away what the other side has not read yet.
  await pause(BEFORE_RESET_MS, undefined, { signal: to.signal });
  breakOff(response, how, to);
}

function breakOff(response: ServerResponse, how: "cut" | "reset", to: AnswerTo): void {
  to.breaking();
  const { socket } = response;
  if (how === "reset") socket?.resetAndDestroy();
  else socket?.destroy();
}
