// `npm run scorecard -- FILE...`: docs/scorecard.md, from what `pollux conform --json` wrote. Plain JavaScript for Node 20.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { GOOGLE } from "./scorecard-google.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ORDER = ["Pollux", "LiteLLM", "Bifrost", "Portkey"];

/** Sections and cases about what a gateway's measured part does not have, and why. */
const BEYOND = {
  Bifrost: {
    ids: ["disconnects", "http", "models", "errors/wrong-key"],
    why: "they are about the HTTP server, which here is ours",
  },
};

const files = process.argv.slice(2);
if (files.length === 0) {
  process.stderr.write("npm run scorecard -- FILE...: the JSON of runs of `pollux conform`\n");
  process.exit(2);
}
const reports = files.map((file) => JSON.parse(readFileSync(file, "utf8")));
const gateways = ORDER.map((name) => gatewayOf(name)).filter(({ runs }) => runs.length > 0);
const all = [...gateways[0].cases.values()];
check();
const text = readFileSync(join(root, "scripts", "scorecard.template.md"), "utf8").replace(
  /\{\{([a-z_]+)\}\}/g,
  (_, name) => parts()[name],
);
writeFileSync(join(root, "docs", "scorecard.md"), text);

/** A gateway's runs as one: of a case that was run twice, the better outcome. */
function gatewayOf(name) {
  const runs = reports.filter((report) => report.gateway.name === name && report.mode === "closed");
  const cases = new Map();
  for (const one of runs.flatMap((report) => report.cases)) {
    if (cases.get(one.id)?.outcome === "exact") continue;
    const beyond = BEYOND[name];
    const left = beyond !== undefined && [one.section, one.id].some((id) => beyond.ids.includes(id));
    cases.set(one.id, left ? { ...one, outcome: "not_run", not_judged: [beyond.why] } : one);
  }
  return { name, runs, cases };
}

/** @throws Error where the runs are not about the same cases, or a statement names a case that is not there */
function check() {
  for (const { name, cases } of gateways) {
    const missing = all.filter(({ id }) => !cases.has(id)).map(({ id }) => id);
    const more = [...cases.keys()].filter((id) => !gateways[0].cases.has(id));
    if (missing.length + more.length > 0)
      throw new Error(`${name} was not run on the same cases: ${[...missing, ...more].join(" ")}`);
  }
  for (const id of GOOGLE.flatMap(({ cases }) => cases)) {
    if (!gateways[0].cases.has(id)) throw new Error(`scorecard-google.mjs names ${id}, which is no case`);
  }
}

function parts() {
  const [{ date, sdks }] = gateways[0].runs;
  return {
    date: date.slice(0, 10),
    count: String(all.length),
    node: sdks.node ?? "not run",
    python: sdks.python ?? "not run",
    totals: totals(),
    basic: sections("basic"),
    strict: sections("strict"),
    configurations: gateways
      .map(({ name, runs: [{ gateway }] }) => `- **${name} ${gateway.version}**: ${gateway.configuration}.`)
      .join("\n"),
    not_run: gateways.flatMap(notRun).join("\n"),
    google: GOOGLE.map(statement).join("\n"),
  };
}

function totals() {
  const row = (label, cases) => [label, ...gateways.map((gateway) => share(gateway, cases))];
  return table(
    ["", ...gateways.map(({ name, runs: [{ gateway }] }) => `${name} ${gateway.version}`)],
    [
      row(
        "basic",
        all.filter(({ profile }) => profile === "basic"),
      ),
      row(
        "strict",
        all.filter(({ profile }) => profile === "strict"),
      ),
      row("**all**", all),
    ],
  );
}

function sections(profile) {
  const cases = all.filter((one) => one.profile === profile);
  const names = [...new Set(cases.map(({ section }) => section))];
  return table(
    ["Section", ...gateways.map(({ name }) => name), "Google's own endpoint (not run)"],
    names.map((name) => {
      const members = cases.filter(({ section }) => section === name);
      const google = GOOGLE.flatMap((one, index) =>
        members.some(({ id }) => one.cases.includes(id))
          ? [`${one.holds ? "+" : "-"}[${index + 1}](#googles-own-endpoint)`]
          : [],
      );
      return [name, ...gateways.map((gateway) => count(gateway, members)), google.join(" ")];
    }),
  );
}

function tally({ cases }, members) {
  const outcomes = members.map(({ id }) => cases.get(id).outcome);
  const exact = outcomes.filter((outcome) => outcome === "exact").length;
  return { exact, judged: outcomes.filter((outcome) => outcome !== "not_run").length };
}

function count(gateway, members) {
  const { exact, judged } = tally(gateway, members);
  return judged === 0 ? "not run" : `${exact} / ${judged}`;
}

/** Rounded down, so that 100 % means all. */
function share(gateway, members) {
  const { exact, judged } = tally(gateway, members);
  return `${exact} / ${judged} (${Math.floor((exact / judged) * 1000) / 10} %)`;
}

function notRun({ name, cases }) {
  const left = [...cases.values()].filter(({ outcome }) => outcome === "not_run");
  const unjudged = [...cases.values()].filter(
    (one) => one.outcome !== "not_run" && one.not_judged.length > 0,
  );
  const reasons = [...new Set([...left, ...unjudged].flatMap(({ not_judged }) => not_judged))];
  if (reasons.length === 0) return [];
  return [`- ${name}: ${left.length} cases, and facts of ${unjudged.length} others: ${reasons.join("; ")}.`];
}

function statement({ says, kind, cases, sources }, index) {
  const links = sources.map((source) => `[${nameOf(source)}](${source})`).join(", ");
  return `${index + 1}. ${says}. ${kind === "documented" ? "Documented" : "Reported"}: ${links}. Cases: ${cases.map((id) => `\`${id}\``).join(", ")}.`;
}

function nameOf(source) {
  const thread = /github\.com\/[^/]+\/([^/]+)\/(?:issues|pull)\/(\d+)/.exec(source);
  return thread === null ? new URL(source).host : `${thread[1]}#${thread[2]}`;
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? "---" : "--:"))), ...rows.map(line)].join(
    "\n",
  );
}
