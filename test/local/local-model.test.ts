/** A GGUF file served for real: llama.cpp loads it, and every token comes out of its evaluation. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLocalModel, type LocalModel } from "../../src/upstreams/local/local-model.ts";
import type { LlamaLibrary, LlamaSequence } from "../../src/upstreams/local/llama-library.ts";
import { END, type TinyModel } from "../support/tiny-gguf.ts";
import { ask, chunks, complete, loadLibrary, Models, refusal } from "./asking.ts";

/** Says one sentence, a character of it in four tokens. */
const GREETS: TinyModel = {
  control: ["<|im_start|>", "<|im_end|>"],
  next: {
    "\n": "Hello",
    Hello: ", w",
    ", w": "<0xC3>",
    "<0xC3>": "<0xB6>",
    "<0xB6>": "rld ",
    "rld ": "<0xF0>",
    "<0xF0>": "<0x9F>",
    "<0x9F>": "<0xA6>",
    "<0xA6>": "<0x99>",
    "<0x99>": END,
  },
};
const SENTENCE = "Hello, wörld 🦙";
/** Never comes to an end. */
const TALKS: TinyModel = { next: { "\n": " on", " on": " and", " and": " on" } };
/** Throws a coin again and again. */
const TOSSES: TinyModel = {
  next: { "\n": ["heads ", "tails "], "heads ": ["heads ", "tails "], "tails ": ["heads ", "tails "] },
};

const models = new Models();
let greets: LocalModel;
let talks: LocalModel;
let tosses: LocalModel;
/** Tokens that `talks` has evaluated. */
let evaluated = 0;

/** The library, with a count of the tokens that are asked of it. */
async function countingLibrary(): Promise<LlamaLibrary> {
  const library = await loadLibrary();
  const counted = <Target extends object>(
    target: Target,
    name: string,
    change: (value: never) => unknown,
  ): Target =>
    new Proxy(target, {
      get: (object, key) => {
        const value: unknown = Reflect.get(object, key, object);
        const method: unknown = typeof value === "function" ? value.bind(object) : value;
        return key === name ? change(method as never) : method;
      },
    });
  const sequence = (original: LlamaSequence): LlamaSequence =>
    counted(
      original,
      "evaluate",
      (evaluate: LlamaSequence["evaluate"]) =>
        (...args: Parameters<LlamaSequence["evaluate"]>) => {
          const tokens = evaluate(...args);
          return {
            next: () => {
              evaluated += 1;
              return tokens.next();
            },
            return: () => tokens.return!(),
          };
        },
    );
  const after =
    <Result extends object>(change: (result: Result) => Result) =>
    (method: (...args: unknown[]) => Promise<Result>) =>
    async (...args: unknown[]) =>
      change(await method(...args));
  return counted(
    library,
    "getLlama",
    after((llama: object) =>
      counted(
        llama,
        "loadModel",
        after((model: object) =>
          counted(
            model,
            "createContext",
            after((context: object) =>
              counted(context, "getSequence", (get: () => LlamaSequence) => () => sequence(get())),
            ),
          ),
        ),
      ),
    ),
  );
}

beforeAll(async () => {
  greets = await models.load(GREETS);
  talks = await models.load(TALKS, { contextTokens: 1024, queue: 1, loadLibrary: countingLibrary });
  tosses = await models.load(TOSSES);
});
afterAll(() => models.close());

