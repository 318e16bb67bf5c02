/** `pollux doctor`: everything that can be found out about whether a gateway would work here. */
import { accessToken } from "./access-token.ts";
import type { Check, Finding, Scene } from "./check.ts";
import { clockSkew } from "./clock-skew.ts";
import { configuration } from "./configuration.ts";
import { credentials } from "./credentials.ts";
import { fileModes } from "./file-modes.ts";
import { modelAnswers } from "./model-answers.ts";
import { nodeVersion } from "./node-version.ts";
import { openaiServers } from "./openai-servers.ts";
import { port } from "./port.ts";

export type { Finding, Scene } from "./check.ts";

/** In the order of the report: what later ones depend on comes first. */
export const CHECKS: readonly Check[] = [
  nodeVersion,
  configuration,
  fileModes,
  credentials,
  accessToken,
  clockSkew,
  modelAnswers,
  openaiServers,
  port,
];

export interface Diagnosis extends Finding {
  check: string;
}

/** One after the other, so that a token is minted once and then there. */
export async function diagnose(scene: Scene): Promise<Diagnosis[]> {
  const report: Diagnosis[] = [];
  for (const { name, run } of CHECKS) {
    for (const finding of await run(scene)) report.push({ check: name, ...finding });
  }
  return report;
}
