/** `npm run bench -- --growth`: what a request costs as it grows, and what streams cost as there are more of them. */
import { polluxAsRun } from "./contestants.ts";
import { type Series, SERIES } from "./growth-series.ts";
import { leave, type Seat, seat } from "./groups.ts";
import { Load } from "./load.ts";
import { startUpstream } from "./measure.ts";
import { cpuMicros, forgetPeak, peakBytes, residentBytes } from "./process-figures.ts";
import { pause, type Running, settled, stop } from "./processes.ts";
import type { Tools } from "./setup.ts";
import { type Point, slope } from "./statistics.ts";
import { SLOW, UNARY, type Workload } from "./workloads.ts";

/** One line of one plot. */
export interface Growth {
  what: string;
  unit: string;
  cost: string;
  points: Point[];
  /** Exponent of the power law: 1 is linear. */
  slope: number;
}

const UPSTREAM_PORT = 9741;
const PORT = 9742;
const MIB = 1024 * 1024;
/** At one time: memory is what these hold together. */
const CONNECTIONS = 4;
const STREAMS: readonly number[] = [500, 1000, 2000, 5000];
const STREAMS_PER_SECOND = 1000;
/** Pollux gives memory back after half a minute. */
const QUIET_SECONDS = 34;

/** @param only names of series, `streams` among them; absent: all */
export async function growth(
  tools: Tools,
  only: readonly string[] | undefined,
  say: (line: string) => void,
): Promise<Growth[]> {
  const load = new Load(tools.load);
  const upstream = await startUpstream(tools, UPSTREAM_PORT);
  const url = `http://127.0.0.1:${UPSTREAM_PORT}`;
  const wants = (what: string): boolean => only === undefined || only.includes(what);
  const found: Growth[] = [];
  try {
    for (const series of SERIES.filter(({ what }) => wants(what))) {
      found.push(...(await ofRequests(load, series, url, say)));
    }
    if (wants("streams")) found.push(...(await ofStreams(load, url, say)));
  } finally {
    await stop(upstream);
  }
  return found;
}

/** A process for each series, so that no size inherits the memory of another kind. */
async function ofRequests(
  load: Load,
  { what, unit, sizes, body }: Series,
  url: string,
  say: (line: string) => void,
): Promise<Growth[]> {
  const contestant = polluxAsRun();
  const { gateway } = await seat(contestant, PORT, url);
  const times: Point[] = [];
  const memory: Point[] = [];
  const run = (workload: Workload, seconds: number, least: number): ReturnType<Load["run"]> =>
    load.run(contestant, PORT, workload, { connections: CONNECTIONS, seconds, least }, gateway);
  try {
    await load.run(contestant, PORT, UNARY, { connections: 16, requests: 20_000 }, gateway);
    await settled(gateway);
    const idle = residentBytes(gateway!.pid);
    for (const size of sizes) {
      say(`${what}: ${size} ${unit}`);
      const workload: Workload = { ...UNARY, name: `${what} ${size}`, body: body(size) };
      const { first_error: first } = await run(workload, 1, CONNECTIONS);
      await settled(gateway);
      forgetPeak(gateway!.pid);
      const result = await run(workload, 2, CONNECTIONS);
      if (result.done === 0) throw new Error(`${what} ${size}: ${first} ${result.first_error}`);
      times.push({ x: size, y: result.cpu / result.done / 1000 });
      memory.push({ x: size, y: Math.max(1, (peakBytes(gateway!.pid) - idle) / MIB) });
      await settled(gateway);
    }
  } finally {
    await stop(gateway!);
  }
  return [
    { what, unit, cost: "ms of processor time a request", points: times, slope: slope(times) },
    {
      what,
      unit,
      cost: `MiB at most, ${CONNECTIONS} at a time, above idle`,
      points: memory,
      slope: slope(memory),
    },
  ];
}

/** Each says a word every two seconds. A process for each number, as one keeps room from the streams before. */
async function ofStreams(load: Load, url: string, say: (line: string) => void): Promise<Growth[]> {
  const times: Point[] = [];
  const memory: Point[] = [];
  const seats: Seat[] = [];
  try {
    for (const [index] of STREAMS.entries()) {
      const taken = await seat(polluxAsRun(), PORT + index, url);
      seats.push(taken);
      const { contestant, port, gateway } = taken;
      await load.run(contestant, port, UNARY, { connections: 16, requests: 20_000 }, gateway);
    }
    say(`streams: ${QUIET_SECONDS} s of nothing`);
    await pause(QUIET_SECONDS * 1000);
    for (const [index, streams] of STREAMS.entries()) {
      say(`streams: ${streams} open`);
      const { contestant, port, gateway } = seats[index]!;
      const idle = residentBytes(gateway!.pid);
      const opening = streams / STREAMS_PER_SECOND + 3;
      const options = { connections: streams, hold: STREAMS_PER_SECOND, seconds: opening + 8 };
      const held = load.run(contestant, port, SLOW, options, gateway);
      await pause(opening * 1000);
      const busy = await busyShare(gateway!, 6000);
      memory.push({ x: streams, y: (residentBytes(gateway!.pid) - idle) / MIB });
      times.push({ x: streams, y: busy * 1000 });
      const { open } = await held;
      if (open < streams) throw new Error(`Only ${open} of ${streams} streams are open.`);
    }
  } finally {
    await leave(seats);
  }
  const unit = "open slow streams";
  return [
    { what: "streams", unit, cost: "ms of processor time a second", points: times, slope: slope(times) },
    { what: "streams", unit, cost: "MiB above idle", points: memory, slope: slope(memory) },
  ];
}

async function busyShare(gateway: Running, ms: number): Promise<number> {
  const before = cpuMicros(gateway.pid);
  await pause(ms);
  return (cpuMicros(gateway.pid) - before) / 1000 / ms;
}