describe("what is told at the start", () => {
  test("names the file, its limits, and where the template comes from", () => {
    expect(talks.facts).toEqual({
      file: expect.stringMatching(/\.gguf$/),
      sizeBytes: expect.any(Number),
      contextTokens: 1024,
      memoryBytes: expect.any(Number),
      threads: 1,
      template: "chatml",
    });
    expect(talks.facts.memoryBytes).toBeGreaterThan(talks.facts.sizeBytes / 2);
    expect(talks.description).toMatch(
      /^local model tiny \(model-1\.gguf, 1\.\d MB; about \d.* MB of memory; context of 1024 tokens of the 4096 it was trained for; 1 thread; chat template ChatML/,
    );
  });

  test("is named for its file unless told otherwise", async () => {
    const model = await createLocalModel({ file: greets.facts.file, threads: 1, loadLibrary });
    expect(model.name).toBe("model-0");
    await model.close();
  });

  test.each([
    ["no such file", { file: "/nowhere/model.gguf" }, /there is no such file/],
    ["a folder", { file: "/" }, /\/ cannot be read: it is a folder/],
    ["no GGUF", { file: import.meta.filename }, /does not begin with "GGUF"/],
    [
      "a context beyond the training",
      { contextTokens: 5000 },
      /cannot have 5000 tokens: the model was trained for 4096/,
    ],
    ["a context of nothing", { contextTokens: 0 }, /`contextTokens`/],
    ["half a thread", { threads: 0.5 }, /`threads`/],
    ["a queue below nothing", { queue: -1 }, /`queue`/],
  ])("refuses %s in words", async (_, options, message) => {
    await expect(
      createLocalModel({ file: greets.facts.file, loadLibrary, ...options }),
    ).rejects.toMatchObject({
      name: "LocalModelError",
      message: expect.stringMatching(message),
    });
  });

  test("refuses a file that is cut short, wherever that is", async () => {
    const whole = readFileSync(greets.facts.file);
    const file = join(models.folder, "cut.gguf");
    // In the counts, the metadata, the list of tensors, and the tensors themselves.
    for (const length of [5, 20, 300, 9_000, whole.length - 1_400_000, whole.length - 50_000]) {
      writeFileSync(file, whole.subarray(0, length));
      await expect(createLocalModel({ file, loadLibrary })).rejects.toMatchObject({
        name: "LocalModelError",
        message: expect.stringMatching(
          /cut\.gguf (is damaged, or was cut off|cannot be loaded: Failed to load model)/,
        ),
      });
    }
  });

  test("says what to install where the library is absent", async () => {
    // As seen from the product's own folder, which has no such dependency.
    await expect(createLocalModel({ file: greets.facts.file })).rejects.toThrow(
      /npm install --ignore-scripts node-llama-cpp@3/,
    );
  });
});

describe("an answer", () => {
  test("comes whole", async () => {
    const completion = await complete(greets);
    expect(completion).toEqual({
      id: expect.stringMatching(/^chatcmpl-/),
      object: "chat.completion",
      created: expect.any(Number),
      model: "tiny",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: SENTENCE, refusal: null },
          finish_reason: "stop",
          logprobs: null,
        },
      ],
      usage: expect.objectContaining({ prompt_tokens: 22, completion_tokens: 9, total_tokens: 31 }),
      system_fingerprint: null,
    });
  });

  test("comes in pieces, none of which cuts a character", async () => {
    const all = await chunks(greets, { stream_options: { include_usage: true } });
    expect(all.map(({ choices }) => choices[0]?.delta)).toEqual([
      { role: "assistant", content: "", refusal: null },
      { content: "Hello" },
      { content: ", w" },
      { content: "ö" },
      { content: "rld " },
      { content: "🦙" },
      {},
      undefined,
    ]);
    expect(all.map(({ choices }) => choices[0]?.finish_reason)).toEqual([
      null,
      null,
      null,
      null,
      null,
      null,
      "stop",
      undefined,
    ]);
    expect(all.map(({ usage }) => usage?.completion_tokens ?? null)).toEqual([
      null,
      null,
      null,
      null,
      null,
      null,
      null,
      9,
    ]);
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
  });

  test("is read by OpenAI's own client, whole and streamed", async () => {
    const fetch = async (_: unknown, init?: RequestInit): Promise<Response> => {
      const { status, headers, text } = await ask(greets.client, String(init?.body)).answer;
      return new Response(text, { status, headers: headers as Record<string, string> });
    };
    const client = new OpenAI({ apiKey: "none", baseURL: "http://local/v1", fetch, maxRetries: 0 });
    const body = { model: "tiny", messages: [{ role: "user" as const, content: "Hi" }] };
    expect((await client.chat.completions.create(body)).choices[0]!.message.content).toBe(SENTENCE);
    const stream = client.chat.completions.stream(body);
    expect(await stream.finalContent()).toBe(SENTENCE);
    await expect(client.chat.completions.create({ ...body, n: 2 })).rejects.toMatchObject({
      status: 400,
      param: "n",
    });
  });

  test.each([
    ["inside a token", "ello", "H"],
    ["over two tokens", "lo, w", "Hel"],
    ["of a character in several tokens", "🦙", "Hello, wörld "],
    ["among several", ["zzz", "rld", "wö"], "Hello, "],
    ["that never comes", "Hello!", SENTENCE],
  ])("ends before a stop string %s", async (_, stop, content) => {
    const { choices } = await complete(greets, { stop });
    expect(choices[0]).toMatchObject({ message: { content }, finish_reason: "stop" });
    const streamed = await chunks(greets, { stop });
    expect(streamed.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(content);
  });

  test.each(["max_tokens", "max_completion_tokens"])("ends after %s", async (field) => {
    const { choices, usage } = await complete(talks, { [field]: 5 });
    expect(choices[0]).toMatchObject({ message: { content: " on and on and on" }, finish_reason: "length" });
    expect(usage.completion_tokens).toBe(5);
  });

  test("keeps to the end of the context where no limit is given", async () => {
    const { choices, usage } = await complete(talks);
    expect(choices[0]!.finish_reason).toBe("length");
    expect(usage.total_tokens).toBe(1024);
  });

  test("takes another seed for another answer, and the same for the same", async () => {
    const toss = async (body: object): Promise<string> =>
      (await complete(tosses, { max_tokens: 40, ...body })).choices[0]!.message.content!;
    const first = await toss({ seed: 7 });
    expect(await toss({ seed: 7 })).toBe(first);
    await toss({});
    expect(await toss({ seed: 7 })).toBe(first);
    const others = await Promise.all([8, 9, 10].map((seed) => toss({ seed })));
    expect(new Set([first, ...others]).size).toBe(4);
    expect(await toss({})).not.toBe(await toss({}));
    expect(await toss({ temperature: 0, seed: 1 })).toBe(await toss({ temperature: 0, seed: 2 }));
  });

  test("obeys top_k, top_p, logit_bias and penalties", async () => {
    const words = async (body: object): Promise<Set<string>> => {
      const { choices } = await complete(tosses, { max_tokens: 30, seed: 1, ...body });
      return new Set(choices[0]!.message.content!.trim().split(" "));
    };
    expect(await words({})).toEqual(new Set(["heads", "tails"]));
    expect((await words({ top_k: 1 })).size).toBe(1);
    expect((await words({ top_p: 0.1 })).size).toBe(1);
    // After a great penalty for what has been said, the other side comes next, without chance.
    const { choices } = await complete(tosses, { max_tokens: 6, temperature: 0.01, frequency_penalty: 2 });
    expect(choices[0]!.message.content).toMatch(/^(heads tails |tails heads ){3}$/);
    const tails = await complete(tosses, { max_tokens: 1, logit_bias: { [await tokenOf("heads ")]: -100 } });
    expect(tails.choices[0]!.message.content).toBe("tails ");
  });

  test("reuses what the context still holds of the prompt, unless a seed asks for the same bits", async () => {
    await complete(greets);
    expect((await complete(greets)).usage.prompt_tokens_details.cached_tokens).toBe(21);
    const other = await complete(greets, { messages: [{ role: "user", content: "Ho" }] });
    expect(other.usage.prompt_tokens_details.cached_tokens).toBeLessThan(21);
    expect((await complete(greets, { seed: 1 })).usage.prompt_tokens_details.cached_tokens).toBe(0);
  });

  test("lists the model", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    greets.client.send(
      {
        origin: "http://local",
        path: "/v1/models",
        method: "GET",
        headers: {},
        timeouts: { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0 },
      },
      { onHead: () => {}, onData: (chunk) => resolve(chunk.toString()), onEnd: () => {}, onError: () => {} },
    );
    expect(JSON.parse(await promise)).toMatchObject({
      object: "list",
      data: [{ id: "tiny", object: "model" }],
    });
  });
});

