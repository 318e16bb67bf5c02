import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accumulateChunks } from "../../../test/support/accumulate-chunks.ts";
import { breakStream, CONTRADICTORY, type DefectName, DEFECTS } from "../../../test/support/break-stream.ts";
import { type Json, streamArbitrary } from "../../../test/support/chat-stream-arbitrary.ts";
import { GatewayError } from "../../errors.ts";
import type { RepairOptions } from "./options.ts";
import { StreamRepair } from "./stream.ts";

function options(more: Partial<RepairOptions> = {}): RepairOptions {
  let minted = 0;
  return {
    id: "chatcmpl-own",
    created: 7,
    model: "asked",
    mintToolCallId: () => `call_${(minted += 1)}`,
    ...more,
  };
}

function repairAll(
  chunks: readonly Json[],
  more: Partial<RepairOptions> = {},
): [sse: string, repairs: readonly string[]] {
  const repair = new StreamRepair(options(more));
  const sse = chunks.map((chunk) => repair.push(JSON.stringify(chunk))).join("") + repair.push("[DONE]");
  return [sse, repair.repairs];
}

function chunk(delta: unknown, finish_reason: string | null = null, more: Json = {}): Json {
  return {
    id: "c1",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta, finish_reason, logprobs: null }],
    ...more,
  };
}

const FIRST = chunk({ role: "assistant", content: "Hi" });
const END = chunk({}, "stop");

