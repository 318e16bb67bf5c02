import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { gunzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { GenerateContentResponse } from "../wire/gemini.ts";
import { startEmulator, type Emulator } from "./server.ts";

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator({ seed: 7, paceMs: 0 });
});
afterEach(() => {
  emulator.clearRules();
  emulator.clearRequests();
});
afterAll(() => emulator.close());

const VERTEX = "/v1/projects/p/locations/global/publishers/google/models/gemini-3.5-flash";
const GEMINI_API = "/v1beta/models/gemini-3.5-flash";
const asks = {
  contents: [{ role: "user", parts: [{ text: "Écris « déjà vu » en détail, s'il te plaît." }] }],
};

interface Exchange {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  text: string;
  /** The connection ended before the body did. */
  cut: boolean;
}

/** Plain node:http, because it shows bytes and cut connections as they come. */
function send(
  path: string,
  body: unknown = asks,
  headers: Record<string, string> = { authorization: "Bearer x" },
  method = "POST",
): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      emulator.url + path,
      { method, headers: { "content-type": "application/json", ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        const done = (cut: boolean): void => {
          const bytes = Buffer.concat(chunks);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: bytes,
            text: bytes.toString(),
            cut,
          });
        };
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => done(false));
        response.on("error", () => done(true));
      },
    );
    outgoing.on("error", reject);
    outgoing.end(method === "GET" ? undefined : typeof body === "string" ? body : JSON.stringify(body));
  });
}

const withFault = (fault: string) => ({ authorization: "Bearer x", "x-emulator-fault": fault });

function sseEvents(text: string): GenerateContentResponse[] {
  return text
    .split("\r\n\r\n")
    .filter((frame) => frame !== "")
    .map((frame) => JSON.parse(frame.replace(/^data: /, "")) as GenerateContentResponse);
}

const textOf = (events: readonly GenerateContentResponse[]) =>
  events
    .flatMap((event) => event.candidates?.[0]?.content?.parts ?? [])
    .map((part) => part.text ?? "")
    .join("");

describe("generateContent", () => {
  test.each([
    ["Vertex v1", VERTEX],
    ["Vertex v1beta1", VERTEX.replace("/v1/", "/v1beta1/")],
    ["a multi-region", VERTEX.replace("global", "eu")],
    ["a tuned endpoint", "/v1/projects/p/locations/us-central1/endpoints/123"],
    ["the Gemini API", GEMINI_API],
    ["express mode", "/v1/publishers/google/models/gemini-3.5-flash"],
  ])("%s answers, streamed as SSE, as an array and whole, with the same text", async (name, path) => {
    const credential: Record<string, string> =
      name === "the Gemini API" || name === "express mode"
        ? { "x-goog-api-key": "k" }
        : { authorization: "Bearer x" };
    const whole = await send(`${path}:generateContent`, asks, credential);
    expect(whole.status).toBe(200);
    const answer = JSON.parse(whole.text) as GenerateContentResponse;
    expect(answer.candidates?.[0]?.finishReason).toBe("STOP");
    expect(answer.modelVersion).toMatch(/-emulated$/);
    expect(whole.headers).toMatchObject({ "x-pollux-emulator": "1", server: "pollux-emulator" });

    const sse = await send(`${path}:streamGenerateContent?alt=sse`, asks, credential);
    expect(sse.headers["content-type"]).toBe("text/event-stream");
    const events = sseEvents(sse.text);
    expect(events.length).toBeGreaterThan(1);
    expect(textOf(events)).toBe(textOf([answer]));

    const array = await send(`${path}:streamGenerateContent`, asks, credential);
    expect(array.headers["content-type"]).toBe("application/json; charset=UTF-8");
    expect(textOf(JSON.parse(array.text) as GenerateContentResponse[])).toBe(textOf([answer]));
  });

  test("same request, same answer", async () => {
    const answers = await Promise.all([1, 2, 3].map(() => send(`${VERTEX}:generateContent`)));
    expect(
      new Set(answers.map(({ text }) => textOf([JSON.parse(text) as GenerateContentResponse]))).size,
    ).toBe(1);
  });

  test("countTokens counts what generateContent reports", async () => {
    const counted = JSON.parse((await send(`${VERTEX}:countTokens`)).text) as { totalTokens: number };
    const answer = JSON.parse((await send(`${VERTEX}:generateContent`)).text) as GenerateContentResponse;
    expect(counted.totalTokens).toBeGreaterThan(0);
    expect(counted.totalTokens).toBe(answer.usageMetadata?.promptTokenCount);
  });
});

