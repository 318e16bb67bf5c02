/** What would be sent to Gemini for a request, and why: nothing is sent. */
import { modelFor } from "./openai-attempt.ts";
import { explained } from "../translate/notes.ts";
import { RULES } from "../translate/rules.ts";
import type { GeminiCall } from "../translate/target.ts";
import type { RouteTarget } from "../routing/route.ts";
import type { GeminiConnection, OpenaiConnection } from "./connected-upstream.ts";
import type { GenerateContentRequest } from "../wire/gemini.ts";
import { generateHeaders, generateRoute, type Place } from "./generate-request.ts";

export interface Explanation {
  object: "pollux.explanation";
  /** The exact call; credentials are left out. */
  upstream: {
    method: "POST";
    url: string;
    headers: Record<string, string>;
    body: GenerateContentRequest;
    /** How many times it would be made (`n` on models that give one candidate a call). */
    calls: number;
  };
  /** What is not carried over exactly. */
  notes: (ReturnType<typeof explained> & { summary: string })[];
  /** What is: which field, by which rule. */
  translated: { field: string; rule: string; summary: string; source: string }[];
}

/** The call to an upstream that speaks OpenAI's API: nothing is translated, so there is nothing to note. */
export function explainPassThrough(
  upstream: OpenaiConnection,
  body: Record<string, unknown>,
  target: RouteTarget,
): Omit<Explanation, "upstream"> & { upstream: Omit<Explanation["upstream"], "body"> & { body: object } } {
  // The id of an endpoint, if the upstream is many: a name would have to be looked up, and nothing is sent here.
  const at = upstream.at.endpoint?.({ id: target.model }) ?? upstream.at;
  const { origin, path } = at.address(target.location);
  const model = modelFor({ ...upstream, at }, target);
  return {
    object: "pollux.explanation",
    upstream: {
      method: "POST",
      url: origin + path,
      headers: { "content-type": "application/json" },
      body: model === undefined ? body : { ...body, model },
      calls: 1,
    },
    notes: [],
    translated: [],
  };
}

export function explain(upstream: GeminiConnection, gemini: GeminiCall, place: Place): Explanation {
  const { origin, path } = upstream.at.address(generateRoute(gemini, place));
  return {
    object: "pollux.explanation",
    upstream: {
      method: "POST",
      url: origin + path,
      headers: { "content-type": "application/json", ...generateHeaders(upstream, gemini, place) },
      body: gemini.body,
      calls: gemini.fanOut,
    },
    notes: gemini.notes.list.map((note) => ({ ...explained(note), summary: RULES[note.rule].summary })),
    translated: (gemini.notes.uses ?? []).map(({ field, rule }) => ({ field, rule, ...RULES[rule] })),
  };
}
