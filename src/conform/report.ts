/** A run as one JSON value, from which the other reports are made. */
import { VERSION } from "../version.ts";
import type { Profile } from "./case-schema.ts";
import type { CaseResult, Failure } from "./result.ts";
import { type Tally, tally } from "./result-table.ts";

export interface Report {
  format: 1;
  date: string;
  /** Of Pollux, whose cases they are. */
  version: string;
  gateway: { name: string; version: string; configuration: string };
  mode: "closed" | "open";
  profile: Profile;
  /** Versions of the official SDKs that were used. */
  sdks: { node?: string; python?: string };
  totals: Tally;
  sections: Record<string, Tally>;
  cases: ReportedCase[];
}

export interface ReportedCase {
  id: string;
  section: string;
  fact: string;
  source: string[];
  profile: Profile;
  outcome: CaseResult["outcome"];
  /** How many it has. */
  exchanges: number;
  not_judged: string[];
  failures: Failure[];
  ms: number;
}

export function reportOf(
  results: readonly CaseResult[],
  about: Pick<Report, "gateway" | "mode" | "profile" | "sdks"> & { date: Date },
): Report {
  const sections = new Map<string, CaseResult[]>();
  for (const result of results) {
    const { section } = result.case;
    const known = sections.get(section);
    if (known === undefined) sections.set(section, [result]);
    else known.push(result);
  }
  return {
    format: 1,
    version: VERSION,
    ...about,
    date: about.date.toISOString(),
    totals: tally(results),
    sections: Object.fromEntries([...sections].map(([section, members]) => [section, tally(members)])),
    cases: results.map(({ case: one, outcome, failures, notJudged, ms }) => ({
      id: one.id,
      section: one.section,
      fact: one.fact,
      source: one.source,
      profile: one.profile,
      outcome,
      exchanges: one.exchanges.length,
      not_judged: notJudged,
      failures,
      ms: Math.round(ms),
    })),
  };
}
