/** A chaos run from start to end: warm, then faults and calm by turns, then quiet; and what was wrong. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { startFaultProxy } from "../../src/toxics/fault-proxy.ts";
import { startChaosUpstream } from "./chaos-upstream.ts";
import { checkAnswer } from "./check-answer.ts";
import {
  type Allowances,
  checkCalm,
  checkEnding,
  checkGrowth,
  checkIdleMetrics,
  checkLeftOver,
  checkLog,
  readLogLine,
} from "./check-run.ts";
import { ADMIN_KEY, KEYS } from "./config-file.ts";
import { Dice } from "./dice.ts";
import { goodConfigOf, playFaults, type Stage } from "./fault-player.ts";
import { scheduleFaults } from "./fault-schedule.ts";
import { Figures } from "./figures.ts";
import { type Disruption, GatewayProcess, type Holdings } from "./gateway-process.ts";
import type { Observation } from "./observation.ts";
import { lastingPort } from "./lasting-port.ts";
import { KINDS } from "./plan.ts";
import { Traffic } from "./traffic.ts";

export interface ChaosPlan {
  seed: number;
  warmMs: number;
  cycles: number;
  chaosMs: number;
  /** After the faults of a cycle, for targets to be well again. */
  settleMs: number;
  calmMs: number;
  clients: number;
  pauseMs: number;
  /** In the first half of the cycles. */
  restarts: { SIGTERM: number; SIGKILL: number };
  /** How long what is left over may take to go. */
  quietMs: number;
  /** Least share of sound requests that are answered in full under faults. */
  floor: number;
  allowed: Allowances;
}

export interface Violation {
  what: string[];
  observation?: Observation;
}

export interface HoldingsSample extends Holdings {
  /** "start", "warm", a cycle's number, or "end". */
  at: string;
  second: number;
  gatewayStart: number;
}

export interface ChaosResult {
  seed: number;
  seconds: number;
  figures: Figures;
  samples: HoldingsSample[];
  peakRss: number;
  /** How late the driver's own timers were, in milliseconds: what it measures is no better than that. */
  driverLateMs: { p99: number; most: number };
  logLines: number;
  /** Of `performance.now()`, as the times of the histories. */
  disruptions: readonly Disruption[];
  violations: Violation[];
}

export interface ChaosHooks {
  /** Called every ten seconds. */
  onProgress?(text: string): void;
  /** Called at once, so that nothing is lost when the run is broken off. */
  onViolation?(violation: Violation): void;
  /** A folder of the run's own. */
  folder: string;
}

/** More would say nothing new. */
const MOST_VIOLATIONS = 20;
const PROGRESS_MS = 10_000;
/** Upstream calls of clients that are gone must be over by then. */
const IDLE_MS = 5_000;
const LOGGED_MS = 5_000;
/** Routes that the driver asks on its own account. */
const MACHINE_ROUTES: ReadonlySet<string> = new Set(["health", "ready", "metrics", "adminRouting"]);

