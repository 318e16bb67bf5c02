/** Whole answers: JSON, Google's error envelope, and the HTML page of Google's front end. */
import type { ServerResponse } from "node:http";
import type { FaultPlan } from "../faults.ts";
import type { GoogleApiError } from "../google-error.ts";
import { BodyWriter } from "./body-writer.ts";

/** @throws {BodyEnded} when a fault cut the body. */
export async function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  faults: FaultPlan = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  let text = `${JSON.stringify(body, null, 2)}\n`;
  if (faults.malformedJsonAfter !== undefined) text = text.slice(0, Math.floor(text.length / 2));
  await sendText(response, status, "application/json; charset=UTF-8", text, faults, headers);
}

export async function sendText(
  response: ServerResponse,
  status: number,
  contentType: string,
  text: string,
  faults: FaultPlan = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const plain = faults.gzip !== true;
  response.writeHead(status, {
    "content-type": contentType,
    ...(plain ? { "content-length": Buffer.byteLength(text) } : {}),
    ...BodyWriter.headers(faults),
    ...headers,
  });
  const writer = new BodyWriter(response, faults);
  if (text !== "") await writer.write(text);
  await writer.end();
}

/**
 * Google's envelope: an object, but an array of one when a stream without `alt=sse` was asked for.
 * @throws {BodyEnded} when a fault cut the body.
 */
export async function sendError(
  response: ServerResponse,
  error: GoogleApiError,
  asArray = false,
  faults: FaultPlan = {},
): Promise<void> {
  const body = error.toBody();
  await sendJson(response, error.code, asArray ? [body] : body, faults, error.headers);
}

/** The page that the front end sends for paths no service knows, and when it fails itself. */
export async function sendHtml(response: ServerResponse, status: number, path: string): Promise<void> {
  const said =
    status === 404
      ? `The requested URL <code>${escapeHtml(path)}</code> was not found on this server.`
      : "The server encountered a temporary error and could not complete your request.<p>Please try again in 30 seconds.";
  const page = `<!DOCTYPE html>
<html lang=en>
  <meta charset=utf-8>
  <title>Error ${status}!!1 (emulated)</title>
  <p><b>${status}.</b> <ins>That's an error.</ins>
  <p>${said}  <ins>That's all we know.</ins>
`;
  await sendText(response, status, "text/html; charset=UTF-8", page);
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
