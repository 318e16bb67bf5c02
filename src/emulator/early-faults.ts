/** Faults that take the place of an answer: delays, refusals, pages, silence. */
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { FaultPlan } from "./faults.ts";
import { GoogleApiError, rpcStatusFor } from "./google-error.ts";
import { BodyEnded } from "./http/body-writer.ts";
import { sendHtml, sendText } from "./http/send.ts";
import type { RuleOutcome } from "./script.ts";
import { scriptedError } from "./scripted-answer.ts";

/**
 * True when a fault took the place of the answer.
 * @throws {GoogleApiError} the refusal asked for. @throws {BodyEnded} when the client left during a delay.
 */
export async function applyEarlyFaults(
  response: ServerResponse,
  url: URL,
  faults: FaultPlan,
  outcome: RuleOutcome | undefined,
): Promise<boolean> {
  const delayMs = (faults.delayMs ?? 0) + (outcome?.delayMs ?? 0);
  if (delayMs > 0) {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    await sleep(delayMs, undefined, { signal: gone.signal }).catch(() => {
      throw new BodyEnded("the client left");
    });
  }
  if (faults.reset === true) {
    response.destroy();
    return true;
  }
  if (faults.hang === true) return true;
  if (faults.html === true) {
    await sendHtml(response, faults.status ?? 502, url.pathname);
    return true;
  }
  if (faults.emptyBody === true) {
    await sendText(response, faults.status ?? 200, "application/json; charset=UTF-8", "");
    return true;
  }
  if (faults.status !== undefined) throw faultError(faults, faults.status);
  if (outcome?.error !== undefined) throw scriptedError(outcome.error);
  return false;
}

function faultError(faults: FaultPlan, status: number): GoogleApiError {
  const message = faults.message ?? DEFAULT_MESSAGES[status] ?? `Emulated failure with status ${status}.`;
  return new GoogleApiError(rpcStatusFor(status), message, {
    code: status,
    details:
      faults.retryDelay === undefined
        ? []
        : [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: faults.retryDelay }],
    headers:
      faults.retryAfterSeconds === undefined ? {} : { "retry-after": String(faults.retryAfterSeconds) },
  });
}

const DEFAULT_MESSAGES: Readonly<Record<number, string>> = {
  429: "Resource exhausted. Please try again later. Please refer to https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.",
  500: "Internal error encountered.",
  503: "The model is overloaded. Please try again later.",
  504: "Deadline expired before operation could complete.",
};
