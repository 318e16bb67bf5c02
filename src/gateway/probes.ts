/**
 * Probes, where the configuration asks for them: a target whose circuit has opened is asked a free question from time
 * to time, so that it is back in use before a caller has to try it. Healthy targets learn from traffic and are never probed.
 */
import { targetId, type Outcome, type RouteTarget } from "../routing/route.ts";
import { toFailure } from "../translate/gemini-to-openai/error.ts";
import { ActiveCalls } from "./active-calls.ts";
import { countTokensRequest } from "./smallest-request.ts";
import type { Gateway, GatewayHandle } from "./gateway.ts";
import { outcomeOf } from "./outcome.ts";
import { callAuthorized, jsonRequest } from "./upstream-session.ts";

/** An answer to a probe is a few hundred bytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;

export class Probes {
  readonly #handle: GatewayHandle;
  #timer: NodeJS.Timeout | undefined;
  #running = false;

  constructor(handle: GatewayHandle) {
    this.#handle = handle;
  }

  /** 0 stops them. The first round comes after the interval: a start is no reason to ask everybody at once. */
  every(intervalMs: number): void {
    clearInterval(this.#timer);
    this.#timer = intervalMs === 0 ? undefined : setInterval(() => void this.round(), intervalMs).unref();
  }

  /** Asks the targets that need it, one after the other. A round that finds another under way does nothing. */
  async round(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      const gateway = this.#handle.current;
      for (const state of gateway.router.state()) {
        if (state.circuit === "closed") continue;
        const { upstream, model, location, requestType } = state;
        const place = { upstream, model, location, ...(requestType === undefined ? {} : { requestType }) };
        // A target with a health of its own for another reason, such as a project in a path, is not to be rebuilt.
        if (targetId(place) !== state.id) continue;
        await probe(gateway, { ...place, id: state.id, weight: 1, priority: 1 });
      }
    } finally {
      this.#running = false;
    }
  }
}

async function probe(gateway: Gateway, target: RouteTarget): Promise<void> {
  const upstream = gateway.upstreams.get(target.upstream);
  // Nothing is free at an OpenAI-shaped server, and nobody but a caller has the caller's credentials.
  if (upstream?.kind !== "gemini" || upstream.at.credentials === "caller") return;
  gateway.router.report(target, await ask(gateway, upstream, target));
}

async function ask(
  gateway: Gateway,
  upstream: Parameters<typeof countTokensRequest>[0],
  target: RouteTarget,
): Promise<Outcome> {
  const startedAt = performance.now();
  try {
    const request = countTokensRequest(upstream, target);
    const answer = await callAuthorized(
      upstream,
      undefined,
      jsonRequest(request, upstream.headers, request.body, gateway.timeouts),
      new ActiveCalls(),
      MAX_ANSWER_BYTES,
    );
    if (answer.status === 200) return { kind: "success", firstByteMs: performance.now() - startedAt };
    return outcomeOf(toFailure(answer.status, answer.headers, answer.body, { now: gateway.now() }));
  } catch (error) {
    return outcomeOf(error);
  }
}
