/** Bytes of a request body to one trusted-to-be-bounded JSON object. */
import { isUtf8 } from "node:buffer";
import { GatewayError, invalidRequest } from "../errors.ts";
import { jsonExtent, type JsonLimits, type StringRange } from "../wire/json-extent.ts";
import { header, type RequestHeaders } from "./exchange.ts";
import { parseAroundMedia } from "./inline-media.ts";

/**
 * 100 levels are deeper than any schema a model takes and keep every later recursive walk within the stack;
 * 250,000 values are far above real requests, and few enough that walking them stalls nobody.
 */
const DEFAULT_LIMITS: JsonLimits = { maxDepth: 100, maxValues: 250_000 };

/**
 * Refuses what is not JSON by its headers. `curl -d` labels its body as a form and some clients send no type at all:
 * both are taken as JSON, but never from a browser page of another origin, which could otherwise reach a
 * gateway on its visitor's machine without asking first.
 */
export function checkBodyHeaders(headers: RequestHeaders): void {
  const type = header(headers, "content-type");
  const encoding = header(headers, "content-encoding");
  // As nearly all clients say it.
  if (type === "application/json" && encoding === undefined) return;
  if (encoding !== undefined && encoding !== "identity") {
    throw new GatewayError(
      { kind: "unsupported_media_type" },
      `Compressed request bodies are not accepted (content-encoding: ${printable(encoding)}); send plain JSON.`,
    );
  }
  const [essence = "", ...parameters] = (type ?? "")
    .toLowerCase()
    .split(";")
    .map((piece) => piece.trim());
  const lenient = essence === "" || essence === "application/x-www-form-urlencoded";
  const json = essence === "application/json" || /^application\/[\w.-]+\+json$/.test(essence);
  const fromPage = header(headers, "origin") !== undefined;
  const charset = parameters
    .find((parameter) => parameter.startsWith("charset="))
    ?.slice(8)
    .replaceAll('"', "");
  const charsetOk = charset === undefined || charset === "utf-8" || charset === "utf8";
  if ((json || (lenient && !fromPage)) && charsetOk) return;
  throw new GatewayError(
    { kind: "unsupported_media_type" },
    `The body must be JSON in UTF-8: send content-type: application/json (this request has ${printable(type ?? "no content-type")}).`,
  );
}

/**
 * Parses a body. With a key given twice, the last one counts, here and everywhere after (there is one parse). Long
 * base64 in a content part is a `Base64Text` in place of a string; it refers to `body`, which must not change.
 * @throws GatewayError `invalid_request` for anything but a JSON object of sane size.
 */
export function parseBody(body: Buffer, limits: JsonLimits = DEFAULT_LIMITS): Record<string, unknown> {
  if (body.length === 0) throw invalidRequest(null, "The request body is empty; send a JSON object.");
  if (!isUtf8(body)) throw invalidRequest(null, "The request body is not valid UTF-8.");
  const longStrings: StringRange[] = [];
  checkExtent(body, limits, longStrings);
  const from = startsWithBom(body) ? 3 : 0;
  const value = parseAroundMedia(body, from, longStrings, tryParse) ?? parseJson(body.toString("utf8", from));
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalidRequest(null, "The request body must be a JSON object.");
  }
  return value as Record<string, unknown>;
}

function checkExtent(body: Buffer, limits: JsonLimits, longStrings: StringRange[]): void {
  const { exceeded } = jsonExtent(body, limits, longStrings);
  if (exceeded === "maxDepth") {
    throw invalidRequest(null, `The request body is nested deeper than ${limits.maxDepth} levels.`);
  }
  if (exceeded === "maxValues") {
    throw invalidRequest(null, `The request body holds more than ${limits.maxValues} values.`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const value = parseJoined(text);
    if (value !== undefined) return value;
    throw invalidRequest(null, `The request body is not valid JSON: ${reason(error)}`, "invalid_json");
  }
}

/** Undefined for what `parseJson` refuses. */
function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parseJoined(text);
  }
}

/**
 * Google's guide prints curl commands whose quoted body ends its lines in a backslash, which then is part of the body.
 * Such a body is read as if the backslash were not there; one inside a JSON string stays an error, as a bare line
 * break is no better there. Undefined if it is no such body.
 */
function parseJoined(text: string): unknown {
  const joined = text.replace(/\\[ \t]*(\r?\n|$)/g, "$1");
  if (joined === text) return undefined;
  try {
    return JSON.parse(joined);
  } catch {
    return undefined;
  }
}

function startsWithBom(body: Buffer): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
}

/** The parser's complaint without the excerpt of the body that V8 puts into it. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  const position = /at position \d+( \(line \d+ column \d+\))?/.exec(message)?.[0];
  const what =
    message.startsWith("Unexpected end") || message.startsWith("Unterminated")
      ? "it ends too early"
      : "unexpected character";
  return position === undefined ? `${what}.` : `${what} ${position}.`;
}

function printable(text: string): string {
  return text.slice(0, 80).replace(/[^\x20-\x7e]/g, "?");
}