test("a well-formed stream goes through in its own words, and nothing is said to be mended", () => {
  fc.assert(
    fc.property(streamArbitrary(3), fc.constantFrom("last", "every"), (chunks, usage) => {
      const [sse, repairs] = repairAll(chunks, { usage });
      const expected = chunks.map((each) => `data: ${JSON.stringify(each)}\n\n`).join("");
      expect(sse).toBe(`${expected}data: [DONE]\n\n`);
      expect(repairs).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

/** What a strict client makes of a stream, without what a repair may choose: envelope and ids. */
function meaning(sse: string): unknown {
  const { choices, usage } = accumulateChunks(sse);
  const ids = choices.flatMap(({ message }) => message.tool_calls?.map(({ id }) => id) ?? []);
  expect(new Set(ids).size).toBe(ids.length);
  return {
    usage: usage?.total_tokens,
    choices: choices.map(({ message, ...choice }) => ({
      ...choice,
      content: message.content ?? "",
      reasoning: message.reasoning_content,
      calls: message.tool_calls?.map((call) => ({ ...call, id: "" })),
    })),
  };
}

describe("a broken stream means what it meant before it was broken", () => {
  const single = Object.keys(DEFECTS) as DefectName[];

  test.each(single)("%s", (name) => {
    fc.assert(
      fc.property(streamArbitrary(1), (chunks) => {
        const [sse] = repairAll(breakStream(chunks, [name]));
        expect(meaning(sse)).toEqual(meaning(repairAll(chunks)[0]));
      }),
      { numRuns: 60 },
    );
  });

  test.each([1, 3])("several at once, and no [DONE], in up to %d choices", (maxChoices) => {
    // Only a lone choice can be known without its number.
    const names = single.filter((name) => maxChoices === 1 || name !== "noChoiceIndex");
    const several = fc
      .uniqueArray(fc.constantFrom(...names), { maxLength: 6 })
      .filter((names) => !CONTRADICTORY.some((set) => set.every((name) => names.includes(name))));
    fc.assert(
      fc.property(streamArbitrary(maxChoices), several, fc.boolean(), (chunks, names, isDone) => {
        const repair = new StreamRepair(options());
        const broken = breakStream(chunks, names);
        const sse = broken.map((each) => repair.push(JSON.stringify(each))).join("");
        const end = (isDone ? repair.push("[DONE]") : "") + repair.end();
        expect(meaning(sse + end)).toEqual(meaning(repairAll(chunks)[0]));
      }),
      { numRuns: 300 },
    );
  });

  test("raw control characters inside argument strings", () => {
    fc.assert(
      fc.property(streamArbitrary(1), (chunks) => {
        const broken = structuredClone(chunks);
        for (const call of broken.flatMap(callsIn)) {
          // Only escapes that are whole within the fragment: `\\n` is a backslash and a letter.
          call.function.arguments = call.function.arguments.replaceAll(/\\([^n])|\\n/g, (escape) =>
            escape === "\\n" && startsEscape(call.function.arguments) ? "\n" : escape,
          );
        }
        expect(meaning(repairAll(broken)[0])).toEqual(meaning(repairAll(chunks)[0]));
      }),
      { numRuns: 200 },
    );
  });
});

function callsIn(chunk: Json): { function: { arguments: string } }[] {
  const choices = chunk["choices"] as { delta: { tool_calls?: { function: { arguments: string } }[] } }[];
  return choices.flatMap(({ delta }) => delta.tool_calls ?? []);
}

/** A fragment that may begin in the middle of an escape is left as it is. */
function startsEscape(fragment: string): boolean {
  return fragment.startsWith("{");
}

test("whatever comes, it is mended or refused, never a crash, and nothing given is changed", () => {
  const junk = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(null, [], {}, "", 0, -1, "x", [null], { index: "0" }),
  );
  const spot = fc.array(fc.nat(12), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(streamArbitrary(2), fc.array(fc.tuple(spot, junk), { maxLength: 4 }), (chunks, changes) => {
      const broken: unknown = structuredClone(chunks);
      for (const [path, value] of changes) replaceAt(broken, path, value);
      const texts = (broken as unknown[]).map((each) => JSON.stringify(each));
      const repair = new StreamRepair(options());
      let sse = "";
      try {
        for (const text of texts) sse += repair.push(text);
        sse += repair.end();
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        expect(error.message).not.toBe("");
        return;
      }
      for (const frame of sse.split("\n\n").slice(0, -2)) {
        const { id, object, created, model, choices } = JSON.parse(frame.slice("data: ".length)) as Json;
        expect({ object, id: typeof id, created: typeof created, model: typeof model }).toEqual({
          object: "chat.completion.chunk",
          id: "string",
          created: "number",
          model: "string",
        });
        for (const choice of choices as Json[]) {
          expect(choice["index"]).toBeTypeOf("number");
          expect(choice["delta"]).toBeTypeOf("object");
          expect([null, "stop", "length", "tool_calls", "content_filter", "function_call"]).toContain(
            choice["finish_reason"],
          );
        }
      }
      expect(sse.endsWith("data: [DONE]\n\n")).toBe(true);
    }),
    { numRuns: 300 },
  );
});

/** Puts a value somewhere in a tree; the path picks entries by position, as far as there are any. */
function replaceAt(tree: unknown, path: readonly number[], value: unknown): void {
  let holder = tree as Json;
  for (const [depth, step] of path.entries()) {
    const keys = Object.keys(holder);
    const key = keys[step % Math.max(1, keys.length)];
    if (key === undefined) return;
    const next = holder[key];
    if (depth === path.length - 1 || typeof next !== "object" || next === null) {
      holder[key] = structuredClone(value);
      return;
    }
    holder = next as Json;
  }
}

describe("order and timing", () => {
  test("text is passed on at once, a finish reason only when it is known to be one", () => {
    const repair = new StreamRepair(options());
    expect(repair.push(JSON.stringify(FIRST))).toContain("Hi");
    expect(repair.ended).toBe(false);
    expect(repair.push(JSON.stringify(END))).toBe("");
    expect(repair.ended).toBe(true);
    expect(repair.push("[DONE]")).toBe(`data: ${JSON.stringify(END)}\n\ndata: [DONE]\n\n`);
    expect(repair.push(JSON.stringify(FIRST))).toBe("");
    expect(repair.end()).toBe("");
    expect(repair.done).toBe(true);
  });

  test("the end of one choice does not wait for another", () => {
    const second = chunk({ role: "assistant", content: "" });
    const repair = new StreamRepair(options());
    repair.push(JSON.stringify(FIRST));
    repair.push(JSON.stringify(END));
    const other = { ...second, choices: [{ index: 1, delta: { role: "assistant" }, finish_reason: null }] };
    expect(repair.push(JSON.stringify(other))).toBe(
      `data: ${JSON.stringify(END)}\n\ndata: ${JSON.stringify(other)}\n\n`,
    );
  });

  test("JSON over several lines stays one event, numbers as they were written", () => {
    const text = `{\n "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "seed": 12345678901234567890,\r\n "choices": [{"index": 0, "delta": {"role": "assistant"}, "finish_reason": null}]}`;
    expect(new StreamRepair(options()).push(text)).toBe(`data: ${text.replaceAll(/[\r\n]+/g, " ")}\n\n`);
  });

  test("a key named __proto__ stays a key", () => {
    const text = JSON.stringify(chunk({ content: "x" })).replace("{", `{"__proto__":{"id":"evil"},`);
    const sse = new StreamRepair(options()).push(text);
    expect(sse).toContain(`"__proto__":{"id":"evil"}`);
    expect(sse).toContain(`"role":"assistant"`);
  });
});

describe("usage", () => {
  const counts = { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 };
  const chunks = [
    { ...FIRST, usage: { ...counts, completion_tokens: 1, total_tokens: 5 } },
    { ...END, usage: counts },
  ];
  const told = (sse: string): unknown[] =>
    sse
      .split("\n\n")
      .slice(0, -2)
      .map((frame) => (JSON.parse(frame.slice(6)) as Json)["usage"]);

  test.each([
    ["last" as const, [null, null, counts]],
    ["every" as const, [{ ...counts, completion_tokens: 1, total_tokens: 5 }, counts]],
    ["none" as const, [undefined, undefined]],
  ])("%s", (usage, expected) => {
    expect(told(repairAll(chunks, { usage })[0])).toEqual(expected);
  });

  test("is known to the gateway whether or not the client is told", () => {
    const repair = new StreamRepair(options({ usage: "none" }));
    expect(repair.usage).toBeUndefined();
    for (const each of chunks) repair.push(JSON.stringify(each));
    expect(repair.usage).toEqual(counts);
  });

  test("a last chunk that leaves fields out gets them from earlier ones", () => {
    const details = { prompt_tokens_details: { cached_tokens: 3 } };
    const last = { ...FIRST, choices: [], usage: counts };
    const [sse] = repairAll([{ ...FIRST, usage: { ...counts, ...details } }, END, last]);
    expect(told(sse).at(-1)).toEqual({ ...counts, ...details });
  });
});

describe("ends", () => {
  const failing = (run: () => unknown): unknown => {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof GatewayError) || error.failure.kind !== "upstream") throw error;
      return [error.failure.status, error.failure.code];
    }
  };
  const streamed = (chunks: readonly Json[], end: (repair: StreamRepair) => string): unknown =>
    failing(() => {
      const repair = new StreamRepair(options());
      for (const each of chunks) repair.push(JSON.stringify(each));
      return end(repair).replaceAll(/.*"finish_reason":("\w+"|null).*\n\n/g, "$1 ");
    });

  test.each<[string, Json[], (repair: StreamRepair) => string, unknown]>([
    ["nothing at all", [], (r) => r.end(), [502, "upstream_truncated"]],
    ["[DONE] at once", [], (r) => r.push("[DONE]"), [502, "upstream_truncated"]],
    ["text and a closed connection", [FIRST], (r) => r.end(), [502, "upstream_truncated"]],
    ["text and [DONE]", [FIRST], (r) => r.push("[DONE]"), `"stop" data: [DONE]\n\n`],
    [
      "thoughts and [DONE]",
      [chunk({ role: "assistant", reasoning_content: "Hm" })],
      (r) => r.push("[DONE]"),
      [502, "upstream_truncated"],
    ],
    ["a reason and a closed connection", [FIRST, END], (r) => r.end(), `"stop" data: [DONE]\n\n`],
    ["half an event after the reason", [FIRST, END], (r) => r.end(`{"id`), [502, "upstream_truncated"]],
    ["a page of a proxy", [], (r) => r.end("<html></html>"), [502, "bad_upstream_response"]],
    ["[DONE] without its blank line", [FIRST, END], (r) => r.end("[DONE]"), `"stop" data: [DONE]\n\n`],
    [
      "usage alone",
      [{ ...FIRST, choices: [], usage: { prompt_tokens: 3 } }],
      (r) =>
        r
          .push("[DONE]")
          .replace(
            /data: \{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":\[\].*\n\n/,
            "",
          ),
      `null "stop" data: [DONE]\n\n`,
    ],
    [
      "an unknown reason after text",
      [FIRST, chunk({}, "novel_reason")],
      (r) => r.end(),
      `"content_filter" data: [DONE]\n\n`,
    ],
    [
      "an unknown reason after nothing",
      [chunk({ role: "assistant" }), chunk({}, "novel_reason")],
      (r) => r.end(),
      [502, "no_usable_answer"],
    ],
    [
      "malformed_function_call",
      [chunk({ role: "assistant" }), chunk({}, "malformed_function_call")],
      (r) => r.end(),
      [502, "malformed_function_call"],
    ],
    ["abort", [FIRST, chunk({}, "abort")], (r) => r.end(), [502, "upstream_failed"]],
    [
      "a call that never gets a name",
      [chunk({ tool_calls: [{ function: { arguments: "{}" } }] }), END],
      (r) => r.end(),
      [502, "bad_upstream_response"],
    ],
  ])("%s", (_, chunks, end, expected) => {
    expect(streamed(chunks, end)).toEqual(expected);
  });

  test.each<[string, string, string | undefined, unknown]>([
    ["an event named error", `{"message":"Too many","code":429}`, "error", [429, "rate_limit_exceeded"]],
    [
      "OpenAI's error keeps its words",
      `{"error":{"message":"Too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`,
      undefined,
      [500, "context_length_exceeded"],
    ],
    ["no JSON", `nonsense`, undefined, [502, "bad_upstream_response"]],
    ["no object", `3`, undefined, [502, "bad_upstream_response"]],
    ["no error in an array", `[1]`, undefined, [502, "bad_upstream_response"]],
  ])("%s", (_, data, eventName, expected) => {
    expect(failing(() => new StreamRepair(options()).push(data, eventName))).toEqual(expected);
  });

  test.each([`"error":null,`, `"error":{},`, `"error":"",`])("%s beside an answer is no error", (field) => {
    const text = JSON.stringify(FIRST).replace("{", `{${field}`);
    expect(new StreamRepair(options()).push(text)).toBe(`data: ${text}\n\n`);
  });
});