export async function runChaos(plan: ChaosPlan, hooks: ChaosHooks): Promise<ChaosResult> {
  const dice = new Dice(plan.seed);
  const startedAt = performance.now();
  const late = monitorEventLoopDelay({ resolution: 10 });
  late.enable();
  const seconds = (): number => Math.round((performance.now() - startedAt) / 100) / 10;
  const figures = new Figures();
  const violations: Violation[] = [];
  const samples: HoldingsSample[] = [];
  const logged = new Map<string, string[]>();
  const unlogged: Observation[] = [];
  let logLines = 0;
  let peakRss = 0;
  const violate = (what: string[], observation?: Observation): void => {
    if (what.length === 0) return;
    const violation = { what, ...(observation !== undefined ? { observation } : {}) };
    violations.push(violation);
    hooks.onViolation?.(violation);
  };
  const stopped = (): boolean => violations.length >= MOST_VIOLATIONS;

  mkdirSync(hooks.folder, { recursive: true });
  const configFile = join(hooks.folder, "pollux.yaml");
  const port = await lastingPort();
  const gateway = new GatewayProcess(port, ["--config", configFile], (line) => {
    const entry = readLogLine(line);
    if (entry !== undefined && !MACHINE_ROUTES.has(entry.route)) {
      logLines += 1;
      figures.log(entry.outcome);
      const earlier = logged.get(entry.requestId);
      if (earlier === undefined) logged.set(entry.requestId, [entry.outcome]);
      else earlier.push(entry.outcome);
    }
    if (/a bug in the gateway|^emulator:|Warning:/.test(line))
      violate([`the gateway said: ${line.slice(0, 2000)}`]);
  });
  const traffic = new Traffic(dice, {
    port,
    keys: KEYS,
    clients: plan.clients,
    pauseMs: plan.pauseMs,
    onOver: (observation) => {
      figures.take(observation);
      const wrong = [...checkAnswer(observation), ...checkEnding(observation, gateway.disruptions)];
      if (observation.phase.startsWith("calm") || observation.phase === "sanity")
        wrong.push(...checkCalm(observation));
      // Where no answer came, nothing but the time tells which lines are about it.
      if (wrong.length > 0 && observation.status === undefined) {
        wrong.push(["The gateway's last lines:", ...gateway.lastLines].join("\n    "));
      }
      violate(wrong, observation);
      unlogged.push(observation);
    },
  });
  const a = await startChaosUpstream("a", traffic.underWay);
  const b = await startChaosUpstream("b", traffic.underWay);
  const proxies = {
    a: await startFaultProxy({ upstream: `127.0.0.1:${a.port}`, seed: plan.seed }),
    b: await startFaultProxy({ upstream: `127.0.0.1:${b.port}`, seed: plan.seed + 1 }),
  };
  for (const upstream of [a, b]) {
    // Under faults a call may have been held up on its way until after its client had left.
    upstream.onStranger = (id) => {
      if (traffic.phase.startsWith("calm")) violate([`an upstream was asked for ${id} after its end`]);
    };
  }
  const stage: Stage = {
    gateway,
    upstreams: { a, b },
    proxies,
    configFile,
    onAction: (kind) => figures.act(kind),
  };
  writeFileSync(configFile, goodConfigOf(stage, 0));

  const sample = async (at: string): Promise<HoldingsSample> => {
    const taken = { at, second: seconds(), gatewayStart: gateway.starts, ...(await gateway.holdings()) };
    samples.push(taken);
    return taken;
  };
  const watch = setInterval(() => (peakRss = Math.max(peakRss, gateway.residentBytes())), 500);
  const progress = setInterval(
    () => hooks.onProgress?.(progressLine(seconds(), figures, gateway, violations)),
    PROGRESS_MS,
  );

  /** Stops the clients; upstreams must then have nothing to do. */
  const rest = async (): Promise<void> => {
    await traffic.stop();
    const until = performance.now() + IDLE_MS;
    while (a.generating + b.generating > 0 && performance.now() < until) await sleep(20);
    if (a.generating + b.generating > 0) {
      violate([`${a.generating} and ${b.generating} upstream calls are still open with no client left`]);
    }
    await checkLogs();
    unlogged.length = 0;
    logged.clear();
  };

  try {
    await gateway.start();
    const start = await sample("start");
    traffic.enter({ name: "warm", faults: false });
    await sleep(plan.warmMs);
    await rest();
    const warm = await sample("warm");
    for (let cycle = 1; cycle <= plan.cycles && !stopped(); cycle += 1) {
      const restarts = cycle * 2 <= plan.cycles + 1 ? plan.restarts : { SIGTERM: 0, SIGKILL: 0 };
      const schedule = scheduleFaults(dice.fork(`cycle ${cycle}`), { lengthMs: plan.chaosMs, restarts });
      traffic.enter({ name: `chaos ${cycle}`, faults: true });
      await playFaults(stage, schedule, plan.chaosMs, stopped);
      traffic.enter({ name: `settling ${cycle}`, faults: false });
      // What was asked under faults may fail late, and upstreams rest after that.
      await sleep(plan.settleMs);
      traffic.enter({ name: `calm ${cycle}`, faults: false });
      await sleep(plan.calmMs);
      await rest();
      await sample(`cycle ${cycle}`);
    }
    await checkQuiet(start, warm);
    violate(checkGrowth(samples, plan.allowed.growthBytes));
    await checkSanity();
    const { chaos } = figures.clean;
    if (chaos.ok < chaos.all * plan.floor) {
      violate([`only ${chaos.ok} of ${chaos.all} sound requests were answered in full under faults`]);
    }
  } finally {
    late.disable();
    clearInterval(watch);
    clearInterval(progress);
    await traffic.stop();
    await gateway.end("SIGTERM", 15_000);
    for (const proxy of Object.values(proxies)) await proxy.close();
    await a.close();
    await b.close();
    rmSync(hooks.folder, { recursive: true, force: true });
  }
  violate(gateway.complaints);
  return {
    seed: plan.seed,
    seconds: seconds(),
    figures,
    samples,
    peakRss,
    driverLateMs: { p99: Math.round(late.percentile(99) / 1e6), most: Math.round(late.max / 1e6) },
    logLines,
    disruptions: gateway.disruptions,
    violations,
  };

  async function checkQuiet(start: Holdings, warm: Holdings): Promise<void> {
    const until = performance.now() + plan.quietMs;
    for (;;) {
      const wrong = checkLeftOver(start, warm, await gateway.holdings(), plan.allowed);
      if (wrong.length === 0 || stopped() || performance.now() > until) {
        await sample("end");
        if (wrong.length > 0) {
          const ports = `The gateway listens on ${port}; upstream a is at ${proxies.a.port}, b at ${proxies.b.port}.`;
          wrong.push([ports, ...gateway.sockets()].join("\n  "));
        }
        violate(wrong);
        return;
      }
      await sleep(500);
    }
  }

  /** Every kind of request once more; and no target is out any more. */
  async function checkSanity(): Promise<void> {
    for (const kind of KINDS) await traffic.askFor(kind, "sanity");
    await rest();
    const targets =
      (JSON.parse(await askGateway("/admin/routing")) as { data?: Record<string, unknown>[] }).data ?? [];
    const open = targets.filter(({ circuit }) => circuit !== "closed");
    if (targets.length === 0 || open.length > 0)
      violate([`not every circuit is closed again: ${JSON.stringify(targets)}`]);
  }

  async function checkLogs(): Promise<void> {
    // Lines come through a pipe, a moment after the answers.
    const missing = (): boolean =>
      unlogged.some((one) =>
        checkLog(one, logged, gateway.disruptions).includes("no line in the request log"),
      );
    const until = performance.now() + LOGGED_MS;
    while (missing() && performance.now() < until) await sleep(50);
    for (const observation of unlogged) {
      violate(checkLog(observation, logged, gateway.disruptions), observation);
    }
    violate(checkIdleMetrics(await askGateway("/metrics")));
  }

  async function askGateway(path: string): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}`, connection: "close" },
    });
    const text = await answer.text();
    if (!answer.ok) violate([`${path} answers ${answer.status}: ${text.slice(0, 500)}`]);
    return text;
  }
}

function progressLine(
  second: number,
  figures: Figures,
  gateway: GatewayProcess,
  violations: readonly Violation[],
): string {
  const outcomes = Object.entries(figures.outcomes)
    .map(([word, number]) => `${word} ${number}`)
    .join(", ");
  const megabytes = Math.round(gateway.residentBytes() / 2 ** 20);
  return `${second} s: ${figures.requests} requests (${outcomes}), ${megabytes} MB, ${violations.length} violations`;
}
