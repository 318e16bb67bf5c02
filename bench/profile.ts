/**
 * `npm run profile -- unary`: where the gateway's processor time goes under one kind of load, and with `--heap` whose
 * its memory is. It runs the sources, so that names and files are those that are edited.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pollux } from "./contestants.ts";
import { Load } from "./load.ts";
import { residentBytes } from "./process-figures.ts";
import { LOAD_CORE, pause, start, stop } from "./processes.ts";
import { type CpuProfile, type HeapProfile, liveBytes, selfTimes, topOf } from "./profile-tables.ts";
import { CACHE, compile, ROOT } from "./setup.ts";
import { BURST, HISTORY, IMAGE, PACED, STRUCTURED, TOOLS, UNARY, type Workload } from "./workloads.ts";

const WORKLOADS: Readonly<Record<string, Workload>> = {
  unary: UNARY,
  burst: BURST,
  paced: PACED,
  tools: TOOLS,
  history: HISTORY,
  image: IMAGE,
  structured: STRUCTURED,
};
const UPSTREAM_PORT = 9751;
const PORT = 9752;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    heap: { type: "boolean", default: false },
    seconds: { type: "string", default: "8" },
    warm: { type: "string", default: "4" },
    connections: { type: "string", default: "64" },
    rows: { type: "string", default: "40" },
    http: { type: "string" },
  },
});
const [name = ""] = positionals;
const workload = Object.hasOwn(WORKLOADS, name) ? WORKLOADS[name] : undefined;
if (workload === undefined) {
  console.error(`Usage: npm run profile -- ${Object.keys(WORKLOADS).join("|")} [--heap] [--seconds 8] [--warm 4]
  [--connections 64] [--rows 40] [--http undici|http1]

The profile itself stays in .cache/bench/profile, for the developer tools of Chrome.`);
  process.exit(2);
}
const [seconds, warm, connections, rows] = [flags.seconds, flags.warm, flags.connections, flags.rows].map(
  Number,
);

const folder = join(CACHE, "profile");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const load = new Load(await compile("load", console.error));
const upstream = await start({
  command: await compile("upstream", console.error),
  argv: [String(UPSTREAM_PORT)],
  port: UPSTREAM_PORT,
  cores: LOAD_CORE,
  log: join(CACHE, "profile", "upstream.log"),
});
const kind = flags.heap ? "heap" : "cpu";
const profiled = pollux({
  name: "profile",
  entry: join(ROOT, "src/cli/main.ts"),
  nodeArgv: [`--${kind}-prof`, `--${kind}-prof-dir=${folder}`],
  ...(flags.http === undefined ? {} : { env: { POLLUX_HTTP_CLIENT: flags.http } }),
});
try {
  const gateway = await profiled.start!(PORT, `http://127.0.0.1:${UPSTREAM_PORT}`);
  await load.run(profiled, PORT, workload, { connections: connections!, seconds: warm! }, gateway);
  const began = monotonicMicros();
  const measured = await load.run(
    profiled,
    PORT,
    workload,
    { connections: connections!, seconds: seconds! },
    gateway,
  );
  const ended = monotonicMicros();
  const busy = residentBytes(gateway.pid);
  const { done, chunks, cpu, errors, first_error: error } = measured;
  console.log(
    `${workload.name}: ${done} answers, ${chunks} chunks in ${measured.seconds.toFixed(1)} s; ` +
      `${(cpu / done).toFixed(0)} us of processor time an answer, ${(cpu / chunks).toFixed(1)} a chunk, the profiler's own included`,
  );
  if (errors > 0) console.log(`${errors} answers were wrong, first: ${error}`);
  if (flags.heap) await pause(3000);
  const idle = residentBytes(gateway.pid);
  // It writes the profile on its way out, which takes a while: longer than `stop` waits for the others.
  const gone = new Promise((resolve) => gateway.child.once("exit", resolve));
  gateway.child.kill("SIGTERM");
  await gone;
  const file = readdirSync(folder).find((entry) => entry.endsWith(`.${kind}profile`));
  if (file === undefined) throw new Error("Node.js has written no profile.");
  const profile: unknown = JSON.parse(readFileSync(join(folder, file), "utf8"));
  if (flags.heap) {
    const { functions, files, total } = liveBytes(profile as HeapProfile);
    console.log(
      `resident: ${mib(busy)} under load, ${mib(idle)} three seconds later; live on the heap: ${mib(total)}`,
    );
    console.log(`\nallocated by, of what is live\n${topOf(functions, total, rows!)}`);
    console.log(`\nby file\n${topOf(files, total, rows!)}`);
  } else {
    const { functions, files, total, idleMicros } = selfTimes(profile as CpuProfile, began, ended);
    console.log(
      `${(total / 1000).toFixed(0)} ms busy and ${(idleMicros / 1000).toFixed(0)} ms idle on the main thread, warm-up left out`,
    );
    console.log(`\nself time by function\n${topOf(functions, total, rows!)}`);
    console.log(`\nself time by file\n${topOf(files, total, rows!)}`);
  }
  console.log(`\n${join(folder, file)}`);
} finally {
  await stop(upstream);
}

/** On the clock by which V8 stamps its samples. */
function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
