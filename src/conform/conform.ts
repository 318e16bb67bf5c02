/** The scorecard: public cases of what OpenAI's clients depend on, run against any gateway. */
import { fileURLToPath } from "node:url";

export { type Case, CaseError, loadCases } from "./load-cases.ts";
export { startPollux } from "./pollux-gateway.ts";
export { runCases } from "./run-cases.ts";
export { failureText, percent, sectionTable, tally } from "./result-table.ts";

/** Of this package: one folder above both `src` and `dist`. */
export const CASES_FOLDER = fileURLToPath(new URL("../../conformance/cases", import.meta.url));
