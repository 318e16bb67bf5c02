/** What becomes of one field of a request, found out by translating it. */
import { GatewayError } from "../../src/errors.ts";
import { toGeminiRequest } from "../../src/translate/openai-to-gemini/request.ts";
import type { RuleId } from "../../src/translate/rules.ts";
import type { GeminiCall, Surface } from "../../src/translate/target.ts";
import { FAMILIES, HOSTS } from "./families.ts";

export type Fate = "translated" | "approximated" | "clamped" | "ignored" | "added" | "refused";

/** From the loudest: what a caller should know first. */
const LOUDNESS: readonly Fate[] = ["refused", "ignored", "clamped", "approximated", "added", "translated"];

export interface Outcome {
  fate: Fate;
  rules: readonly RuleId[];
  call: GeminiCall | undefined;
}

/** @throws Error when the translation says nothing about the field, or refuses the request for another one. */
export function outcomeOf(request: object, path: string, surface: Surface): Outcome {
  let call: GeminiCall;
  try {
    call = toGeminiRequest(request, { surface, trace: true });
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const { failure } = error;
    const param = failure.kind === "model_not_found" ? "model" : "param" in failure ? failure.param : null;
    if (typeof param !== "string" || !related(param, path)) {
      throw new Error(`the sample for ${path} is refused for ${param}: ${error.message}`, { cause: error });
    }
    return { fate: "refused", rules: [], call: undefined };
  }
  const { notes } = call;
  const said = [
    ...notes.list.map(({ action, field, rule }) => ({ fate: action as Fate, field, rule })),
    ...(notes.uses ?? []).map(({ field, rule }) => ({ fate: "translated" as Fate, field, rule })),
  ].filter(({ field }) => related(field, path));
  const fate = LOUDNESS.find((candidate) => said.some((entry) => entry.fate === candidate));
  if (fate === undefined) throw new Error(`the translation says nothing about ${path}`);
  const rules = new Set(said.filter((entry) => entry.fate === fate).map(({ rule }) => rule));
  return { fate, rules: [...rules], call };
}

/** One field is the other, or lies within it. */
function related(field: string, path: string): boolean {
  return covers(field, path) || covers(path, field);
}

function covers(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`);
}

export interface Matrix {
  /** `translated; ignored on 3.8, 2.5 on the Gemini API`. */
  text: string;
  rules: readonly RuleId[];
  /** A call that shows what is sent, of the newest model that is sent it in full; undefined where all refuse. */
  shown: GeminiCall | undefined;
}

interface Cell extends Outcome {
  family: string;
  host: string;
}

/** The field on every family and host. `requestFor` makes the request for a model. */
export function matrixOf(requestFor: (model: string) => object, path: string): Matrix {
  const cells: Cell[] = FAMILIES.flatMap(({ name: family, model }) =>
    HOSTS.map(({ surface, name: host }) => ({
      family,
      host,
      ...outcomeOf(requestFor(model), path, surface),
    })),
  );
  const shown =
    cells.find(({ fate, call }) => fate === "translated" && call?.target.model === "gemini-3.5-flash") ??
    cells.find(({ fate }) => fate === "translated") ??
    cells.find(({ call }) => call !== undefined);
  return {
    text: describe(cells),
    rules: [...new Set(cells.flatMap(({ rules }) => rules))],
    shown: shown?.call,
  };
}

/** The most frequent fate first, then where another applies. */
function describe(cells: readonly Cell[]): string {
  const byFate = Map.groupBy(cells, ({ fate }) => fate);
  const [usual, ...others] = [...byFate].toSorted(([, a], [, b]) => b.length - a.length);
  return [usual?.[0], ...others.map(([fate, where]) => `${fate} on ${places(where)}`)].join("; ");
}

function places(cells: readonly Cell[]): string {
  const wholeHost = HOSTS.find(({ name }) => cells.filter(({ host }) => host === name).length === FAMILIES.length);
  const rest = cells.filter(({ host }) => host !== wholeHost?.name);
  const byFamily = Map.groupBy(rest, ({ family }) => family);
  const families = [...byFamily].map(([family, where]) =>
    where.length === HOSTS.length ? family : `${family} on ${where[0]?.host}`,
  );
  return [...(wholeHost === undefined ? [] : [wholeHost.name]), ...families].join(", ");
}
