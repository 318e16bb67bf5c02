/** The scorecard: public cases of what OpenAI's clients depend on, run against any gateway. */
import { fileURLToPath } from "node:url";

export type { Profile, Surface } from "./case-schema.ts";
export { driftText } from "./drift-text.ts";
export { type Answerer, emulatedGoogle, judgeAnswerer, realGoogle } from "./emulator-drift.ts";
export type { GoogleFact } from "./google-fact-schema.ts";
export { googleCalls, type GoogleResult, loadGoogleFacts } from "./google-facts.ts";
export { freePort } from "./child-gateway.ts";
export { type GatewayUnderTest, VERTEX_SCOPE } from "./gateway-under-test.ts";
export { holdCase } from "./hold-case.ts";
export { htmlReport } from "./html-report.ts";
export { type Case, CaseError, loadCases } from "./load-cases.ts";
export { nodeSdk } from "./node-sdk.ts";
export { openCalls, runOpen, whyNot } from "./open-mode.ts";
export { startBifrost, startLitellm, startPortkey } from "./peer-gateways.ts";
export { startPollux } from "./pollux-gateway.ts";
export { showProgress } from "./progress.ts";
export { startPythonSdk } from "./python-sdk.ts";
export { type Report, reportOf } from "./report.ts";
export type { CaseResult } from "./result.ts";
export { failureText, percent, sectionTable, tally } from "./result-table.ts";
export type { Driver } from "./run-case.ts";
export { runCases } from "./run-cases.ts";
export { type Running, runningGateway, runningUnderTest } from "./running-gateway.ts";

// Of this package: one folder above both `src` and `dist`.
export const CASES_FOLDER = fileURLToPath(new URL("../../conformance/cases", import.meta.url));
export const GOOGLE_FACTS_FOLDER = fileURLToPath(new URL("../../conformance/google", import.meta.url));
