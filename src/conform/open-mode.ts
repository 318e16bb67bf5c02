/** Cases that can be judged from outside, against any endpoint with a real model behind. Its calls cost money. */
import type { OpenGateway } from "./gateway-under-test.ts";
import type { Case } from "./load-cases.ts";
import type { CaseResult } from "./result.ts";
import type { Driver } from "./run-case.ts";
import { notRun, resultOf, sdksOf } from "./run-cases.ts";

export interface OpenRun {
  cases: readonly Case[];
  gateway: OpenGateway;
  /** The bare id that is asked for; cases about another model are not run. */
  model: string;
  sdks: readonly Driver[];
  maxCalls: number;
  onResult?: (result: CaseResult) => void;
}

/** Requests that a model may answer; what is fetched by GET costs nothing. */
export function openCalls(one: Case, sdks: readonly Driver[]): number {
  const posts = one.exchanges.filter(({ request }) => request.method === "POST").length;
  const drivers = sdksOf(one).filter((name) => sdks.some(({ viewpoint }) => viewpoint === name));
  return posts * (1 + drivers.length);
}

/** Why a case is not run; undefined where it is. */
export function whyNot(one: Case, model: string): string | undefined {
  if (!one.open) return "it can be judged in closed loop only";
  const bare = model.slice(model.lastIndexOf("/") + 1);
  return one.model === DEFAULT_MODEL || one.model === bare ? undefined : `it is about ${one.model}`;
}

const DEFAULT_MODEL = "gemini-3.5-flash";

/** One after the other, until the next case could take more calls than are left. */
export async function runOpen({
  cases,
  gateway,
  model,
  sdks,
  maxCalls,
  onResult,
}: OpenRun): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  let left = maxCalls;
  for (const one of cases) {
    const cost = openCalls(one, sdks);
    const why =
      whyNot(one, model) ??
      (cost > left ? `it takes more calls than the ${left} that are left of ${maxCalls}` : undefined);
    if (why === undefined) left -= cost;
    const result =
      why === undefined
        ? await resultOf(one, () => Promise.resolve(gateway), undefined, sdks)
        : notRun(one, why);
    results.push(result);
    onResult?.(result);
  }
  return results;
}
