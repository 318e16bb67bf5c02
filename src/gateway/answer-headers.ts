import type { Call } from "./exchange.ts";

/** The one version that OpenAI's API has ever named; some clients' logs and proxies look for it. */
const OPENAI_VERSION = "2020-10-01";

/** Headers that go with every answer of a chat route. */
export function answerHeaders(call: Call): Record<string, string> {
  return { "x-request-id": call.requestId, "openai-version": OPENAI_VERSION };
}

/** Adds what an answer that begins now has besides: for a stream that is before its first chunk. Returns the same object. */
export function timed(headers: Record<string, string>, startedAt: number): Record<string, string> {
  headers["openai-processing-ms"] = String(Math.round(performance.now() - startedAt));
  return headers;
}
