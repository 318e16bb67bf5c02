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
  /** Where the scripted Google listens, for a gateway that is configured by hand. Default: any free port. */
  googlePort?: number;
}

/** In closed loop. The results are in the order of the cases. */
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
        const result = await resultOf(one, gateway, google, options.sdks ?? []);
        results[index] = result;
        options.onResult?.(result);
      }
    } finally {
      await google.close();
    }
  };
  await Promise.all(Array.from({ length: Math.min(gateway.lanes, cases.length) }, lane));
  return results;
}

async function resultOf(
  one: Case,
  gateway: GatewayUnderTest,
  google: ScriptedGoogle,
  sdks: readonly Driver[],
): Promise<CaseResult> {
  const began = performance.now();
  if (!gateway.surfaces.has(one.surface)) {
    const why = `${gateway.name} is not pointed at the surface ${one.surface}`;
    return { case: one, outcome: "not_run", failures: [], notJudged: [why], ms: 0 };
  }
  const failures = await attempt(one, gateway, google, PLAIN);
  const notJudged: string[] = [];
  for (const name of ["node", "python"] as const) {
    if (!one.exchanges.some(({ sdk }) => sdk?.[name] !== undefined)) continue;
    const driver = sdks.find(({ viewpoint }) => viewpoint === name);
    if (driver === undefined) notJudged.push(`the facts of the official SDK for ${name}, which is not there`);
    else failures.push(...(await attempt(one, gateway, google, driver)));
  }
  const outcome = failures.length === 0 ? "exact" : "failed";
  return { case: one, outcome, failures, notJudged, ms: performance.now() - began };
}

async function attempt(
  one: Case,
  gateway: GatewayUnderTest,
  google: ScriptedGoogle,
  driver: Driver,
): Promise<Failure[]> {
  let opened: OpenGateway | undefined;
  try {
    opened = await gateway.open(google.url, one.surface);
    return await runCase(one, opened, google, driver);
  } catch (error) {
    const seen = error instanceof Error ? error.message : String(error);
    return [{ viewpoint: "run", exchange: 0, path: "", expected: "the case can be run", seen }];
  } finally {
    await opened?.close();
  }
}
