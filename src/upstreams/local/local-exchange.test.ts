import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { invalidRequest } from "../../errors.ts";
import type { UpstreamRequest, UpstreamTimeouts } from "../upstream.ts";
import { GenerationQueue } from "./generation-queue.ts";
import { LocalExchange, type LocalServing } from "./local-exchange.ts";
import type { GenerationEnd } from "./text-generation.ts";
import type { AnswerPiece } from "./tool-call-reader.ts";

const END: GenerationEnd = { finishReason: "stop", completionTokens: 2, cachedTokens: 0 };

/** A model that says what `say` yields. */
function serving(
  say: (signal: AbortSignal) => AsyncGenerator<AnswerPiece, GenerationEnd, undefined>,
  stream = true,
): LocalServing {
  return {
    name: "tiny",
    queue: new GenerationQueue(1, () => 0),
    prepare: (body) => {
      if (body === "bad") throw invalidRequest("messages", "No messages.");
      return {
        generation: {
          prompt: [1, 2, 3],
          plan: { lead: "", grammar: undefined, callGrammar: undefined, reader: undefined },
          sampling: {} as never,
          stop: [],
          maxTokens: 5,
        },
        stream,
        includeUsage: false,
      };
    },
    generate: (_, signal) => say(signal),
    identify: () => ({ id: "chatcmpl-1", created: 0, model: "tiny", mintToolCallId: () => "call_1" }),
  };
}

async function* words(): AsyncGenerator<AnswerPiece, GenerationEnd, undefined> {
  yield { kind: "content", text: "a" };
  yield { kind: "content", text: "b" };
  return END;
}

/** Says one word, then nothing until it is given up. */
async function* stuck(signal: AbortSignal): AsyncGenerator<AnswerPiece, GenerationEnd, undefined> {
  yield { kind: "content", text: "a" };
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  return END;
}

// oxlint-disable-next-line require-yield
async function* silent(signal: AbortSignal): AsyncGenerator<AnswerPiece, GenerationEnd, undefined> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  return END;
}

async function* failing(): AsyncGenerator<AnswerPiece, GenerationEnd, undefined> {
  yield { kind: "content", text: "a" };
  throw new Error("no token left");
}

function run(
  model: LocalServing,
  timeouts: Partial<UpstreamTimeouts> = {},
  request: Partial<UpstreamRequest> = {},
): { exchange: LocalExchange; told: string[]; done: Promise<void> } {
  const told: string[] = [];
  const exchange = new LocalExchange(
    model,
    {
      origin: "http://local",
      path: "/v1/chat/completions?x=1",
      method: "POST",
      headers: {},
      body: "{}",
      timeouts: { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0, ...timeouts },
      ...request,
    },
    {
      onHead: (status) => told.push(`head ${status}`),
      onData: (chunk) =>
        told.push(
          /"content":"(\w)"/.exec(chunk.toString())?.[1] ??
            /"code":("\w+"|null)/.exec(chunk.toString())?.[1] ??
            "data",
        ),
      onEnd: () => told.push("end"),
      onError: (error) => told.push(`error: ${error.message}`),
    },
  );
  const done = exchange.run();
  expect(told).toEqual([]);
  return { exchange, told, done };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("LocalExchange", () => {
  test.each([
    ["streamed", true, ["head 200", "data", "a", "b", "data", "end"]],
    ["whole", false, ["head 200", "data", "end"]],
  ])("tells an answer once, %s, and leaves no timer", async (_, stream, expected) => {
    const { told, done } = run(serving(words, stream), { firstByteMs: 10, idleMs: 10, totalMs: 10 });
    await done;
    expect(told).toEqual(expected);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    ["no JSON", { body: "{" }, ["head 400", "null", "end"]],
    ["a body that is refused", { body: '"bad"' }, ["head 400", "null", "end"]],
    ["another path", { path: "/v1/embeddings" }, ["head 404", '"not_found"', "end"]],
    ["another method", { method: "GET" as const }, ["head 405", '"method_not_allowed"', "end"]],
  ])("answers %s as a server would", async (_, request, expected) => {
    const { told, done } = run(serving(words), {}, request);
    await done;
    expect(told).toEqual(expected);
  });

  test("a failure before anything was said is a 500; after that an event, and no [DONE]", async () => {
    const whole = run(serving(failing, false));
    await whole.done;
    expect(whole.told).toEqual(["head 500", '"local_model_failed"', "end"]);
    const streamed = run(serving(failing));
    await streamed.done;
    expect(streamed.told).toEqual(["head 200", "data", "a", '"local_model_failed"', "end"]);
  });

  test.each([
    ["firstByteMs", silent, ["error: The local model tiny gave no answer within 50 ms."]],
    [
      "idleMs",
      stuck,
      ["head 200", "data", "a", "error: The local model tiny wrote nothing further within 50 ms."],
    ],
    [
      "totalMs",
      stuck,
      ["head 200", "data", "a", "error: The local model tiny was not done with its answer within 50 ms."],
    ],
  ])("gives up after %s, and frees the model", async (timeout, say, expected) => {
    const model = serving(say);
    const { told, done } = run(model, { [timeout]: 50 });
    await vi.advanceTimersByTimeAsync(49);
    expect(told).toEqual(expected.slice(0, -1));
    await vi.advanceTimersByTimeAsync(1);
    expect(told).toEqual(expected);
    await done;
    await expect(model.queue.enter(new AbortController().signal)).resolves.toBeTypeOf("function");
  });

  test("our own pause is no silence of the model's", async () => {
    const { told, exchange, done } = run(serving(words), { idleMs: 50 });
    exchange.pause();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([]);
    exchange.resume();
    await done;
    expect(told.at(-1)).toBe("end");
  });

  test.each([
    ["before it began", 0],
    ["while it generates", 20],
  ])("an abort %s tells nothing more, however often it comes", async (_, afterMs) => {
    const { told, exchange, done } = run(serving(stuck), { totalMs: 50 });
    if (afterMs > 0) await vi.advanceTimersByTimeAsync(afterMs);
    const before = [...told];
    exchange.abort();
    exchange.abort();
    exchange.pause();
    exchange.resume();
    await done;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual(before);
  });

  test("an abort while paused ends it", async () => {
    const { exchange, done } = run(serving(words));
    exchange.pause();
    await vi.advanceTimersByTimeAsync(1);
    exchange.abort();
    await expect(done).resolves.toBeUndefined();
  });
});