describe("refusals", () => {
  test("an unknown path is the front end's page", async () => {
    const answer = await send("/v1/chat/<b>");
    expect(answer.status).toBe(404);
    expect(answer.headers["content-type"]).toBe("text/html; charset=UTF-8");
    expect(answer.text).toContain("<title>Error 404");
    expect(answer.text).not.toContain("<b>/v1");
  });

  test.each([
    [
      `${VERTEX.replace("3.5", "9")}:generateContent`,
      "Publisher Model `projects/p/locations/global/publishers/google/models/gemini-9-flash` was not found or your project does not have access to it.",
    ],
    [
      `${VERTEX.replace("global", "us-central1")}:generateContent`,
      "Publisher Model `projects/p/locations/us-central1/publishers/google/models/gemini-3.5-flash` was not found or your project does not have access to it.",
    ],
    [
      `${VERTEX.replace("global", "us").replace("3.5-flash", "3.1-pro-preview")}:generateContent`,
      "Publisher Model `projects/p/locations/us/publishers/google/models/gemini-3.1-pro-preview` was not found",
    ],
    [
      `${GEMINI_API.replace("3.5", "9")}:streamGenerateContent?alt=sse&key=k`,
      "models/gemini-9-flash is not found for API version v1beta, or is not supported for streamGenerateContent. Call ListModels",
    ],
    [`/v1beta/models/__proto__:generateContent?key=k`, "models/__proto__ is not found"],
  ])("%s", async (path, says) => {
    const answer = await send(path);
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toMatchObject({
      error: { code: 404, status: "NOT_FOUND", message: expect.stringContaining(says) as string },
    });
  });

  test("a single region serves 2.5", async () => {
    const path = VERTEX.replace("global", "europe-west1").replace("3.5", "2.5");
    expect((await send(`${path}:generateContent`)).status).toBe(200);
  });

  test("a stream that is no SSE has its error in an array", async () => {
    const answer = await send(`${VERTEX}:streamGenerateContent`, { contents: [] });
    expect(JSON.parse(answer.text)).toMatchObject([{ error: { code: 400 } }]);
    const sse = await send(`${VERTEX}:streamGenerateContent?alt=sse`, { contents: [] });
    expect(JSON.parse(sse.text)).toMatchObject({ error: { code: 400 } });
  });

  test.each(["{", "nonsense", '{"contents":'])("%s is not JSON", async (body) => {
    const answer = await send(`${VERTEX}:generateContent`, body);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("Invalid JSON payload received.");
  });

  test("too long a body is refused before it is read", async () => {
    const small = await startEmulator({ maxRequestBytes: { geminiApi: 1000 } });
    const answer = await fetch(`${small.url}${GEMINI_API}:generateContent?key=k`, {
      method: "POST",
      body: JSON.stringify({ contents: [{ parts: [{ text: "a".repeat(2000) }] }] }),
    });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("Request payload size exceeds the limit.");
    await small.close();
  });
});

