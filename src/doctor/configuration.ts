import { describeProblem } from "../config/config.ts";
import type { Check, Finding } from "./check.ts";

export const configuration: Check = {
  name: "configuration",
  run({ configuration: read }) {
    if ("problems" in read) {
      return read.problems.map((says) => ({ status: "fail", says, fix: "pollux config validate" }) as const);
    }
    const { config, file, reason, warnings } = read.loaded;
    const names = Object.keys(config.upstreams);
    const findings: Finding[] = [
      {
        status: "ok",
        says: `${file ?? `the environment alone (${reason})`}; upstreams: ${names.join(", ")}`,
      },
    ];
    for (const warning of warnings) {
      const says = describeProblem(warning);
      // Where the warning knows the command, that is the better one.
      findings.push({
        status: "warn",
        says,
        fix: /run `([^`]+)`/.exec(says)?.[1] ?? "pollux config validate",
      });
    }
    return findings;
  },
};