describe("what is refused", () => {
  test.each([
    ["no JSON", "{", 400, { param: null }],
    ["two choices", { n: 2 }, 400, { param: "n" }],
    ["log probabilities", { logprobs: true }, 400, { param: "logprobs" }],
    [
      "an image",
      { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }] },
      400,
      { param: "messages[0].content[0].type" },
    ],
    [
      "a bad schema",
      { response_format: { type: "json_schema", json_schema: { schema: { type: "x" } } } },
      400,
      { param: "response_format.json_schema.schema.type" },
    ],
    [
      "a prompt beyond the context",
      { messages: [{ role: "user", content: "x".repeat(1100) }] },
      400,
      {
        param: "messages",
        code: "context_length_exceeded",
        message: expect.stringContaining("maximum context length is 1024 tokens"),
      },
    ],
  ])("%s", async (_, body, status, error) => {
    expect(await refusal(talks, body)).toMatchObject({ status, type: "invalid_request_error", ...error });
  });

  test("a prompt that leaves room for one token is answered with one", async () => {
    const overhead = (await complete(talks, { max_tokens: 1 })).usage.prompt_tokens - 2;
    const filling = (length: number) => ({
      messages: [{ role: "user", content: "x".repeat(length - overhead) }],
    });
    const { choices, usage } = await complete(talks, filling(1023));
    expect([usage.prompt_tokens, usage.completion_tokens, choices[0]!.finish_reason]).toEqual([
      1023,
      1,
      "length",
    ]);
    expect(await refusal(talks, filling(1024))).toMatchObject({ code: "context_length_exceeded" });
  });
});

