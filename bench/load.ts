/** One run of the load client, and what it and the gateway's processor saw. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Contestant } from "./contestants.ts";
import { coreTimes, cpuMicros } from "./process-figures.ts";
import { LOAD_CORE, type Running } from "./processes.ts";
import { CACHE } from "./setup.ts";
import type { Workload } from "./workloads.ts";

export interface Quantiles {
  n: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

/** As load.c prints it; times in microseconds. */
export interface LoadResult {
  seconds: number;
  issued: number;
  done: number;
  errors: number;
  /** Requests of a rate that found no free connection when they were due. */
  late: number;
  chunks: number;
  open: number;
  latency_us: Quantiles | null;
  first_us: Quantiles | null;
  transit_us: Quantiles | null;
  first_error: string;
}

export interface Measured extends LoadResult {
  /** The gateway's processor time, in microseconds; 0 for none. */
  cpu: number;
  /** How busy the core of the upstream and the load was: 0 to 1. */
  loadBusy: number;
}

export type LoadOptions = Partial<
  Record<"connections" | "seconds" | "requests" | "rate" | "lead" | "hold" | "least" | "spread", number>
>;

let serial = 0;

export class Load {
  readonly #program: string;
  readonly #files = new Map<string, { body: string; headers: string; path: string }>();

  constructor(program: string) {
    this.#program = program;
  }

  async run(
    contestant: Contestant,
    port: number,
    workload: Workload,
    options: LoadOptions,
    gateway?: Running,
  ): Promise<Measured> {
    const { body, headers, path } = this.#write(contestant, workload);
    const argv = ["-c", LOAD_CORE, this.#program, String(port), path, body, headers];
    for (const [name, value] of Object.entries(options)) argv.push(`${name}=${value}`);
    argv.push(`markers=${workload.markers}`, `expect=${workload.expect[contestant.speaks]}`);
    const child = spawn("taskset", argv, { stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(child, "exit");
    const from = { cpu: 0, core: { busy: 0, all: 0 } };
    const to = { cpu: 0, core: { busy: 0, all: 0 } };
    let result: LoadResult | undefined;
    for await (const line of createInterface(child.stdout)) {
      if (line === "from" || line === "to") {
        const times = line === "from" ? from : to;
        times.cpu = gateway === undefined ? 0 : cpuMicros(gateway.pid);
        times.core = coreTimes(LOAD_CORE);
      } else {
        result = JSON.parse(line) as LoadResult;
      }
    }
    const [code] = (await exited) as [number | null];
    if (code !== 0 || result === undefined) throw new Error(`The load client failed (${code}).`);
    const loadBusy = (to.core.busy - from.core.busy) / Math.max(1, to.core.all - from.core.all);
    return { ...result, cpu: to.cpu - from.cpu, loadBusy };
  }

  #write(contestant: Contestant, workload: Workload): { body: string; headers: string; path: string } {
    const key = `${contestant.name}/${workload.name}`;
    const known = this.#files.get(key);
    if (known !== undefined) return known;
    const folder = join(CACHE, "run", "requests");
    mkdirSync(folder, { recursive: true });
    const { path, headers, body } = contestant.request(workload);
    serial += 1;
    const files = { body: join(folder, `${serial}.json`), headers: join(folder, `${serial}.txt`), path };
    writeFileSync(files.body, JSON.stringify(body));
    writeFileSync(
      files.headers,
      Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join(""),
    );
    this.#files.set(key, files);
    return files;
  }
}
