/** Writes `streamGenerateContent`: server-sent events with `alt=sse`, otherwise one JSON array sent piece by piece. */
import type { ServerResponse } from "node:http";
import type { GenerateContentResponse } from "../../wire/gemini.ts";
import type { FaultPlan } from "../faults.ts";
import { GoogleApiError, rpcStatusFor } from "../google-error.ts";
import { BodyWriter } from "./body-writer.ts";

export interface StreamFraming {
  sse: boolean;
  /** Milliseconds between events. */
  paceMs: number;
  faults: FaultPlan;
}

/** @throws {BodyEnded} when the client left or a fault cut the stream. */
export async function writeStream(
  response: ServerResponse,
  events: readonly GenerateContentResponse[],
  { sse, paceMs, faults }: StreamFraming,
): Promise<void> {
  response.writeHead(200, {
    "content-type": sse ? "text/event-stream" : "application/json; charset=UTF-8",
    "cache-control": "no-cache",
    ...BodyWriter.headers(faults),
  });
  // The status goes out before the first event, as it does at Google.
  response.flushHeaders();
  const writer = new BodyWriter(response, faults);
  const frame = sse ? sseFraming(faults) : arrayFraming();
  if (faults.byteOrderMark === true) await writer.write("\uFEFF");
  let sent = 0;
  for (const event of events) {
    if (sent > 0) await writer.pause(faults.paceMs ?? paceMs);
    if (faults.stallAfter === sent) await writer.stall();
    if (faults.cutAfterEvents === sent) writer.cut();
    if (faults.endAfterEvents === sent) break;
    if (faults.errorAfter?.events === sent) {
      await writer.write(errorInStream(faults.errorAfter, faults, frame));
      writer.end();
      return;
    }
    await writer.write(
      frame.event(faults.malformedJsonAfter === sent ? brokenJson(event) : json(event, sse)),
    );
    sent += 1;
  }
  if (faults.stallAfter !== undefined && faults.stallAfter >= sent) await writer.stall();
  if (faults.cutAfterEvents !== undefined && faults.cutAfterEvents >= sent) writer.cut();
  if (faults.errorAfter !== undefined) {
    await writer.write(errorInStream(faults.errorAfter, faults, frame));
    writer.end();
    return;
  }
  const tail = frame.end();
  if (tail !== "") await writer.write(tail);
  writer.end();
}

interface Framing {
  event(json: string): string;
  end(): string;
}

function sseFraming(faults: FaultPlan): Framing {
  // Google ends events with CR LF CR LF; the SSE standard also allows LF LF and CR CR.
  const newline = faults.newline ?? "\r\n";
  const comment = faults.comments === true ? `: emulated${newline}${newline}` : "";
  return {
    event: (text) => `${comment}data:${faults.noSpace === true ? "" : " "}${text}${newline}${newline}`,
    end: () => "",
  };
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

function json(event: GenerateContentResponse, sse: boolean): string {
  // The array form is pretty-printed, so that one element spans many lines; an SSE event is one line.
  return sse ? JSON.stringify(event) : JSON.stringify(event, null, 2);
}

function brokenJson(event: GenerateContentResponse): string {
  const whole = JSON.stringify(event);
  return whole.slice(0, Math.max(1, Math.floor(whole.length / 2)));
}

function errorInStream(
  { status, form }: NonNullable<FaultPlan["errorAfter"]>,
  faults: FaultPlan,
  frame: Framing,
): string {
  const message =
    faults.message ?? "This model is currently experiencing high demand. Please try again later.";
  const body = new GoogleApiError(rpcStatusFor(status), message, { code: status }).toBody();
  if (form === "raw") return `${JSON.stringify(body, null, 2)}\n`;
  if (form === "array") return `${JSON.stringify([body], null, 2)}\n`;
  return frame.event(JSON.stringify(body)) + frame.end();
}
