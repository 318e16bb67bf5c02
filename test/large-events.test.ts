/** Answers that are large: images that a model made, and lines that never end. */
import { once } from "node:events";
import { createServer, request as httpRequest, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { writeConfig } from "./support/configured-gateway.ts";
import { type ServedProcess, servePollux } from "./support/served-process.ts";

const MEGABYTE = 1024 * 1024;
const MAX_EVENT = 16 * MEGABYTE;
/** 5 MB of picture. */
const IMAGE = Buffer.alloc(5 * MEGABYTE, "\u0001 a picture, as far as anyone can tell ").toString("base64");

let answer: (response: ServerResponse) => void;
const upstream = createServer((request, response) => {
  request.resume().on("end", () => answer(response));
});
let pollux: ServedProcess;

beforeAll(async () => {
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const { file } = writeConfig(`
upstreams: { gemini: { kind: gemini-api, apiKeys: [key], baseUrl: "http://127.0.0.1:${(upstream.address() as AddressInfo).port}" } }
limits: { maxEventBytes: ${MAX_EVENT}, maxResponseBytes: ${MAX_EVENT} }
`);
  pollux = await servePollux({}, ["--config", file]);
}, 60_000);

afterEach(() => upstream.closeAllConnections());

afterAll(async () => {
  await pollux.stop();
  upstream.close();
});

function ask(stream: boolean): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${pollux.url}/v1/chat/completions`,
      { method: "POST", headers: { "content-type": "application/json" }, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    const messages = [{ role: "user", content: "Draw" }];
    request.end(JSON.stringify({ model: "gemini-2.5-flash-image", stream, messages }));
  });
}

const holding = (part: object, finishReason?: string): string =>
  JSON.stringify({
    candidates: [{ content: { parts: [part] }, ...(finishReason === undefined ? {} : { finishReason }) }],
  });
const TEXT = holding({ text: "Here it is: ä" });
const PICTURE = holding({ inlineData: { mimeType: "image/png", data: IMAGE } }, "STOP");

interface Answered {
  choices: { message?: Piece; delta?: Piece }[];
}
interface Piece {
  content?: string | null;
  images?: { image_url: { url: string } }[];
}

function eventsOf(text: string): string[] {
  return text
    .split("\n\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => line.slice("data: ".length));
}

test("F-27 an image of 5 MB comes whole, streamed and not, again and again, in bounded memory", async () => {
  const url = `data:image/png;base64,${IMAGE}`;
  const streamed = async (): Promise<void> => {
    answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${TEXT}\r\n\r\n`);
      response.end(`data: ${PICTURE}\r\n\r\n`);
    };
    const { status, text } = await ask(true);
    const events = eventsOf(text);
    expect([status, events.at(-1)]).toEqual([200, "[DONE]"]);
    const deltas = events.slice(0, -1).map((event) => (JSON.parse(event) as Answered).choices[0]?.delta);
    expect(deltas.map((delta) => delta?.content ?? "").join("")).toBe("Here it is: ä");
    const images = deltas.flatMap((delta) => delta?.images ?? []);
    expect(images.map((image) => image.image_url.url === url)).toEqual([true]);
  };
  const whole = async (): Promise<void> => {
    answer = (response) => response.setHeader("content-type", "application/json").end(PICTURE);
    const { status, text } = await ask(false);
    expect(status).toBe(200);
    const { images } = (JSON.parse(text) as Answered).choices[0]?.message ?? {};
    expect(images?.map((image) => image.image_url.url === url)).toEqual([true]);
  };
  for (let warm = 0; warm < 3; warm += 1) {
    await streamed();
    await whole();
  }
  const before = await pollux.peakMemory();
  await pollux.loopDelay();
  for (let round = 0; round < 8; round += 1) {
    await streamed();
    await whole();
  }
  expect((await pollux.peakMemory()) - before).toBeLessThan(100 * MEGABYTE);
  // The worst of them all, on a thread that other streams share.
  expect((await pollux.loopDelay()).ownMaxMs).toBeLessThan(200);
}, 60_000);

test.each([
  ["before anything else", ""],
  ["after a first event", `data: ${TEXT}\r\n\r\n`],
])(
  "F-27 a line that never ends, %s, ends in an error, in bounded memory",
  async (_when, first) => {
    const before = await pollux.peakMemory();
    /** Of each attempt, in bytes. */
    const sent: number[] = [];
    let open = 0;
    answer = (response) => {
      const attempt = sent.push(0) - 1;
      open += 1;
      response.on("close", () => (open -= 1));
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`${first}data: {"candidates":[{"content":{"parts":[{"text":"`);
      const line = "a".repeat(MEGABYTE);
      const more = (): void => {
        while (!response.closed) {
          sent[attempt] = (sent[attempt] ?? 0) + line.length;
          if (!response.write(line)) {
            response.once("drain", more);
            return;
          }
        }
      };
      more();
    };
    const { status, text } = await ask(true);
    const error = first === "" ? text : eventsOf(text).at(-1);
    expect(status).toBe(first === "" ? 502 : 200);
    expect(JSON.parse(error ?? "")).toMatchObject({ error: { code: "upstream_event_too_large" } });
    expect(text.includes("Here it is: ä")).toBe(first !== "");
    expect(text).not.toContain("[DONE]");
    await vi.waitFor(() => expect(open).toBe(0));
    // What the sockets hold comes on top.
    expect(Math.max(...sent)).toBeGreaterThan(MAX_EVENT);
    expect(Math.max(...sent)).toBeLessThan(4 * MAX_EVENT);
    expect((await pollux.peakMemory()) - before).toBeLessThan(6 * MAX_EVENT);
  },
  30_000,
);
