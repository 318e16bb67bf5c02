/** What would be sent to Gemini for a request, and why: nothing is sent. */
import { explained } from "../translate/notes.ts";
import { RULES } from "../translate/rules.ts";
import type { GeminiCall } from "../translate/target.ts";
import type { GoogleUpstream, Scope } from "../upstreams/google-upstream.ts";
import type { GenerateContentRequest } from "../wire/gemini.ts";
import { generateRoute } from "./generate-request.ts";

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

export function explain(upstream: GoogleUpstream, gemini: GeminiCall, scope: Scope | undefined): Explanation {
  const { origin, path } = upstream.address(generateRoute(gemini, scope));
  return {
    object: "pollux.explanation",
    upstream: {
      method: "POST",
      url: origin + path,
      headers: { "content-type": "application/json", ...gemini.headers },
      body: gemini.body,
      calls: gemini.fanOut,
    },
    notes: gemini.notes.list.map((note) => ({ ...explained(note), summary: RULES[note.rule].summary })),
    translated: (gemini.notes.uses ?? []).map(({ field, rule }) => ({ field, rule, ...RULES[rule] })),
  };
}
