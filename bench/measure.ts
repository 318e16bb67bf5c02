/** One whole run by a plan. */
import { join } from "node:path";
import {
  type Contestant,
  DIRECT,
  polluxAsRun,
  polluxBare,
  polluxOverTls,
  polluxProcesses,
} from "./contestants.ts";
import { REQUESTS, START } from "./figure-names.ts";
import { frontier } from "./frontier.ts";
import { leave, runRounds, type Seat, seat, warm } from "./groups.ts";
import { Load } from "./load.ts";
import { aboutTheMachine, hasWorkers } from "./machine.ts";
import { measureMemory } from "./memory.ts";
import { nginx, startTls, type TlsFront } from "./nginx.ts";
import { bifrost, litellm, portkey } from "./peers.ts";
import { type Plan, PROCESS_COUNTS } from "./plan.ts";
import { GATEWAY_CORE, hold, LOAD_CORE, moveTo, release, settled, start, stop } from "./processes.ts";
import { GATEWAYS, LIMIT, middle, NGINX, PROCESSES, type Results, TLS } from "./results.ts";
import { CACHE, LEFT_OUT, type Tools } from "./setup.ts";
import { startToAnswer } from "./start-time.ts";
import type { Step } from "./steps.ts";

const UPSTREAM_PORT = 9701;
const TLS_PORT = 9702;
const FIRST_PORT = 9710;
const MEMORY_PORT = 9730;

export interface MeasureOptions {
  tools: Tools;
  plan: Plan;
  quick: boolean;
  /** Parts of the run: groups, `memory`, `start`. */
  wants: (part: string) => boolean;
  say: (line: string) => void;
}

export async function measure(options: MeasureOptions): Promise<Results> {
  const began = performance.now();
  const upstream = await startUpstream(options.tools, UPSTREAM_PORT);
  try {
    const run = new Run(options, `http://127.0.0.1:${UPSTREAM_PORT}`);
    await run.all();
    run.results.seconds = Math.round((performance.now() - began) / 1000);
    return run.results;
  } finally {
    await stop(upstream);
  }
}

export function startUpstream(tools: Tools, port: number): ReturnType<typeof start> {
  const log = join(CACHE, "upstream.log");
  return start({ command: tools.upstream, argv: [String(port)], port, cores: LOAD_CORE, log });
}

class Run {
  readonly results: Results;
  readonly #options: MeasureOptions;
  readonly #upstream: string;
  readonly #load: Load;
  readonly #peers: readonly Contestant[];