describe("credentials", () => {
  test.each([
    [
      VERTEX,
      {},
      401,
      "UNAUTHENTICATED",
      "CREDENTIALS_MISSING",
      /Request is missing required authentication credential/,
    ],
    [
      VERTEX,
      { "x-goog-api-key": "k" },
      401,
      "UNAUTHENTICATED",
      "CREDENTIALS_MISSING",
      /API keys are not supported by this API/,
    ],
    [VERTEX, { authorization: "Bearer " }, 401, "UNAUTHENTICATED", "CREDENTIALS_MISSING", /missing required/],
    [
      VERTEX,
      { authorization: "Basic abc" },
      401,
      "UNAUTHENTICATED",
      "CREDENTIALS_MISSING",
      /missing required/,
    ],
    [GEMINI_API, {}, 403, "PERMISSION_DENIED", undefined, /unregistered callers/],
  ])("%s with %j", async (path, headers, status, name, reason, says) => {
    const answer = await send(`${path}:generateContent`, asks, headers as Record<string, string>);
    expect(answer.status).toBe(status);
    const { error } = JSON.parse(answer.text) as {
      error: { status: string; message: string; details?: { reason: string }[] };
    };
    expect(error.status).toBe(name);
    expect(error.message).toMatch(says);
    expect(error.details?.[0]?.reason).toBe(reason);
  });

  test("strict: issued tokens until they expire, listed keys, nothing else", async () => {
    let now = 1_000_000;
    const strict = await startEmulator({
      requireAuth: "strict",
      apiKeys: ["good"],
      tokenLifetimeSeconds: 60,
      now: () => now,
    });
    const call = async (path: string, headers: Record<string, string>) => {
      const answer = await fetch(`${strict.url}${path}:generateContent`, {
        method: "POST",
        headers,
        body: JSON.stringify(asks),
      });
      const { error } = (await answer.json()) as {
        error?: { details: { reason: string; metadata: object }[] };
      };
      return [answer.status, error?.details[0]?.reason];
    };
    const { token } = strict.tokens.issue("metadata", "me");
    expect(await call(VERTEX, { authorization: `Bearer ${token}` })).toEqual([200, undefined]);
    expect(await call(VERTEX, { authorization: "Bearer ya29.other" })).toEqual([
      401,
      "ACCESS_TOKEN_TYPE_UNSUPPORTED",
    ]);
    now += 60_000;
    expect(await call(VERTEX, { authorization: `Bearer ${token}` })).toEqual([401, "ACCESS_TOKEN_EXPIRED"]);
    expect(await call(GEMINI_API, { "x-goog-api-key": "good" })).toEqual([200, undefined]);
    expect(await call(GEMINI_API, { "x-goog-api-key": "bad" })).toEqual([400, "API_KEY_INVALID"]);
    await strict.close();
  });
});

describe("model lists", () => {
  test("the Gemini API pages through its models with their limits", async () => {
    const names: string[] = [];
    for (let token = ""; ;) {
      const answer = await send(`/v1beta/models?pageSize=10&key=k&pageToken=${token}`, undefined, {}, "GET");
      const page = JSON.parse(answer.text) as {
        models: { name: string; inputTokenLimit: number }[];
        nextPageToken?: string;
      };
      expect(page.models.length).toBeLessThanOrEqual(10);
      for (const model of page.models) expect(model.inputTokenLimit).toBeGreaterThan(0);
      names.push(...page.models.map((model) => model.name));
      if (page.nextPageToken === undefined) break;
      token = page.nextPageToken;
    }
    expect(names).toContain("models/gemini-3.5-flash");
    expect(new Set(names).size).toBe(names.length);
  });

  test("Vertex lists publisher models, without the project in the path", async () => {
    const answer = await send(
      "/v1beta1/publishers/google/models",
      undefined,
      { authorization: "Bearer x" },
      "GET",
    );
    const { publisherModels } = JSON.parse(answer.text) as { publisherModels: { name: string }[] };
    expect(publisherModels.map((model) => model.name)).toContain("publishers/google/models/gemini-3.5-flash");
    const prefixed = await send(
      "/v1beta1/projects/p/locations/l/publishers/google/models",
      undefined,
      { authorization: "Bearer x" },
      "GET",
    );
    expect(prefixed.status).toBe(404);
  });

  test("one model, or none", async () => {
    const one = await send("/v1beta/models/gemini-2.5-pro", undefined, { "x-goog-api-key": "k" }, "GET");
    expect(JSON.parse(one.text)).toMatchObject({ name: "models/gemini-2.5-pro", thinking: true });
    expect((await send("/v1beta/models/none", undefined, { "x-goog-api-key": "k" }, "GET")).status).toBe(404);
  });
});

