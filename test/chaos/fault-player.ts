/** Makes the faults of a schedule happen, and puts everything right again. */
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { FaultProxy } from "../../src/toxics/fault-proxy.ts";
import type { ChaosUpstream } from "./chaos-upstream.ts";
import { badConfig, DRAIN_MS, goodConfig } from "./config-file.ts";
import type { FaultAction } from "./fault-schedule.ts";
import type { GatewayProcess } from "./gateway-process.ts";
import type { UpstreamName } from "./plan.ts";

/** What a stop may take beyond its drain: a second for farewells, and a busy machine. */
const END_MS = DRAIN_MS + 6_000;

export interface Stage {
  gateway: GatewayProcess;
  upstreams: Record<UpstreamName, ChaosUpstream>;
  proxies: Record<UpstreamName, FaultProxy>;
  /** Path of the gateway's configuration file. */
  configFile: string;
  onAction(kind: string): void;
}

/** Resolves at the end of the phase, when everything is whole and sound again. */
export async function playFaults(
  stage: Stage,
  schedule: readonly FaultAction[],
  lengthMs: number,
  stopped: () => boolean,
): Promise<void> {
  const startedAt = performance.now();
  const ended: Promise<void>[] = [];
  const elapsed = (): number => performance.now() - startedAt;
  let restarting: Promise<void> | undefined;
  for (const action of schedule) {
    while (elapsed() < action.atMs && !stopped())
      await sleep(Math.min(100, Math.max(1, action.atMs - elapsed())));
    if (stopped()) break;
    if (action.kind === "SIGTERM" || action.kind === "SIGKILL") {
      const before = restarting;
      const { kind } = action;
      restarting = (async () => {
        await before;
        await stage.gateway.restart(kind, END_MS);
      })();
      void restarting.then(() => (restarting = undefined));
      ended.push(restarting);
      stage.onAction(kind);
    } else if (action.kind === "toxic" || action.kind === "upstream-restart" || restarting === undefined) {
      ended.push(play(stage, action));
      stage.onAction(nameOf(action));
    }
  }
  while (elapsed() < lengthMs && !stopped()) await sleep(Math.min(100, lengthMs - elapsed()));
  await Promise.all(ended);
  for (const proxy of Object.values(stage.proxies)) proxy.clear();
  writeFileSync(stage.configFile, goodConfigOf(stage, 0));
  stage.gateway.signal("SIGHUP");
}

async function play(
  stage: Stage,
  action: Exclude<FaultAction, { kind: "SIGTERM" | "SIGKILL" }>,
): Promise<void> {
  switch (action.kind) {
    case "toxic": {
      const proxy = stage.proxies[action.upstream];
      const name = proxy.add(action.toxic);
      await sleep(action.forMs);
      proxy.remove(name);
      return;
    }
    case "upstream-restart":
      return stage.upstreams[action.upstream].restart(action.awayMs);
    case "reload": {
      const good = goodConfigOf(stage, action.variant);
      writeFileSync(stage.configFile, action.file === "good" ? good : badConfig(good, action.variant));
      stage.gateway.signal("SIGHUP");
      if (action.file === "good") return;
      // A restart must find a file that is good.
      await sleep(300);
      writeFileSync(stage.configFile, good);
      return;
    }
    case "pause":
      await stage.gateway.pause(action.forMs);
  }
}

export function goodConfigOf(stage: Pick<Stage, "proxies">, variant: number): string {
  return goodConfig({ a: stage.proxies.a.url, b: stage.proxies.b.url }, variant);
}

function nameOf(action: FaultAction): string {
  if (action.kind === "toxic") return `toxic ${action.toxic.type}`;
  if (action.kind === "reload") return `reload of a ${action.file} file`;
  return action.kind;
}