describe("one at a time", () => {
  test("a second request waits its turn, a third is refused with a wait, and leaving the line makes room", async () => {
    const first = ask(talks.client, { stream: true });
    await first.until((text) => text.includes(" on"));
    const second = ask(talks.client, { max_tokens: 2 });
    const third = await ask(talks.client, { max_tokens: 2 }).answer;
    expect(third).toMatchObject({
      status: 429,
      headers: {
        "retry-after": expect.stringMatching(/^[1-9]\d*$/),
        "retry-after-ms": expect.stringMatching(/^\d+$/),
      },
    });
    expect(JSON.parse(third.text)).toMatchObject({
      error: { type: "rate_limit_error", code: "rate_limit_exceeded" },
    });
    second.call.abort();
    const fourth = ask(talks.client, { max_tokens: 2 });
    await new Promise((resolve) => setImmediate(resolve));
    first.call.abort();
    expect((await fourth.answer).status).toBe(200);
  });

  test("when the client leaves, no further token is evaluated", async () => {
    const asking = ask(talks.client, { stream: true });
    await asking.until((text) => text.split(" and").length > 3);
    asking.call.abort();
    const atAbort = evaluated;
    // The next one's turn comes only when nothing of the first runs any more.
    await complete(talks, { max_tokens: 1 });
    expect(evaluated - atAbort).toBe(1);
    asking.call.abort();
  });

  test("nothing is told after an abort", async () => {
    const asking = ask(talks.client, { stream: true });
    const told = await asking.until((text) => text.includes(" on"));
    asking.call.abort();
    await complete(talks, { max_tokens: 1 });
    expect(await asking.until(() => true)).toBe(told);
    const unheard = ask(talks.client, { max_tokens: 1 });
    unheard.call.abort();
    await complete(talks, { max_tokens: 1 });
    expect(await unheard.until(() => true)).toBe("");
  });

  test("a client that cannot take more stops the generation, and goes on where it was", async () => {
    const asking = ask(talks.client, { stream: true, max_tokens: 30 });
    await asking.until((text) => text.includes(" on"));
    asking.call.pause();
    const atPause = evaluated;
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    const paused = evaluated;
    expect(paused - atPause).toBeLessThanOrEqual(1);
    asking.call.resume();
    const { text } = await asking.answer;
    expect(text.match(/"content":" (on|and)"/g)).toHaveLength(30);
    expect(evaluated).toBeGreaterThan(paused);
  });

  test("a limit of time ends it, and the next has its turn", async () => {
    const asking = ask(talks.client, { stream: true }, { totalMs: 1 });
    await expect(asking.answer).rejects.toMatchObject({
      failure: { kind: "upstream_timeout", phase: "total", afterMs: 1 },
    });
    expect((await complete(talks, { max_tokens: 1 })).usage.completion_tokens).toBe(1);
  });

  test("closing ends what is under way, and takes nothing new", async () => {
    const model = await models.load(TALKS, { contextTokens: 4096 });
    const asking = ask(model.client, { stream: true });
    await asking.until((text) => text.includes(" on"));
    const closed = model.close();
    await expect(asking.answer).rejects.toMatchObject({ failure: { kind: "unavailable" } });
    await closed;
    expect((await ask(model.client, {}).answer).status).toBe(503);
    await model.client.close();
  });
});

/** The id of a token in the tossing model, found by trying biases. */
async function tokenOf(text: string): Promise<number> {
  // The vocabulary: 3 that steer, 256 bytes, the printable characters, and the words in the order they were named.
  const first = 3 + 256 + 95;
  for (let id = first; id < first + 4; id++) {
    const { choices } = await complete(tosses, { max_tokens: 1, logit_bias: { [id]: 100 } });
    if (choices[0]!.message.content === text) return id;
  }
  throw new Error(`No token ${text}`);
}
