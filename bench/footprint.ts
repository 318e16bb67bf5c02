/** Memory and start-up of one contestant in a process of its own. */
import { request } from "node:http";
import type { Contestant } from "./contestants.ts";
import { type Figures, median } from "./figures.ts";
import type { Load } from "./load.ts";
import { pause, residentBytes, stop } from "./processes.ts";
import { BURST, SLOW, UNARY } from "./workloads.ts";

const MIB = 1024 * 1024;

/** Idle, with slow streams open, and after they have closed. */
export async function memory(
  load: Load,
  contestant: Contestant,
  port: number,
  upstream: string,
  streams: number,
): Promise<Figures> {
  const gateway = await contestant.start!(port, upstream);
  try {
    await load.run(contestant, port, UNARY, { connections: 64, requests: 2000 }, gateway);
    await load.run(contestant, port, BURST, { connections: 64, requests: 200 }, gateway);
    await pause(3000);
    const idle = residentBytes(gateway.pid);
    const seconds = streams / 1200 + 6;
    const held = load.run(contestant, port, SLOW, { connections: streams, hold: 1200, seconds }, gateway);
    await pause(seconds * 1000 - 1000);
    const full = residentBytes(gateway.pid);
    const { open } = await held;
    // The gateway lets go of the streams, then its collector of what they held.
    let after = residentBytes(gateway.pid);
    for (let waited = 0; waited < 20 && after > idle * 1.05; waited += 1) {
      await pause(1000);
      after = Math.min(after, residentBytes(gateway.pid));
    }
    return {
      "idle MiB": idle / MIB,
      [`MiB with ${streams} streams`]: full / MIB,
      [`open of ${streams}`]: open,
      [`KiB a stream at ${streams}`]: (full - idle) / 1024 / Math.max(1, open),
      [`MiB after ${streams} streams`]: after / MIB,
    };
  } finally {
    await stop(gateway);
  }
}

/** Milliseconds from the start of the process to its first right answer; the median of some starts. */
export async function startToAnswer(
  contestant: Contestant,
  port: number,
  upstream: string,
  times: number,
): Promise<number> {
  const taken: number[] = [];
  const { path, headers, body } = contestant.request(UNARY);
  for (let at = 0; at < times; at += 1) {
    const began = performance.now();
    const starting = contestant.start!(port, upstream);
    while ((await ask(port, path, headers, JSON.stringify(body))) !== 200) {
      if (performance.now() - began > 60_000) throw new Error(`${contestant.name} gives no answer`);
      await pause(2);
    }
    taken.push(performance.now() - began);
    await stop(await starting);
  }
  return median(taken);
}

function ask(port: number, path: string, headers: Record<string, string>, body: string): Promise<number> {
  return new Promise((resolve) => {
    const call = request(
      {
        host: "127.0.0.1",
        port,
        path,
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
      },
      (answer) => {
        answer.resume();
        answer.on("end", () => resolve(answer.statusCode ?? 0));
        answer.on("error", () => resolve(0));
      },
    );
    call.on("error", () => resolve(0));
    call.end(body);
  });
}
