/** Many cases against one gateway, some side by side. */
import type { GatewayUnderTest, OpenGateway } from "./gateway-under-test.ts";
import type { Case } from "./load-cases.ts";
import type { CaseResult, Failure } from "./result.ts";
import { type Driver, PLAIN, runCase } from "./run-case.ts";
import { ScriptedGoogle } from "./scripted-google.ts";

export interface RunOptions {
  /** Official SDKs that are there; facts for others are reported as not judged. */
  sdks?: readonly Driver[];
  onResult?: (result: CaseResult) => void;
  /** Where the scripted Google listens, for a gateway that is pointed there beforehand. Default: any free port. */
  googlePort?: number;
}

/** In closed loop: Google is scripted. The results are in the order of the cases. */
export async function runCases(
  cases: readonly Case[],
  gateway: GatewayUnderTest,
  options: RunOptions = {},
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    const google = await ScriptedGoogle.start(options.googlePort);
    try {
      for (let index = next++; index < cases.length; index = next++) {
        const one = cases[index];
        if (one === undefined) return;
        const result = gateway.surfaces.has(one.surface)
          ? await resultOf(one, () => gateway.open(google.url, one.surface), google, options.sdks ?? [])
          : notRun(one, `${gateway.name} is not pointed at the surface ${one.surface}`);
        results[index] = result;
        options.onResult?.(result);
      }
    } finally {
      await google.close();
    }
  };
  const lanes = options.googlePort === undefined ? gateway.lanes : 1;
  await Promise.all(Array.from({ length: Math.min(lanes, cases.length) }, lane));
  return results;
}

export function notRun(one: Case, why: string): CaseResult {
  return { case: one, outcome: "not_run", failures: [], notJudged: [why], ms: 0 };
}

/** @param google undefined: a real model is behind */
export async function resultOf(
  one: Case,
  open: () => Promise<OpenGateway>,
  google: ScriptedGoogle | undefined,
  sdks: readonly Driver[],
): Promise<CaseResult> {
  const began = performance.now();
  const failures = await attempt(one, open, google, PLAIN);
  const notJudged: string[] = [];
  for (const name of sdksOf(one)) {
    const driver = sdks.find(({ viewpoint }) => viewpoint === name);
    if (driver === undefined)
      notJudged.push(`the facts of the official SDK for ${SDK_NAMES[name]}, which is not there`);
    else failures.push(...(await attempt(one, open, google, driver)));
  }
  const outcome = failures.length === 0 ? "exact" : "failed";
  return { case: one, outcome, failures, notJudged, ms: performance.now() - began };
}

const SDK_NAMES = { node: "Node", python: "Python" } as const;

/** The SDKs that a case has facts for. */
export function sdksOf(one: Case): ("node" | "python")[] {
  return (["node", "python"] as const).filter((name) =>
    one.exchanges.some(({ sdk }) => sdk?.[name] !== undefined),
  );
}

async function attempt(
  one: Case,
  open: () => Promise<OpenGateway>,
  google: ScriptedGoogle | undefined,
  driver: Driver,
): Promise<Failure[]> {
  let opened: OpenGateway | undefined;
  try {
    opened = await open();
    return await runCase(one, opened, google, driver);
  } catch (error) {
    const seen = error instanceof Error ? error.message : String(error);
    return [{ viewpoint: "run", exchange: 0, path: "", expected: "the case can be run", seen }];
  } finally {
    await opened?.close();
  }
}
