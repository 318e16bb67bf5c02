/**
 * Whole exchanges: what an OpenAI client sends, what Gemini is sent, what Gemini answers, what the client gets.
 * Expected halves are written by `vitest -u` and read in review like code; ids and times are fixed here.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../src/errors.ts";
import type { RememberedCall } from "../src/signatures/signature-store.ts";
import { toChatCompletion } from "../src/translate/gemini-to-openai/completion.ts";
import { StreamTranslation } from "../src/translate/gemini-to-openai/stream.ts";
import { toGeminiRequest } from "../src/translate/openai-to-gemini/request.ts";
import type { AnswerContext, GeminiCall, Surface } from "../src/translate/target.ts";
import type { GenerateContentResponse } from "../src/wire/gemini.ts";
import { accumulateChunks } from "./support/accumulate-chunks.ts";

const root = new URL("./fixtures/", import.meta.url).pathname;
const cases = readdirSync(root).filter((name) => existsSync(join(root, name, "openai-request.json")));

/** What the exchange needs besides the request: absent in most cases. */
interface Setting {
  surface?: Surface;
  /** Tool calls that the gateway answered with in an earlier turn, by id. */
  remembered?: Record<string, RememberedCall>;
}

function read<T>(name: string, file: string): T | undefined {
  const path = join(root, name, file);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as T) : undefined;
}

function readLines(name: string, file: string): GenerateContentResponse[] | undefined {
  const path = join(root, name, file);
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as GenerateContentResponse);
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function translated(name: string): GeminiCall {
  const setting = read<Setting>(name, "setting.json") ?? {};
  const remembered = new Map(Object.entries(setting.remembered ?? {}));
  return toGeminiRequest(read(name, "openai-request.json"), {
    surface: setting.surface ?? "vertex",
    recall: (id) => remembered.get(id),
  });
}

function memory(): { context: AnswerContext; remembered: Record<string, RememberedCall> } {
  const remembered: Record<string, RememberedCall> = {};
  let minted = 0;
  return {
    remembered,
    context: {
      id: "chatcmpl-fixture",
      created: 1_795_255_200,
      mintToolCallId: () => `call_${(minted += 1)}`,
      remember: (id, call) => {
        remembered[id] = call;
      },
    },
  };
}

function failureOf(error: unknown): unknown {
  if (!(error instanceof GatewayError)) throw error;
  return { failure: error.failure, message: error.message };
}

describe.each(cases)("%s", (name) => {
  const file = (base: string): string => join(root, name, base);

  test("says where it comes from", () => {
    expect(readFileSync(file("about.md"), "utf8").length).toBeGreaterThan(60);
  });

  test("request", async () => {
    const call = translated(name);
    await expect(pretty(call.body)).toMatchFileSnapshot(file("gemini-request.json"));
    const notes = call.notes.list.map(({ action, field, detail }) => `${action} ${field}: ${detail}`);
    if (notes.length > 0) await expect(pretty(notes)).toMatchFileSnapshot(file("notes.json"));
    else expect(existsSync(file("notes.json"))).toBe(false);
  });

  const whole = read<GenerateContentResponse | GenerateContentResponse[]>(name, "gemini-response.json");
  if (whole !== undefined)
    test("answer", async () => {
      const { target, answer } = translated(name);
      const { context, remembered } = memory();
      const responses = [whole ?? []].flat();
      try {
        const completion = toChatCompletion(responses, answer, context, target.model);
        await expect(pretty(completion)).toMatchFileSnapshot(file("openai-response.json"));
      } catch (error) {
        await expect(pretty(failureOf(error))).toMatchFileSnapshot(file("openai-error.json"));
      }
      if (Object.keys(remembered).length > 0) {
        await expect(pretty(remembered)).toMatchFileSnapshot(file("remembered-calls.json"));
      }
    });

  const events = readLines(name, "gemini-stream.jsonl");
  if (events !== undefined)
    test("stream", async () => {
      const { target, answer } = translated(name);
      const { context, remembered } = memory();
      const stream = new StreamTranslation(answer, context, target.model);
      let sse = "";
      let failure: unknown;
      try {
        for (const event of events ?? []) sse += stream.push(event);
        sse += stream.end();
      } catch (error) {
        failure = failureOf(error);
        await expect(pretty(failure)).toMatchFileSnapshot(file("openai-error.json"));
      }
      await expect(sse.replaceAll(/^data: (.*)\n\n/gm, "$1\n")).toMatchFileSnapshot(
        file("openai-stream.jsonl"),
      );
      if (failure === undefined) {
        await expect(pretty(accumulateChunks(sse))).toMatchFileSnapshot(file("openai-accumulated.json"));
      }
      if (Object.keys(remembered).length > 0) {
        await expect(pretty(remembered)).toMatchFileSnapshot(file("remembered-calls.json"));
      }
    });
});

test("there are fixtures", () => {
  expect(cases.length).toBeGreaterThan(25);
});
