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
