/** Whether the models of each upstream answer where they are asked: the API enabled, the role there, the model known. */
import { GatewayError } from "../errors.ts";
import { ActiveCalls } from "../gateway/active-calls.ts";
import type { ConnectedUpstream } from "../gateway/connected-upstream.ts";
import { countTokensRequest, oneTokenRequest } from "../gateway/smallest-request.ts";
import { callAuthorized, jsonRequest } from "../gateway/upstream-session.ts";
import { createRouteTable } from "../routing/route-table.ts";
import { toFailure } from "../translate/gemini-to-openai/error.ts";
import { signInHintIn } from "../translate/gemini-to-openai/sign-in-hints.ts";
import type { UpstreamTimeouts } from "../upstreams/upstream.ts";
import type { Check, Finding, Scene } from "./check.ts";

/** Asked of an upstream for which the configuration names no model. */
const USUAL_MODEL = "gemini-3.5-flash";
const MOST_MODELS = 20;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const TIMEOUTS: UpstreamTimeouts = { connectMs: 5_000, firstByteMs: 30_000, idleMs: 30_000, totalMs: 60_000 };

export const modelAnswers: Check = {
  name: "model",
  async run(scene) {
    const findings: Finding[] = [];
    for (const { connected } of scene.upstreams) {
      if (connected !== undefined) findings.push(...(await answersOf(connected.upstream, scene)));
    }
    return findings;
  },
};

interface Place {
  model: string;
  location: string | undefined;
}

async function answersOf(upstream: ConnectedUpstream, scene: Scene): Promise<Finding[]> {
  const about = { upstream: upstream.name };
  if (upstream.at.credentials === "caller") {
    return [{ ...about, status: "ok", says: "not asked: only callers have credentials for it" }];
  }
  if (upstream.kind === "openai") {
    const config = scene.upstreams.find(({ name }) => name === upstream.name)?.config;
    if (config?.kind === "openai-compatible") return [];
    if (!scene.call) {
      return [
        { ...about, status: "ok", says: "not asked: nothing there is free; `pollux doctor --call` asks" },
      ];
    }
  }
  const places = placesOf(upstream.name, scene);
  return Promise.all(places.map(async (place) => ({ ...about, ...(await ask(upstream, place, scene)) })));
}

function placesOf(name: string, { configuration, upstreams }: Scene): Place[] {
  const places = new Map<string, Place>();
  const add = (model: string, location: string | undefined): void => {
    places.set(JSON.stringify([model, location]), { model, location });
  };
  if ("loaded" in configuration) {
    const { config } = configuration.loaded;
    for (const { targets } of createRouteTable(config).aliases.values()) {
      for (const target of targets) if (target.upstream === name) add(target.model, target.location);
    }
    for (const target of config.routes.flatMap(({ targets }) => targets)) {
      if (target.upstream === name && target.model !== undefined) add(target.model, target.location);
    }
  }
  const own = upstreams.find((opened) => opened.name === name)?.config;
  if (places.size === 0 && own !== undefined && "models" in own) {
    for (const model of own.models ?? []) add(model, undefined);
  }
  if (places.size === 0) add(USUAL_MODEL, undefined);
  return [...places.values()].slice(0, MOST_MODELS);
}

async function ask(upstream: ConnectedUpstream, place: Place, { call, now }: Scene): Promise<Finding> {
  const where = place.location === undefined ? "" : ` in ${place.location}`;
  try {
    const question = request(upstream, place, call);
    const { status, headers, body } = await callAuthorized(
      upstream,
      undefined,
      jsonRequest(question, "headers" in upstream ? upstream.headers : {}, question.body, TIMEOUTS),
      new ActiveCalls(),
      MAX_ANSWER_BYTES,
    );
    if (status === 200) {
      return {
        status: "ok",
        says: `${place.model} answers${where}${call ? "" : " (tokens counted, for free)"}`,
      };
    }
    const hints = place.location === undefined ? {} : { location: place.location };
    const { message } = toFailure(status, headers, body, { now: now(), reader: "operator", ...hints });
    const fix = signInHintIn(body)?.command ?? fixFor(status);
    // The command has a line of its own here.
    const says = message.replace(/ To mend it: `[^`]*`\.$/, "");
    // Busy is not broken.
    const severity = status === 429 || status === 503 ? "warn" : "fail";
    return { status: severity, says: `${place.model}${where}: ${says}`, fix };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { status: "fail", says: `${place.model}${where}: ${error.message}`, fix: "pollux auth status" };
  }
}

function request(
  upstream: ConnectedUpstream,
  place: Place,
  call: boolean,
): { origin: string; path: string; body: string } {
  if (upstream.kind === "openai") {
    const messages = [{ role: "user", content: "Hi" }];
    return {
      ...upstream.at.address(),
      body: JSON.stringify({ model: place.model, messages, max_tokens: 1 }),
    };
  }
  return call ? oneTokenRequest(upstream, place) : countTokensRequest(upstream, place);
}

function fixFor(status: number): string {
  if (status === 404) return "pollux models";
  if (status === 401) return "pollux auth status";
  if (status === 429 || status === 503) return "wait, then run `pollux doctor` again";
  return "pollux explain --help";
}
