/** How long a contestant takes from its start to its first answer. */
import { request } from "node:http";
import type { Contestant } from "./contestants.ts";
import { pause, stop } from "./processes.ts";
import { median } from "./statistics.ts";
import { UNARY } from "./workloads.ts";

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
