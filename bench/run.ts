/** `npm run bench`: sets everything up, measures, and writes the table, the JSON and the chart. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chart } from "./chart.ts";
import { checkAgainst } from "./check.ts";
import {
  bifrost,
  type Contestant,
  DIRECT,
  litellm,
  nginx,
  pollux,
  portkey,
  UPSTREAM_FOR_HEADERS,
} from "./contestants.ts";
import { MAIN, OTHER } from "./figures.ts";
import { memory, startToAnswer } from "./footprint.ts";
import { growth, growthChart, growthTable } from "./growth.ts";
import { runGroup } from "./groups.ts";
import { Load } from "./load.ts";
import { LOAD_CORE, start, stop } from "./processes.ts";
import { report } from "./report.ts";
import { CACHE, ROOT, setUp } from "./setup.ts";
import { BARE, POLLUX, type Results, TLS } from "./targets.ts";
import { startTls } from "./tls.ts";

const HELP = `Usage: npm run bench -- [--quick] [--check] [--no-peers] [--only GROUP,…] [--save]

  --quick      under three minutes: nginx and Pollux only, three short rounds
  --check      compare the ratios with those that are committed; exit 1 when one is worse than noise explains
  --no-peers   leave Portkey, LiteLLM and Bifrost out
  --only       groups to run: nginx, TLS, Portkey, LiteLLM, Bifrost, memory, start, workers
  --growth     measure only how cost grows with messages, tools, schemas, images and streams
  --save       write the results to docs/ (the table, the JSON, the chart)

The gateway runs on one core; the upstream and the load on another. Everything stays on this machine.

Examples:
  npm run bench
  npm run bench -- --quick --check
  npm run bench -- --only Portkey,Bifrost`;

const UPSTREAM_PORT = 9701;
const TLS_PORT = 9702;
const FIRST_PORT = 9710;

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    growth: { type: "boolean", default: false },
    "no-peers": { type: "boolean", default: false },
    only: { type: "string" },
    save: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (flags.help) {
  console.log(HELP);
  process.exit(0);
}
if (availableParallelism() < 2) {
  console.error("The benchmark needs two cores: one for the gateway, one for the upstream and the load.");
  process.exit(1);
}

const began = performance.now();
const say = (line: string): void => {
  process.stderr.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
};
const { quick } = flags;
const only = flags.only?.split(",");
const wants = (group: string): boolean =>
  only === undefined ? !quick || ["nginx", "memory", "start"].includes(group) : only.includes(group);

const tools = await setUp(!flags["no-peers"] && !(quick && only === undefined), say);
if (flags.growth) {
  await measureGrowth();
  process.exit(0);
}
const load = new Load(tools.load);
const upstream = `http://127.0.0.1:${UPSTREAM_PORT}`;
UPSTREAM_FOR_HEADERS.url = upstream;
const upstreamProcess = await start({
  command: tools.upstream,
  argv: [String(UPSTREAM_PORT)],
  port: UPSTREAM_PORT,
  core: LOAD_CORE,
  log: join(CACHE, "upstream.log"),
});

const own = pollux({ name: POLLUX });
const results: Results = {
  machine: `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB, Linux, Node ${process.versions.node}`,
  date: new Date().toISOString().slice(0, 10),
  commit: execFileSync("git", ["describe", "--always", "--dirty"], { cwd: ROOT, encoding: "utf8" }).trim(),
  quick,
  versions: {},
  configurations: {},
  missing: {},
  groups: {},
  failed: {},
  memory: {},
  startMs: {},
};

async function group(
  name: string,
  contestants: Contestant[],
  extra: { upstreamOf?: (one: Contestant) => string } = {},
): Promise<void> {
  for (const { name: who, version, configuration } of contestants) {
    results.versions[who] = version;
    results.configurations[who] = configuration;
  }
  say(`== ${name}`);
  const { medians, failed } = await runGroup({
    contestants,
    firstPort: FIRST_PORT,
    upstream,
    load,
    rounds: quick ? 3 : 5,
    steps: quick || name === "TLS" ? MAIN : [...MAIN, ...OTHER],
    shorter: quick ? 0.6 : 1,
    withFrontier: !quick && name !== "TLS",
    warm: ({ warm }) => (quick ? Math.min(warm, 30_000) : warm),
    say,
    ...extra,
  });
  results.groups[name] = medians;
  for (const [who, failures] of Object.entries(failed)) results.failed[`${who} (${name})`] = failures;
}

const peers: [name: string, contestant: Contestant | undefined, tool: unknown][] = [
  ["Portkey", portkey(tools), tools.portkey],
  ["Bifrost", bifrost(tools), tools.bifrost],
  ["LiteLLM", litellm(tools), tools.litellm],
];
const limit = nginx(tools);
for (const [name, , tool] of [...peers, ["nginx", limit, tools.nginx] as const]) {
  if (typeof tool === "object" && tool !== null && "missing" in tool)
    results.missing[name] = String(tool.missing);
}

try {
  if (wants("nginx")) {
    await group("nginx", [
      DIRECT,
      ...(limit === undefined ? [] : [limit]),
      own,
      pollux({ name: BARE, bare: true }),
    ]);
  }
  for (const [name, contestant] of peers) {
    if (contestant !== undefined && wants(name)) await group(name, [own, contestant]);
  }
  if (wants("TLS") && "path" in tools.nginx) {
    const front = await startTls(tools.nginx.path, TLS_PORT, upstream);
    const secure = pollux({ name: TLS, env: { NODE_EXTRA_CA_CERTS: front.certificate } });
    await group("TLS", [own, secure], { upstreamOf: ({ name }) => (name === TLS ? front.url : upstream) });
    await stop(front.running);
  }
  const measured = [own, ...(quick ? [] : peers.flatMap(([, contestant]) => contestant ?? []))];
  for (const one of measured) {
    if (wants("memory")) {
      for (const streams of quick ? [5000] : [1000, 5000]) {
        say(`${one.name}: memory with ${streams} streams`);
        const figures = await memory(load, one, FIRST_PORT, upstream, streams);
        results.memory[one.name] = { ...results.memory[one.name], ...figures };
      }
    }
    if (wants("start")) {
      say(`${one.name}: start to first answer`);
      results.startMs[one.name] = await startToAnswer(one, FIRST_PORT, upstream, one === own ? 7 : 3);
    }
  }
} finally {
  await stop(upstreamProcess);
}

/** Between the two comments of the page. */
function fillIn(name: string, text: string): void {
  const page = join(ROOT, "docs/performance.md");
  const open = `<!-- ${name} -->`;
  const close = `<!-- end of ${name} -->`;
  const [before, rest = ""] = readFileSync(page, "utf8").split(open);
  writeFileSync(page, `${before}${open}\n\n${text.trim()}\n\n${close}${rest.split(close)[1] ?? ""}`);
}

async function measureGrowth(): Promise<void> {
  const found = await growth(tools, FIRST_PORT, UPSTREAM_PORT, say);
  console.log(growthTable(found));
  writeFileSync(join(CACHE, "growth.svg"), growthChart(found));
  if (!flags.save) return;
  writeFileSync(join(ROOT, "docs/performance-growth.svg"), growthChart(found));
  fillIn("growth", growthTable(found));
}

const text = report(results);
console.log(`\n${text}`);
mkdirSync(CACHE, { recursive: true });
writeFileSync(join(CACHE, "results.json"), `${JSON.stringify(results, null, 2)}\n`);
writeFileSync(join(CACHE, "chart.svg"), chart(results));
if (flags.save) {
  const docs = join(ROOT, "docs");
  writeFileSync(join(docs, "performance.json"), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(join(docs, "performance.svg"), chart(results));
  fillIn("figures", text);
}
say("done");
if (flags.check)
  process.exitCode = checkAgainst(results, join(ROOT, "docs/performance.json"), console.log) ? 0 : 1;
