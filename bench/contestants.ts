/** Who is measured: what all have in common, direct, and Pollux. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PACES, type Pace, PROCESS_PACE } from "./pace.ts";
import { GATEWAY_CORE, type Running, start } from "./processes.ts";
import { BARE, DIRECT_NAME, POLLUX, processesName, TLS } from "./results.ts";
import { CACHE, ROOT } from "./setup.ts";
import type { Workload } from "./workloads.ts";

export interface Contestant {
  name: string;
  version: string;
  /** How it is run, for the report. */
  configuration: string;
  /** Absent for `direct`, which has no process. */
  start?: (port: number, upstream: string) => Promise<Running>;
  /** What is sent for a workload. */
  request: (workload: Workload) => { path: string; headers: Record<string, string>; body: unknown };
  speaks: "openai" | "gemini";
  pace: Pace;
}

export const ACCESS_KEY = "pk-bench-0123456789abcdef0123456789abcdef";

export const openai =
  (prefix: string, headers: Record<string, string>) =>
  (workload: Workload): ReturnType<Contestant["request"]> => ({
    path: "/v1/chat/completions",
    headers,
    body: {
      model: `${prefix}${workload.model}`,
      ...workload.body,
      ...(workload.stream ? { stream: true } : {}),
    },
  });

/** What reaches Google, asked for by the load itself: the least an answer can cost. */
export const gemini = (workload: Workload): ReturnType<Contestant["request"]> => ({
  path: `/v1beta/models/${workload.model}:${workload.stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
  headers: { "x-goog-api-key": "bench" },
  body: { contents: [{ role: "user", parts: [{ text: JSON.stringify(workload.body) }] }] },
});

export const DIRECT: Contestant = {
  name: DIRECT_NAME,
  version: "",
  configuration: "the load asks the upstream itself",
  request: gemini,
  speaks: "gemini",
  pace: PACES[DIRECT_NAME],
};

/** As users run it: keys, notes, metrics, a request log, signatures and limits are on. */
export function pollux(options: {
  name: string;
  bare?: boolean;
  env?: Record<string, string>;
  argv?: readonly string[];
  /** For Node.js itself. */
  nodeArgv?: readonly string[];
  /** Default: the built command. */
  entry?: string;
  /** Default: the one core of the gateway. */
  cores?: string;
  configuration?: string;
  pace?: Pace;
}): Contestant {
  const { name, bare = false, env = {}, argv = [], nodeArgv = [] } = options;
  return {
    name,
    version: "this tree",
    configuration: options.configuration ?? (bare ? BARE_CONFIGURATION : AS_USERS_RUN_IT),
    start: (port, upstream) => {
      const folder = made(name);
      const file = join(folder, "pollux.json");
      const config = {
        server: { host: "127.0.0.1", port, ...(bare ? {} : { apiKeys: [ACCESS_KEY] }) },
        limits: { upstreamConnections: 6000 },
        upstreams: { google: { kind: "gemini-api", apiKeys: ["bench-key"], baseUrl: upstream } },
        ...(bare ? { log: { requests: "off" } } : {}),
      };
      writeFileSync(file, JSON.stringify(config, null, 2));
      const entry = options.entry ?? join(ROOT, "dist/cli/main.js");
      const command = [...nodeArgv, entry, "serve", "--config", file, ...argv];
      return run(name, process.execPath, command, port, { env, cores: options.cores ?? GATEWAY_CORE });
    },
    request: openai("google/", bare ? {} : { authorization: `Bearer ${ACCESS_KEY}` }),
    speaks: "openai",
    pace: options.pace ?? PACES[POLLUX],
  };
}

const AS_USERS_RUN_IT =
  "`pollux serve` as built: access keys, notes, metrics, a log line of every request, signatures and limits, all at their defaults; only `upstreamConnections` is raised, to 6,000";
const BARE_CONFIGURATION = "the same without access keys and request log";

export const polluxAsRun = (): Contestant => pollux({ name: POLLUX });
export const polluxBare = (): Contestant => pollux({ name: BARE, bare: true });
export const polluxOverTls = (certificate: string): Contestant =>
  pollux({
    name: TLS,
    env: { NODE_EXTRA_CA_CERTS: certificate },
    configuration: "the same as Pollux, its upstream behind TLS 1.3",
    pace: PACES[TLS],
  });

/** Processes without a core of their own; the upstream and the load take part of one of the two. */
export const polluxProcesses = (count: number): Contestant =>
  pollux({
    name: processesName(count),
    argv: count === 1 ? [] : ["--workers", String(count)],
    cores: "0,1",
    configuration: `Pollux on both cores, ${count === 1 ? "without --workers" : `--workers ${count}`}`,
    pace: PROCESS_PACE,
  });

/** A folder of its own for what it writes. */
export function made(name: string): string {
  const folder = join(CACHE, "run", name.replaceAll(/\W+/g, "-"));
  mkdirSync(folder, { recursive: true });
  return folder;
}

export function run(
  name: string,
  command: string,
  argv: readonly string[],
  port: number,
  { env = {}, cores = GATEWAY_CORE }: { env?: Record<string, string>; cores?: string } = {},
): Promise<Running> {
  const log = join(made(name), "output.log");
  return start({ command, argv, env, cwd: made(name), port, cores, log });
}