describe("faults", () => {
  const stream = `${VERTEX}:streamGenerateContent?alt=sse`;

  test("a status, with what tells the client when to come back", async () => {
    const answer = await send(stream, asks, withFault("status=429;retry-after=7;retry-delay=27s"));
    expect(answer.status).toBe(429);
    expect(answer.headers["retry-after"]).toBe("7");
    expect(JSON.parse(answer.text)).toMatchObject({
      error: {
        code: 429,
        status: "RESOURCE_EXHAUSTED",
        details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "27s" }],
      },
    });
  });

  test.each([
    ["html", 502, /^<!DOCTYPE html>/],
    ["html-200", 200, /^<!DOCTYPE html>/],
    ["empty-body", 200, /^$/],
    ["empty-body;status=502", 502, /^$/],
  ])("%s", async (fault, status, body) => {
    const answer = await send(stream, asks, withFault(fault));
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(body);
  });

  test("a cut after bytes", async () => {
    const answer = await send(stream, asks, withFault("cut-after-bytes=300"));
    expect(answer.body.length).toBe(300);
    expect(answer.cut).toBe(true);
    const whole = await send(`${VERTEX}:generateContent`, asks, withFault("cut-after-bytes=50"));
    expect([whole.body.length, whole.cut]).toEqual([50, true]);
  });

  test("a cut after events", async () => {
    const answer = await send(stream, asks, withFault("cut-after=1"));
    expect(sseEvents(answer.text)).toHaveLength(1);
    expect(answer.cut).toBe(true);
  });

  test("a cut inside a character", async () => {
    emulator.addRule({ when: { path: ":streamGenerateContent" }, then: { text: "plain, then déjà vu" } });
    const answer = await send(stream, asks, withFault("cut-in-utf8"));
    expect(answer.cut).toBe(true);
    expect(answer.body.at(-1)).toBe(0xc3);
    expect(answer.text.endsWith("\uFFFD")).toBe(true);
  });

  test("a clean end without a finish", async () => {
    const answer = await send(stream, asks, withFault("end-after=1"));
    expect(answer.cut).toBe(false);
    const events = sseEvents(answer.text);
    expect(events).toHaveLength(1);
    expect(events[0]?.candidates?.[0]?.finishReason).toBeUndefined();
    const unfinished = sseEvents((await send(stream, asks, withFault("no-finish"))).text);
    expect(unfinished.length).toBeGreaterThan(1);
    expect(unfinished.some((event) => event.candidates?.[0]?.finishReason !== undefined)).toBe(false);
  });

  test.each([
    ["sse", (text: string) => JSON.parse(text.split("data: ").at(-1) ?? "") as unknown],
    ["raw", (text: string) => JSON.parse(text.slice(text.lastIndexOf("\r\n\r\n"))) as unknown],
    ["array", (text: string) => (JSON.parse(text.slice(text.lastIndexOf("\r\n\r\n"))) as unknown[])[0]],
  ])("an error inside the stream, %s", async (form, read) => {
    const answer = await send(stream, asks, withFault(`error-after=1:503:${form}`));
    expect(answer.status).toBe(200);
    expect(answer.cut).toBe(false);
    expect(answer.text.startsWith("data: {")).toBe(true);
    expect(read(answer.text)).toMatchObject({ error: { code: 503, status: "UNAVAILABLE" } });
  });

  test("an error inside an array keeps the array whole", async () => {
    const answer = await send(`${VERTEX}:streamGenerateContent`, asks, withFault("error-after=1:503"));
    const [event, error] = JSON.parse(answer.text) as object[];
    expect(event).toHaveProperty("candidates");
    expect(error).toMatchObject({ error: { code: 503 } });
  });

  test.each([
    ["lf", /^data: \{[^\r]*\}\n\n/],
    ["cr", /^data: \{[^\n]*\}\r\r/],
    ["crlf", /^data: \{.*\}\r\n\r\n/],
    ["no-space", /^data:\{/],
    ["comments", /^: emulated\r\n\r\ndata: /],
    ["bom", /^\uFEFFdata: /],
  ])("framing %s", async (fault, shape) => {
    expect((await send(stream, asks, withFault(fault))).text).toMatch(shape);
  });

  test("bytes in small pieces make the same stream", async () => {
    const plain = sseEvents((await send(stream)).text);
    const pieces = sseEvents((await send(stream, asks, withFault("split-bytes=7"))).text);
    expect(textOf(pieces)).toBe(textOf(plain));
  });

  test("compression nobody asked for, and the claim of it", async () => {
    const gzip = await send(stream, asks, withFault("gzip"));
    expect(gzip.headers["content-encoding"]).toBe("gzip");
    expect(sseEvents(gunzipSync(gzip.body).toString()).length).toBeGreaterThan(1);
    const wrong = await send(stream, asks, withFault("wrong-encoding"));
    expect(wrong.headers["content-encoding"]).toBe("gzip");
    expect(wrong.text.startsWith("data: ")).toBe(true);
  });

  test("malformed JSON, missing usage, missing candidates", async () => {
    const frames = (await send(stream, asks, withFault("malformed-json-after=1"))).text.split("\r\n\r\n");
    expect(() => JSON.parse((frames[0] ?? "").slice(6)) as unknown).not.toThrow();
    expect(() => JSON.parse((frames[1] ?? "").slice(6)) as unknown).toThrow();
    const whole = await send(`${VERTEX}:generateContent`, asks, withFault("malformed-json-after=0"));
    expect(() => JSON.parse(whole.text) as unknown).toThrow();
    const bare = JSON.parse(
      (await send(`${VERTEX}:generateContent`, asks, withFault("no-usage"))).text,
    ) as object;
    expect(Object.keys(bare)).not.toContain("usageMetadata");
    const empty = JSON.parse(
      (await send(`${VERTEX}:generateContent`, asks, withFault("no-candidates"))).text,
    ) as object;
    expect(Object.keys(empty)).not.toContain("candidates");
  });

  test("a stall keeps the connection until the client leaves, and the log knows", async () => {
    const gone = new AbortController();
    const response = await fetch(emulator.url + stream, {
      method: "POST",
      headers: withFault("stall-after=1"),
      body: JSON.stringify(asks),
      signal: gone.signal,
    });
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(sseEvents(new TextDecoder().decode(first?.value))).toHaveLength(1);
    gone.abort();
    await expect.poll(() => emulator.requests.at(-1)?.abandoned).toBe(true);
  });

  test("hang and reset never answer", async () => {
    await expect(send(stream, asks, withFault("reset"))).rejects.toThrow(/socket hang up|ECONNRESET/);
    const gone = new AbortController();
    const hanging = fetch(emulator.url + stream, {
      method: "POST",
      headers: withFault("hang"),
      body: JSON.stringify(asks),
      signal: gone.signal,
    });
    await expect.poll(() => emulator.requestCount).toBe(2);
    gone.abort();
    await expect(hanging).rejects.toThrow();
  });

  test("a probability applies the rest sometimes, in the same places with the same seed", async () => {
    const statuses = async () => {
      const seeded = await startEmulator({ seed: 3, paceMs: 0 });
      seeded.addRule({ then: { fault: "status=503;probability=0.5" } });
      const seen: number[] = [];
      for (let count = 0; count < 20; count += 1) {
        const answer = await fetch(`${seeded.url}/v1beta/models?key=k`);
        await answer.arrayBuffer();
        seen.push(answer.status);
      }
      await seeded.close();
      return seen;
    };
    const first = await statuses();
    expect(new Set(first)).toEqual(new Set([200, 503]));
    expect(await statuses()).toEqual(first);
  });

  test("a switch that does not exist is a 400 that lists those that do", async () => {
    const answer = await send(stream, asks, withFault("explode"));
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('unknown fault \\"explode\\"');
  });
});

