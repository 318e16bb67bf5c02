/** Writes streams: server-sent events, or Google's one JSON array sent piece by piece (without `alt=sse`). */
import type { ServerResponse } from "node:http";
import type { FaultPlan } from "../faults.ts";
import { GoogleApiError, rpcStatusFor } from "../google-error.ts";
import { BodyWriter } from "./body-writer.ts";

export interface StreamFraming {
  sse: boolean;
  /** Milliseconds between events. */
  paceMs: number;
  faults: FaultPlan;
  /** Line ends of an event; Google ends with CR LF CR LF, most others with LF LF. */
  newline?: "\r\n" | "\n";
  /** Data of a closing event, such as OpenAI's `[DONE]`. */
  closing?: string;
}

/** @throws {BodyEnded} when the client left or a fault cut the stream. */
export async function writeStream(
  response: ServerResponse,
  events: readonly object[],
  { sse, paceMs, faults, newline = "\r\n", closing }: StreamFraming,
): Promise<void> {
  response.writeHead(200, {
    "content-type": sse ? "text/event-stream" : "application/json; charset=UTF-8",
    "cache-control": "no-cache",
    ...BodyWriter.headers(faults),
  });
  // The status goes out before the first event, as it does at Google.
  response.flushHeaders();
  const writer = new BodyWriter(response, faults);
  const frame = sse ? sseFraming(faults, newline, closing) : arrayFraming();
  if (faults.byteOrderMark === true) await writer.write("\uFEFF");
  let sent = 0;
  let complete = true;
  for (const event of events) {
    if (sent > 0) await writer.pause(faults.paceMs ?? paceMs);
    if (faults.stallAfter === sent) await writer.stall();
    if (faults.cutAfterEvents === sent) await writer.cut();
    if (faults.endAfterEvents === sent) {
      complete = false;
      break;
    }
    if (faults.errorAfter?.events === sent) {
      await writer.write(errorInStream(faults.errorAfter, faults, frame, !sse));
      await writer.end();
      return;
    }
    await writer.write(
      frame.event(faults.malformedJsonAfter === sent ? brokenJson(event) : json(event, sse)),
    );
    sent += 1;
  }
  if (faults.stallAfter !== undefined && faults.stallAfter >= sent) await writer.stall();
  if (faults.cutAfterEvents !== undefined && faults.cutAfterEvents >= sent) await writer.cut();
  if (faults.errorAfter !== undefined) {
    await writer.write(errorInStream(faults.errorAfter, faults, frame, !sse));
    await writer.end();
    return;
  }
  const tail = complete || !sse ? frame.end() : "";
  if (tail !== "") await writer.write(tail);
  await writer.end();
}

interface Framing {
  event(json: string): string;
  end(): string;
}

function sseFraming(faults: FaultPlan, byDefault: "\r\n" | "\n", closing: string | undefined): Framing {
  const newline = faults.newline ?? byDefault;
  const comment = faults.comments === true ? `: emulated${newline}${newline}` : "";
  const event = (text: string): string =>
    `${comment}data:${faults.noSpace === true ? "" : " "}${text}${newline}${newline}`;
  return { event, end: () => (closing === undefined ? "" : event(closing)) };
}

function arrayFraming(): Framing {
  let opened = false;
  return {
    event(text) {
      const prefix = opened ? ",\r\n" : "[";
      opened = true;
      return prefix + text;
    },
    end: () => (opened ? "]" : "[]"),
  };
}

function json(event: object, sse: boolean): string {
  // The array form is pretty-printed, so that one element spans many lines; an SSE event is one line.
  return sse ? JSON.stringify(event) : JSON.stringify(event, null, 2);
}

function brokenJson(event: object): string {
  const whole = JSON.stringify(event);
  return whole.slice(0, Math.max(1, Math.floor(whole.length / 2)));
}

function errorInStream(
  { status, form }: NonNullable<FaultPlan["errorAfter"]>,
  faults: FaultPlan,
  frame: Framing,
  closesArray: boolean,
): string {
  const message =
    faults.message ?? "This model is currently experiencing high demand. Please try again later.";
  const body = new GoogleApiError(rpcStatusFor(status), message, { code: status }).toBody();
  if (form === "raw") return `${JSON.stringify(body, null, 2)}\n`;
  if (form === "array") return `${JSON.stringify([body], null, 2)}\n`;
  return frame.event(JSON.stringify(body)) + (closesArray ? frame.end() : "");
}
