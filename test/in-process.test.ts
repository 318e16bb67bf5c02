/** The gateway with no port: the official SDK over `createGateway().fetch`. */
import OpenAI, { BadRequestError, NotFoundError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGateway, type InProcessGateway } from "../src/index.ts";

const HELLO = {
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user" as const, content: "Repeat after me: in process" }],
};

let gateway: InProcessGateway;
let openai: OpenAI;

beforeAll(async () => {
  gateway = await createGateway({ env: {} });
  openai = new OpenAI({ apiKey: "x", baseURL: "http://pollux/v1", fetch: gateway.fetch, maxRetries: 0 });
});

afterAll(() => gateway.close());

const ask = (to: InProcessGateway, fault: string, signal?: AbortSignal): Promise<Response> =>
  to.fetch("http://pollux/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", "x-emulator-fault": fault },
    body: JSON.stringify({
      ...HELLO,
      messages: [{ role: "user", content: "Write a story." }],
      stream: true,
    }),
    ...(signal === undefined ? {} : { signal }),
  });

describe("createGateway", () => {
  test("says who answers", () => {
    expect(gateway.upstream).toMatch(/emulator/i);
  });

  test("a whole answer", async () => {
    const { data, response } = await openai.chat.completions.create(HELLO).withResponse();
    expect(data.choices[0]!.message.content).toContain("in process");
    expect(response.headers.get("x-request-id")).toMatch(/^req_/);
  });

  test("a stream, and its helper", async () => {
    const stream = openai.chat.completions.stream({ ...HELLO, stream_options: { include_usage: true } });
    const deltas: string[] = [];
    stream.on("content", (delta) => deltas.push(delta));
    const completion = await stream.finalChatCompletion();
    expect(deltas.join("")).toBe(completion.choices[0]!.message.content);
    expect(deltas.join("")).toContain("in process");
    expect(completion.usage!.total_tokens).toBeGreaterThan(0);
  });

  test("a stream that is left half way can be followed by another request", async () => {
    const stream = await openai.chat.completions.create({ ...HELLO, stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content !== undefined) break;
    expect((await openai.chat.completions.create(HELLO)).choices).toHaveLength(1);
  });

  test("an abort is the caller's own error", async () => {
    const controller = new AbortController();
    const answer = openai.chat.completions.create(HELLO, { signal: controller.signal });
    controller.abort();
    await expect(answer).rejects.toThrow(/abort/i);
  });

  test("models and errors", async () => {
    expect((await openai.models.list()).data.length).toBeGreaterThan(5);
    await expect(openai.models.retrieve("google/nope")).rejects.toBeInstanceOf(NotFoundError);
    await expect(openai.chat.completions.create({ ...HELLO, temperature: 9 })).rejects.toMatchObject({
      constructor: BadRequestError,
      param: "temperature",
    });
    expect((await gateway.fetch("http://pollux/v1/nothing")).status).toBe(404);
    expect((await gateway.fetch("http://pollux/v1/chat/completions")).status).toBe(405);
  });

  test("HEAD is GET without the body", async () => {
    const head = await gateway.fetch("http://pollux/v1/models", { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect(Number(head.headers.get("content-length"))).toBeGreaterThan(1000);
    expect((await gateway.fetch("http://pollux/v1/nothing", { method: "HEAD" })).status).toBe(404);
  });

  test("a body is read to its limit and no further", async () => {
    const small = await createGateway({ env: { POLLUX_MAX_BODY_BYTES: "2000" } });
    let pulled = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(500));
      },
      cancel: () => {
        cancelled = true;
      },
    });
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: endless };
    const response = await small.fetch("http://pollux/v1/chat/completions", {
      ...init,
      duplex: "half",
    } as RequestInit);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { code: "request_too_large" } });
    expect(pulled).toBeLessThan(10);
    expect(cancelled).toBe(true);
    await small.close();
  });

  test("F-31 an error inside a stream is an event, and no [DONE] comes", async () => {
    const text = await (await ask(gateway, "error-after=3:503")).text();
    expect(text).toContain('data: {"error":');
    expect(text).not.toContain("[DONE]");
  });

  test("an abort in the middle of a stream is the reader's error", async () => {
    const controller = new AbortController();
    const response = await ask(gateway, "stall-after=1", controller.signal);
    const reader = response.body!.getReader();
    expect((await reader.read()).done).toBe(false);
    controller.abort();
    await expect(reader.read()).rejects.toMatchObject({ name: "AbortError" });
  });

  test("close ends what is open, and says so", async () => {
    const short = await createGateway({ env: {} });
    const response = await ask(short, "stall-after=1");
    const text = response.text();
    await short.close();
    expect(await text).toContain("shutting down");
    expect((await ask(short, "delay=0")).status).toBe(503);
  });

  test("access keys hold in process too", async () => {
    const guarded = await createGateway({ env: { POLLUX_API_KEYS: "secret" } });
    const ask = (key: string) =>
      guarded.fetch("http://pollux/v1/chat/completions", {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
        body: JSON.stringify(HELLO),
      });
    expect((await ask("wrong")).status).toBe(401);
    expect((await ask("secret")).status).toBe(200);
    await guarded.close();
  });
});
