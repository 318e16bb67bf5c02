/** One request by the official SDK, as users send it. */
import OpenAI, { APIConnectionError, APIError } from "openai";
import type { ChatCompletionCreateParams, ChatCompletionChunk } from "openai/resources/chat/completions";
import { Agent, fetch as fetchBy } from "undici";
import { endObservation, type Observation } from "./observation.ts";
import { requestBody } from "./request-body.ts";

/** Kept for a moment only: what the gateway still holds at the end of a run is then its own affair. */
const CONNECTIONS = new Agent({ keepAliveTimeout: 1_500, keepAliveMaxTimeout: 1_500 });
const fetch = fetchBy as unknown as (
  url: string | URL | Request,
  init: Omit<RequestInit, "dispatcher"> & { dispatcher: Agent },
) => Promise<Response>;

export interface SdkClientOptions {
  port: number;
  key: string;
  giveUpMs: number;
}

/** Resolves when it is over, whatever became of it; the observation says what. */
export async function askBySdk(
  observation: Observation,
  { port, key, giveUpMs }: SdkClientOptions,
): Promise<void> {
  const { plan } = observation;
  observation.showsDone = false;
  const client = new OpenAI({
    baseURL: `http://127.0.0.1:${port}/v1`,
    apiKey: key,
    // Every attempt is a request of its own in the history.
    maxRetries: 0,
    timeout: 10 * giveUpMs,
    fetch: async (url, init) => {
      const response = await fetch(url, { ...init, dispatcher: CONNECTIONS });
      observation.status = response.status;
      observation.headers = Object.fromEntries(response.headers);
      return response;
    },
  });
  const left = new AbortController();
  const leave = (): void => {
    observation.leftAt = performance.now();
    left.abort();
  };
  const leaving = plan.conduct === "leave-before-head" ? setTimeout(leave, plan.leaveAfter) : undefined;
  let gaveUp = false;
  const givingUp = setTimeout(() => {
    gaveUp = true;
    left.abort();
  }, giveUpMs);
  try {
    const answer = await client.chat.completions.create(
      requestBody(plan) as unknown as ChatCompletionCreateParams,
      { signal: left.signal },
    );
    if (Symbol.asyncIterator in answer) await readChunks(observation, answer, leave);
    else observation.body = JSON.stringify(answer);
    // An aborted stream ends without an error in this SDK.
    endObservation(observation, gaveUp ? "gave-up" : left.signal.aborted ? "left" : "complete");
  } catch (error) {
    if (left.signal.aborted) endObservation(observation, gaveUp ? "gave-up" : "left");
    else endWithError(observation, error);
  } finally {
    clearTimeout(leaving);
    clearTimeout(givingUp);
  }
}

async function readChunks(
  observation: Observation,
  chunks: AsyncIterable<ChatCompletionChunk>,
  leave: () => void,
): Promise<void> {
  const { plan } = observation;
  for await (const chunk of chunks) {
    observation.events.push(JSON.stringify(chunk));
    if (plan.conduct === "leave-in-answer" && observation.events.length === plan.leaveAfter) leave();
  }
}

function endWithError(observation: Observation, error: unknown): void {
  if (!(error instanceof APIError)) {
    // What `fetch` throws while a body is read is passed on as it is.
    endObservation(observation, "broken", String(error));
  } else if (error instanceof APIConnectionError) {
    const refused = observation.status === undefined && /ECONNREFUSED/.test(causes(error));
    endObservation(observation, refused ? "refused" : "broken", causes(error));
  } else if (error.status === undefined) {
    observation.events.push(JSON.stringify({ error: error.error }));
    endObservation(observation, "complete");
  } else {
    observation.body = JSON.stringify({ error: error.error });
    endObservation(observation, "complete");
  }
}

function causes(error: unknown): string {
  const texts: string[] = [];
  for (let at = error; at instanceof Error && texts.length < 5; at = at.cause) {
    texts.push(`${at.message} ${(at as NodeJS.ErrnoException).code ?? ""}`);
  }
  return texts.join(" < ");
}