async function ask(text: string, method = "generateContent"): Promise<string> {
  return (await send(`${VERTEX}:${method}`, { contents: [{ role: "user", parts: [{ text }] }] })).text;
}

describe("rules", () => {
  test("text, thoughts and calls are signed, numbered and cut like any answer", async () => {
    emulator.addRule({
      when: { contains: "tide" },
      then: {
        thoughts: "A tool will know.",
        calls: [{ name: "tide", args: { port: "Brest" } }, { name: "tide" }],
      },
    });
    const answer = await send(`${VERTEX}:generateContent`, {
      contents: [{ role: "user", parts: [{ text: "tide?" }] }],
    });
    const { candidates } = JSON.parse(answer.text) as GenerateContentResponse;
    const parts = candidates?.[0]?.content?.parts ?? [];
    expect(parts[0]).toEqual({ text: "A tool will know.", thought: true });
    expect(parts[1]).toMatchObject({ functionCall: { name: "tide", args: { port: "Brest" } } });
    expect(parts.map((part) => part.thoughtSignature !== undefined)).toEqual([false, true, false]);
    expect(parts[2]?.functionCall?.id).not.toBe(parts[1]?.functionCall?.id);
  });

  test("errors once, then the answer", async () => {
    emulator.addRule({
      when: { model: "gemini-3.5-flash", nth: 1 },
      then: { error: { code: 503, message: "Busy.", retryAfterSeconds: 2 } },
    });
    const first = await send(`${VERTEX}:generateContent`);
    expect([first.status, first.headers["retry-after"]]).toEqual([503, "2"]);
    expect(JSON.parse(first.text)).toEqual({ error: { code: 503, message: "Busy.", status: "UNAVAILABLE" } });
    expect((await send(`${VERTEX}:generateContent`)).status).toBe(200);
  });

  test("raw events, usage, finish reasons and refused prompts", async () => {
    emulator.addRule({
      when: { contains: "raw", stream: true },
      then: { events: [{ usageMetadata: { totalTokenCount: 1 } }] },
    });
    emulator.addRule({
      when: { contains: "cost" },
      then: { text: "a", usage: { toolUsePromptTokenCount: 5 } },
    });
    emulator.addRule({
      when: { contains: "odd" },
      then: { finishReason: "MALFORMED_FUNCTION_CALL", finishMessage: "no" },
    });
    emulator.addRule({ when: { contains: "bad" }, then: { blockReason: "PROHIBITED_CONTENT" } });
    expect(sseEvents(await ask("raw", "streamGenerateContent?alt=sse"))).toEqual([
      { usageMetadata: { totalTokenCount: 1 } },
    ]);
    expect(JSON.parse(await ask("cost"))).toMatchObject({ usageMetadata: { toolUsePromptTokenCount: 5 } });
    expect(JSON.parse(await ask("odd"))).toMatchObject({
      candidates: [
        { content: { role: "model" }, finishReason: "MALFORMED_FUNCTION_CALL", finishMessage: "no" },
      ],
    });
    expect(JSON.parse(await ask("bad"))).toMatchObject({
      promptFeedback: { blockReason: "PROHIBITED_CONTENT" },
    });
  });

  test("a delay and a fault by rule, the emulator's own answer after them", async () => {
    emulator.addRule({ then: { delayMs: 5, fault: "lf" } });
    const answer = await send(`${VERTEX}:streamGenerateContent?alt=sse`);
    expect(answer.text).toMatch(/\}\n\n/);
    expect(answer.text).not.toContain("\r");
  });

  test("a rule that is not well formed is refused at once", () => {
    expect(() => emulator.addRule({ then: { text: 5 } } as never)).toThrow(
      "rule.then.text: expected a string",
    );
  });
});

test("past requests are kept: path, headers, body, status, tokens", async () => {
  await send(`${VERTEX}:generateContent`, asks, { authorization: "Bearer x", "x-trace": "1" });
  expect(emulator.requestCount).toBe(1);
  await expect.poll(() => emulator.requests[0]?.status).toBe(200);
  const [record] = emulator.requests;
  expect(record).toMatchObject({
    method: "POST",
    url: `${VERTEX}:generateContent`,
    headers: { "x-trace": "1" },
    body: asks,
  });
  expect(record?.generatedTokens).toBeGreaterThan(0);
  expect(record?.abandoned).toBeUndefined();
});

test("a port that is taken is an error at start", async () => {
  await expect(startEmulator({ port: emulator.port })).rejects.toThrow(/EADDRINUSE/);
});
