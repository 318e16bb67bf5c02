/** How long an upstream asked to wait, and whether waiting can help at all. */
import { nonEmpty, objects, record, string } from "./lenient.ts";
import type { ReadError } from "./google-error.ts";

export type ResponseHeaders = Record<string, string | string[] | undefined>;

/**
 * Milliseconds to wait: `retry-after-ms`, else `Retry-After` (seconds or an HTTP date), else the `retryDelay` of
 * google.rpc.RetryInfo, which has been seen at several depths. Undefined when nothing was said.
 *
 * @param now milliseconds since the epoch, for HTTP dates; they are left out of account without it
 */
export function retryAfterMs(
  headers: ResponseHeaders,
  error: ReadError | undefined,
  now: number | undefined,
): number | undefined {
  const milliseconds = Number.parseFloat(header(headers, "retry-after-ms") ?? "");
  if (milliseconds >= 0) return bounded(milliseconds);
  const after = header(headers, "retry-after")?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(after)) return bounded(Number(after) * 1000);
  const date = after.endsWith("GMT") ? Date.parse(after) : Number.NaN;
  if (now !== undefined && !Number.isNaN(date)) return bounded(Math.max(0, date - now));
  const delay = error === undefined ? undefined : findDelay(error.details, 0);
  return delay === undefined ? undefined : bounded(delay);
}

/**
 * The quota is one that no wait of a minute brings back: per day, a limit of zero (no free tier for this model),
 * or a matter of billing.
 */
export function isExhausted(error: ReadError): boolean {
  // "Check your plan and billing details" is in every 429 of the Gemini API, those for a minute's quota included.
  const message = (error.message ?? "").replace(/check your plan and billing details/gi, "");
  if (/\blimit:\s*0(?![\d.])/i.test(message)) return true;
  if (
    /\b(billing|spend(ing)? (limit|cap)|prepa(id|yment) credits?|insufficient (funds|balance))\b/i.test(
      message,
    )
  ) {
    return true;
  }
  return error.details.some((detail) =>
    objects(detail["violations"]).some((violation) => {
      const id = string(violation["quotaId"]) ?? "";
      return /PerDay/i.test(id) || violation["quotaValue"] === "0";
    }),
  );
}

const MAX_DEPTH = 6;

/** The first `retryDelay` in the tree: `"27s"`, `"1.5s"`, or protobuf's `{seconds, nanos}`. */
function findDelay(value: unknown, depth: number): number | undefined {
  if (depth > MAX_DEPTH) return undefined;
  if (Array.isArray(value)) {
    for (const entry of value.slice(0, 50)) {
      const found = findDelay(entry, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const given = record(value);
  if (given === undefined) return undefined;
  const delay = toMilliseconds(given["retryDelay"]);
  return delay ?? findDelay(Object.values(given), depth + 1);
}

function toMilliseconds(delay: unknown): number | undefined {
  const text = nonEmpty(delay);
  if (text !== undefined) {
    const seconds = /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(text)?.[1];
    return seconds === undefined ? undefined : Number(seconds) * 1000;
  }
  const seconds = Number(record(delay)?.["seconds"]);
  return seconds >= 0 ? seconds * 1000 : undefined;
}

/** A week: longer is noise, and must not overflow a timer or a header. */
const LONGEST_MS = 7 * 24 * 3600 * 1000;

function bounded(milliseconds: number): number {
  return Math.min(Math.ceil(milliseconds), LONGEST_MS);
}

function header(headers: ResponseHeaders, name: string): string | undefined {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  return Array.isArray(value) ? value[0] : value;
}
