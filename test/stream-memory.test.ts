/** What a stream costs while it lasts: bounded by what the client reads, and nothing of its request. */
import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startGateway, type RunningGateway } from "./support/running-gateway.ts";

/** An upstream of one function; the request's body has been read and dropped when it is called. */
let answer: (response: ServerResponse) => void;
const upstream = createServer((request, response) => {
  request.resume().on("end", () => answer(response));
});
let gateway: RunningGateway;

beforeAll(async () => {
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  gateway = await startGateway({
    GEMINI_API_KEY: "key",
    GOOGLE_GEMINI_BASE_URL: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
  });
});

afterAll(async () => {
  await gateway.close();
  upstream.close();
  expect(gateway.bugs).toEqual([]);
});

function event(text: string, finishReason?: string): string {
  const candidate = {
    content: { parts: [{ text }] },
    ...(finishReason === undefined ? {} : { finishReason }),
  };
  return `data: ${JSON.stringify({ candidates: [candidate] })}\r\n\r\n`;
}

/** A client whose answer is paused from the start. */
function ask(body: string | Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${gateway.url}/v1/chat/completions`,
      { method: "POST", headers: { "content-type": "application/json" }, agent: false },
      (response) => resolve(response.pause()),
    );
    request.on("error", reject);
    request.end(body);
  });
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes in use once all garbage has gone. */
function memoryInUse(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const MEGABYTE = 1024 * 1024;

test("a stream keeps nothing of its request, however large that was", async () => {
  const STREAMS = 6;
  const image = Buffer.alloc(6 * MEGABYTE).toString("base64");
  const body = Buffer.from(
    JSON.stringify({
      model: "gemini-3.5-flash",
      stream: true,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${image}` } },
          ],
        },
      ],
    }),
  );
  const open: ServerResponse[] = [];
  answer = (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(event("It is"));
    open.push(response);
  };
  const before = memoryInUse();
  const responses: IncomingMessage[] = [];
  for (let stream = 0; stream < STREAMS; stream += 1) responses.push(await ask(body));
  expect(open).toHaveLength(STREAMS);
  // Strings of the size of a request are given back some turns of the event loop after they are garbage.
  await vi.waitFor(() => expect((memoryInUse() - before) / STREAMS).toBeLessThan(MEGABYTE / 2), {
    timeout: 5_000,
  });
  for (const response of open) response.end(event(" a picture.", "STOP"));
  for (const response of responses) {
    response.resume();
    await once(response, "end");
  }
});

test("F-05 a client that does not read stops the upstream; when it goes on it gets every byte", async () => {
  const EVENTS = 2_000;
  const text = "a".repeat(32_000);
  let sent = 0;
  let finished = false;
  answer = (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const write = (): void => {
      while (sent < EVENTS) {
        sent += 1;
        if (!response.write(event(`${sent} ${text}`))) {
          response.once("drain", write);
          return;
        }
      }
      finished = true;
      response.end(event("", "STOP"));
    };
    write();
  };
  const before = memoryInUse();
  const response = await ask(
    JSON.stringify({ model: "gemini-3.5-flash", stream: true, messages: [{ role: "user", content: "Go" }] }),
  );
  // The upstream has come to a stand when it sends nothing more while the event loop turns.
  let last = -1;
  await vi.waitFor(
    () => {
      const stands = sent > 0 && sent === last;
      last = sent;
      expect(stands).toBe(true);
    },
    { interval: 200, timeout: 10_000 },
  );
  expect(finished).toBe(false);
  // The sockets' buffers in the kernel hold some megabytes; 64 in all were to be sent.
  expect(sent * 32_000).toBeLessThan(32 * MEGABYTE);
  await vi.waitFor(() => expect(memoryInUse() - before).toBeLessThan(4 * MEGABYTE), { timeout: 5_000 });

  const chunks: Buffer[] = [];
  response.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(response.resume(), "end");
  const contents = Buffer.concat(chunks)
    .toString()
    .split("\n\n")
    .filter((frame) => frame.startsWith("data: {"))
    .map(
      (frame) => (JSON.parse(frame.slice(6)) as { choices: { delta: { content?: string } }[] }).choices[0]!,
    )
    .map(({ delta }) => delta.content ?? "")
    .filter((content) => content !== "");
  expect(contents).toHaveLength(EVENTS);
  expect(contents.every((content, index) => content === `${index + 1} ${text}`)).toBe(true);
});
