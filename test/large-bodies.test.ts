/** Large requests cost the others nothing that they notice: `pollux serve` as a process of its own, watched from outside. */
import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServedProcess, servePollux } from "./support/served-process.ts";

const MEGABYTE = 1024 * 1024;
const EVENTS = 60;
const PACE_MS = 20;

/** What the upstream got, by the word that begins the prompt; a stream's answer is as many numbers. */
const received = new Map<string, Buffer>();
let gateway: ServedProcess;

const upstream = createServer((request: IncomingMessage, response: ServerResponse) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    received.set(/"text":"(\w+)/.exec(body.toString("latin1", 0, 200))?.[1] ?? "", body);
    if (request.url?.includes("streamGenerateContent") === true) void stream(response);
    else response.setHeader("content-type", "application/json").end(JSON.stringify(event("ok", "STOP")));
  });
});

function event(text: string, finishReason?: string): object {
  return {
    candidates: [{ content: { parts: [{ text }] }, ...(finishReason === undefined ? {} : { finishReason }) }],
  };
}

async function stream(response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (let number = 0; number < EVENTS; number += 1) {
    response.write(`data: ${JSON.stringify(event(`${number} `))}\n\n`);
    await delay(PACE_MS);
  }
  response.end(`data: ${JSON.stringify(event("end", "STOP"))}\n\n`);
}

beforeAll(async () => {
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  gateway = await servePollux({
    GEMINI_API_KEY: "key",
    GOOGLE_GEMINI_BASE_URL: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
  });
}, 60_000);

afterAll(async () => {
  await gateway.stop();
  upstream.closeAllConnections();
  upstream.close();
});

function ask(body: Buffer | string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${gateway.url}/v1/chat/completions`,
      { method: "POST", headers: { "content-type": "application/json" }, agent: false },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

async function readStream(name: string): Promise<string> {
  const { status, text } = await ask(
    JSON.stringify({ model: "gemini-3.5-flash", stream: true, messages: [{ role: "user", content: name }] }),
  );
  const events = text.split("\n\n").filter((line) => line !== "");
  expect([status, events.at(-1)]).toEqual([200, "data: [DONE]"]);
  return events
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice("data: ".length)) as { choices: { delta: { content?: string } }[] })
    .map(({ choices }) => choices[0]?.delta.content ?? "")
    .join("");
}

/** Begins a body whose content parts are `parts`, after a text by which it is known again. */
const withParts = (name: string, ...parts: object[]): Buffer =>
  Buffer.from(
    JSON.stringify({
      model: "gemini-3.5-flash",
      messages: [{ role: "user", content: [{ type: "text", text: `${name} ä` }, ...parts] }],
    }),
  );

/** Base64 of so many characters that no two places of it are alike. */
function base64(characters: number): string {
  const bytes = Buffer.alloc((characters / 4) * 3);
  for (let at = 0; at + 4 <= bytes.length; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
  return bytes.toString("base64");
}

test("F-64 20 MB bodies from several clients leave paced streams alone, and memory flat", async () => {
  const media = base64(20 * MEGABYTE);
  const half = media.slice(0, 10 * MEGABYTE);
  const bodies: Record<string, { body: Buffer; inline: string[] }> = {
    image: {
      body: withParts("image", { type: "image_url", image_url: { url: `data:image/png;base64,${media}` } }),
      inline: [media],
    },
    documents: {
      body: withParts(
        "documents",
        { type: "file", file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${half}` } },
        { type: "input_audio", input_audio: { format: "wav", data: half } },
      ),
      inline: [half, half],
    },
    video: {
      body: withParts("video", { type: "video_url", video_url: { url: `data:video/mp4;base64,${media}` } }),
      inline: [media],
    },
    values: {
      body: withParts(
        "values",
        ...Array.from({ length: 3_900 }, (_, index) => ({
          type: "text",
          text: `${index}`,
          x: Array.from({ length: 50 }, () => 1),
        })),
      ),
      inline: [],
    },
  };
  const round = (): Promise<void>[] =>
    Object.entries(bodies).map(async ([name, { body }]) => {
      const { status, text } = await ask(body);
      expect([status, text.slice(0, 200)]).toEqual([200, expect.stringContaining("chat.completion")]);
      expect(received.has(name)).toBe(true);
    });
  const idle = await gateway.peakMemory();
  // Warm, as a gateway is that has been up for a while.
  await Promise.all(round());
  await Promise.all(round());
  for (const [name, { inline }] of Object.entries(bodies)) {
    const sent = JSON.parse(received.get(name)?.toString() ?? "") as {
      contents: { parts: { inlineData?: { data: string } }[] }[];
    };
    const data = sent.contents[0]?.parts.flatMap(({ inlineData }) => inlineData?.data ?? []) ?? [];
    expect(data.map((text, index) => text === inline[index])).toEqual(inline.map(() => true));
  }
  const before = await gateway.peakMemory();
  await gateway.loopDelay();

  let streaming = true;
  let rounds = 0;
  const load = Object.keys(bodies).map(async (_, index) => {
    const { body } = Object.values(bodies)[index] ?? {};
    while (streaming && body !== undefined) {
      expect((await ask(body)).status).toBe(200);
      rounds += 1;
    }
  });
  const expected = `${Array.from({ length: EVENTS }, (_, number) => `${number} `).join("")}end`;
  for (const batch of ["first", "second", "third"]) {
    const streams = Array.from({ length: 4 }, (_, index) => readStream(`${batch}${index}`));
    expect(await Promise.all(streams)).toEqual(streams.map(() => expected));
  }
  streaming = false;
  await Promise.all(load);

  const late = await gateway.loopDelay();
  const after = await gateway.peakMemory();
  expect(rounds).toBeGreaterThan(10);
  expect(late.looks).toBeGreaterThan(100);
  // Of its own doing: the neighbours on the machine that runs the tests are no fault of the gateway's.
  expect(late.ownP99Ms).toBeLessThan(100);
  const held = Object.values(bodies).reduce((sum, { body }) => sum + body.length, 0);
  expect(after - idle).toBeLessThan(6 * held);
  // The collector comes when it comes: a body that stayed in each of the rounds would be many times this.
  expect(after - before).toBeLessThan(4 * held);
}, 60_000);
