/** A gateway with little memory, and more to do than it has memory for. */
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { writeConfig } from "./support/configured-gateway.ts";
import { filler, sendRaw } from "./support/raw-http.ts";
import { type ServedProcess, servePollux } from "./support/served-process.ts";

const MEGABYTE = 1_000_000;
const HEAP = "--max-old-space-size=256";

interface SlowUpstream {
  url: string;
  /** Ends the streams it has begun. */
  endStreams(): void;
}

/** Answers only after a while, so that requests are held meanwhile; a stream begins at once, and does not end. */
async function slowUpstream(holdMs: number): Promise<SlowUpstream> {
  const event = (text: string, finishReason?: string): string =>
    JSON.stringify({
      candidates: [
        {
          content: { role: "model", parts: [{ text }] },
          ...(finishReason === undefined ? {} : { finishReason }),
        },
      ],
    });
  const streams = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      if (request.url?.includes("stream") === true) {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(`data: ${event("Well")}\r\n\r\n`);
        streams.add(response);
        return;
      }
      setTimeout(() => {
        response.writeHead(200, { "content-type": "application/json" }).end(event("Hello", "STOP"));
      }, holdMs);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    endStreams: () => {
      for (const response of streams) response.end(`data: ${event(".", "STOP")}\r\n\r\n`);
    },
  };
}

async function serveSmall(limits: string, upstream: SlowUpstream): Promise<ServedProcess> {
  const { folder, file } = writeConfig(
    `${limits}\nupstreams: { gemini: { kind: gemini-api, apiKeys: [key], baseUrl: "${upstream.url}" } }\nlog: { level: info }\n`,
  );
  const served = await servePollux({ NODE_OPTIONS: HEAP }, ["--config", file]);
  onTestFinished(async () => {
    await served.stop();
    rmSync(folder, { recursive: true });
  });
  return served;
}

interface Seen {
  status: number;
  code: string | undefined;
  retryAfterMs: number;
}

/** A prompt of so many bytes. */
async function ask({ url }: ServedProcess, bytes: number): Promise<Seen> {
  const front = '{"model":"gemini-3.5-flash","messages":[{"role":"user","content":"';
  const back = '"}]}';
  const { status, headers, body } = await sendRaw(url, {
    headers: { "content-length": String(front.length + bytes + back.length) },
    body: [front, ...filler(bytes), back],
  });
  const { error } = JSON.parse(body) as { error?: { code: string } };
  return { status, code: error?.code, retryAfterMs: Number(headers["retry-after-ms"]) };
}

/** A slow machine may take this long to come under pressure. */
const LONGEST_PRESS_MS = 60_000;

/** Clients that ask again and again, for the time given and then until `enough`. */
async function press(
  served: ServedProcess,
  clients: number,
  bytes: number,
  ms: number,
  enough: (seen: readonly Seen[]) => boolean,
): Promise<Seen[]> {
  const seen: Seen[] = [];
  const began = performance.now();
  const goesOn = (): boolean => {
    const passed = performance.now() - began;
    return passed < ms || (passed < LONGEST_PRESS_MS && !enough(seen));
  };
  const client = async (): Promise<void> => {
    while (goesOn()) {
      const answer = await ask(served, bytes);
      seen.push(answer);
      if (answer.status !== 200) await delay(50);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return seen;
}

function wasRefused(seen: readonly Seen[]): boolean {
  return seen.some(({ status }) => status !== 200);
}

async function stageOf({ url }: ServedProcess): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^pollux_shed_stage (\d)$/m.exec(metrics)?.[1] ?? Number.NaN);
}

function stagesToldBy(served: ServedProcess): string[] {
  return [...served.printed().matchAll(/"stage":"(\w+)"/g)].map(([, stage = ""]) => stage);
}

function expectRefusals(seen: readonly Seen[], codes: readonly string[]): void {
  const refused = seen.filter(({ status }) => status !== 200);
  expect(refused.length).toBeGreaterThan(0);
  expect(seen.length).toBeGreaterThan(refused.length);
  for (const { status, code, retryAfterMs } of refused) {
    expect([status, codes.includes(code ?? "")]).toEqual([503, true]);
    expect(retryAfterMs).toBeGreaterThanOrEqual(1_000);
  }
}

describe("F-65 memory is short", () => {
  test("of 256 MB of heap, with bodies of 20 MB and of 900 KB and many streams: some are refused, and nothing is lost", async () => {
    const upstream = await slowUpstream(1_000);
    const served = await serveSmall("limits: {}", upstream);
    const streams = await Promise.all(
      Array.from({ length: 200 }, () =>
        fetch(`${served.url}/v1/chat/completions`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({
            model: "gemini-3.5-flash",
            stream: true,
            messages: [{ role: "user", content: "x" }],
          }),
        }),
      ),
    );
    const texts = streams.map((response) => response.text());
    const [large, small] = await Promise.all([
      press(served, 12, 20 * MEGABYTE, 8_000, wasRefused),
      press(served, 100, 0.9 * MEGABYTE, 8_000, () => true),
    ]);
    expect(served.exited).toBe(false);
    expectRefusals([...large, ...small], ["body_memory_limit", "overloaded"]);
    upstream.endStreams();
    for (const text of await Promise.all(texts)) expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    await vi.waitFor(async () => expect(await stageOf(served)).toBe(0), { timeout: 30_000, interval: 250 });
    expect((await ask(served, 20 * MEGABYTE)).status).toBe(200);
    expect(served.printed().match(/^.*(?:heap out of memory|"level":50).*$/gm)).toBeNull();
  }, 240_000);

  test("step by step load is shed, each step in the log, and taken back when there is memory again", async () => {
    const upstream = await slowUpstream(3_000);
    // Bounds that leave room for what comes between two readings.
    const served = await serveSmall(
      `limits:
  maxBodyBytesInFlight: 100000000
  shed:
    noKeepAlive: { memoryShare: 0.3 }
    noLargeBodies: { memoryShare: 0.4 }
    noRequests: { memoryShare: 0.5 }`,
      upstream,
    );
    const seen = await press(served, 150, 0.4 * MEGABYTE, 6_000, wasRefused);
    expectRefusals(seen, ["overloaded"]);
    await vi.waitFor(async () => expect(await stageOf(served)).toBe(0), { timeout: 60_000, interval: 250 });
    const stages = stagesToldBy(served);
    expect(stages).toContain("no_requests");
    expect(stages.slice(-3)).toEqual(["no_large_bodies", "no_keep_alive", "none"]);
    expect((await ask(served, 1_000)).status).toBe(200);
    expect(served.exited).toBe(false);
    expect(served.printed()).not.toContain("heap out of memory");
  }, 240_000);
});