  constructor(options: MeasureOptions, upstream: string) {
    const { tools, quick } = options;
    this.#options = options;
    this.#upstream = upstream;
    this.#load = new Load(tools.load);
    this.#peers = [portkey(tools, upstream), bifrost(tools), litellm(tools)].filter(
      (one) => one !== undefined,
    );
    this.results = {
      ...aboutTheMachine(),
      quick,
      seconds: 0,
      contestants: {},
      missing: {},
      remarks: [],
      groups: {},
      frontier: {},
      memory: {},
      startMs: {},
    };
    for (const [name, tool] of Object.entries({
      Portkey: tools.portkey,
      Bifrost: tools.bifrost,
      LiteLLM: tools.litellm,
      [NGINX]: tools.nginx,
    })) {
      if ("missing" in tool && tool.missing !== LEFT_OUT) this.results.missing[name] = tool.missing;
    }
  }

  async all(): Promise<void> {
    const { plan, wants } = this.#options;
    if (LIMIT in plan.groups && wants(LIMIT)) await this.#limit();
    if (PROCESSES in plan.groups && wants(PROCESSES)) await this.#processes();
    if (GATEWAYS in plan.groups && wants(GATEWAYS) && this.#peers.length > 0) await this.#gateways();
    else if (wants("memory")) await this.#memory();
    if (wants("start")) await this.#starts();
  }

  async #limit(): Promise<void> {
    const { tools, plan, say } = this.#options;
    say(`== ${LIMIT}: nginx, and Pollux with more and with less`);
    const members = plan.groups[LIMIT]!;
    let front: TlsFront | undefined;
    const contestants = [DIRECT, nginx(tools), polluxAsRun(), polluxBare()].filter(
      (one) => one !== undefined,
    );
    if (TLS in members && "path" in tools.nginx) {
      front = await startTls(tools.nginx.path, TLS_PORT, this.#upstream);
      contestants.push(polluxOverTls(front.certificate));
    }
    try {
      const seats: Seat[] = [];
      await this.#inTurns(LIMIT, seats, async () => {
        for (const one of contestants) {
          const upstream = one.name === TLS ? front!.url : this.#upstream;
          await this.#take(seats, one, upstream, (taken) => this.#warm(taken, members[one.name] ?? []));
        }
      });
    } finally {
      if (front !== undefined) await stop(front.running);
    }
  }

  async #processes(): Promise<void> {
    const { say } = this.#options;
    if (!hasWorkers()) {
      this.results.missing["several processes"] = "`pollux serve` has no --workers in this tree";
      return;
    }
    say(`== ${PROCESSES}: on both cores`);
    const seats: Seat[] = [];
    await this.#inTurns(PROCESSES, seats, async () => {
      for (const count of PROCESS_COUNTS) {
        await this.#take(seats, polluxProcesses(count), this.#upstream, (taken) => this.#warm(taken, []));
      }
    });
  }

  async #gateways(): Promise<void> {
    const { wants, plan, say } = this.#options;
    const members = plan.groups[GATEWAYS]!;
    say(`== ${GATEWAYS}`);
    const seats: Seat[] = [];
    await this.#inTurns(GATEWAYS, seats, async () => {
      const slow = this.#peers.find(({ name }) => name === "LiteLLM");
      const others = [polluxAsRun(), ...this.#peers.filter((one) => one !== slow)];
      let warming: Promise<void> = Promise.resolve();
      // It takes minutes, and the load's core is as good as idle until they are over.
      if (slow !== undefined) {
        await this.#take(seats, slow, this.#upstream, ({ gateway }) => {
          moveTo(gateway!, LOAD_CORE);
          return Promise.resolve();
        });
        const waiting = seats.at(-1);
        if (waiting !== undefined) warming = this.#warm(waiting, members[slow.name] ?? []);
      }
      try {
        if (wants("memory")) await this.#memory();
        for (const one of others) {
          await this.#take(seats, one, this.#upstream, (taken) => this.#warm(taken, members[one.name] ?? []));
        }
      } finally {
        await warming;
      }
      if (slow !== undefined) {
        const { gateway } = seats.find(({ contestant }) => contestant === slow) ?? {};
        if (gateway !== undefined) moveTo(gateway, GATEWAY_CORE);
      }
    });
  }

  async #memory(): Promise<void> {
    const { plan, say } = this.#options;
    const { contestants, ...memory } = plan.memory;
    const measured = [polluxAsRun(), ...this.#peers].filter(({ name }) => contestants.includes(name));
    this.results.memory = await measureMemory(this.#load, measured, MEMORY_PORT, this.#upstream, memory, say);
  }

  async #starts(): Promise<void> {
    const { plan, say } = this.#options;
    for (const one of [polluxAsRun(), ...this.#peers]) {
      const times = plan.starts[one.name];
      if (times === undefined) continue;
      say(`${one.name}: ${START}`);
      this.results.startMs[one.name] = await startToAnswer(one, FIRST_PORT, this.#upstream, times);
    }
  }

  async #warm(taken: Seat, steps: readonly Step[]): Promise<void> {
    const { plan, say } = this.#options;
    say(`${taken.contestant.name}: warming up`);
    await warm(this.#load, taken, steps, plan.warmShare);
    hold(taken.gateway);
  }

  /** Who does not start is said and left out; the others go on. */
  async #take(
    seats: Seat[],
    contestant: Contestant,
    upstream: string,
    prepare: (taken: Seat) => Promise<void>,
  ): Promise<void> {
    const { name, version, configuration } = contestant;
    try {
      const taken = await seat(contestant, FIRST_PORT + seats.length, upstream);
      seats.push(taken);
      await prepare(taken);
      this.results.contestants[name] = { version, configuration };
    } catch (error) {
      this.results.missing[name] = error instanceof Error ? error.message.slice(0, 300) : String(error);
    }
  }

  /** Has them seated, runs the rounds and the frontiers, and has them leave. */
  async #inTurns(group: string, seats: Seat[], sit: () => Promise<void>): Promise<void> {
    const { plan, say } = this.#options;
    const load = this.#load;
    try {
      await sit();
      const members = plan.groups[group]!;
      const order = Object.keys(members);
      seats.sort((a, b) => order.indexOf(a.contestant.name) - order.indexOf(b.contestant.name));
      const found = await runRounds({
        load,
        seats,
        rounds: plan.rounds,
        stepsOf: (name) => members[name] ?? [],
        shorter: plan.shorter,
        say,
      });
      this.results.groups[group] = found.rounds;
      this.results.remarks.push(...found.remarks);
      for (const { contestant, port, gateway } of seats) {
        const { name } = contestant;
        const saturated = middle(found.rounds, name, REQUESTS);
        if (!plan.frontier.includes(name) || name in this.results.frontier || saturated === undefined)
          continue;
        say(`${name}: the frontier`);
        await release(gateway);
        this.results.frontier[name] = await frontier(load, contestant, port, gateway, saturated);
        await settled(gateway);
        hold(gateway);
      }
    } finally {
      await leave(seats);
    }
  }
}
