import { describe, expect, test } from "vitest";
import { differencesOf, nearestRecording, nearMissMessage, nearMissReport } from "./near-miss.ts";
import type { Recording } from "./read-tape.ts";
import { compared, type TapeRequest } from "./tape-request.ts";

const PATH = "/v1beta/models/gemini-3.5-flash:generateContent";

const request = (text: string, more: object = {}, path = PATH): TapeRequest => ({
  method: "POST",
  path,
  body: { contents: [{ parts: [{ text }], role: "user" }], ...more },
});

const recording = (number: number, asked: TapeRequest): Recording => ({
  number,
  line: number * 4 - 2,
  compared: compared(asked),
  answer: undefined,
  end: { recording: number, atMs: 0, end: "complete" },
});

describe("the nearest recording", () => {
  const tape = [
    recording(1, request("Tell me a story about a fox.")),
    recording(2, request("What is the capital of France?", {}, PATH.replace("3.5", "3.8"))),
    recording(3, request("What is the capital of France?")),
    recording(
      4,
      request("What is the capital of France?", { generationConfig: { temperature: 1 }, tools: [{}] }),
    ),
  ];
  const asked = request("What is the capital of Spain?", {
    generationConfig: { temperature: 0.2, stopSequences: ["x".repeat(100)] },
    safetySettings: Array.from({ length: 9 }, (_, at) => at),
  });

  test("is told with the paths that differ", () => {
    const nearest = nearestRecording(tape, asked);
    expect(nearMissReport("tape.jsonl", asked, nearest).join("\n")).toBe(
      `No recording on tape.jsonl fits POST /v1beta/models/gemini-3.5-flash:generateContent
  Nearest is recording 3 (line 10); it differs in
    contents[0].parts[0].text
      recorded  "…t is the capital of France?"
      asked     "…t is the capital of Spain?"
    generationConfig
      recorded  nothing
      asked     {"temperature":0.2,"stopSequences":["xxx…
    safetySettings
      recorded  nothing
      asked     [0,1,2,3,4,5,6,7,8]`,
    );
    expect(nearMissMessage(nearest)).toBe(
      'Nearest is recording 3 (line 10 of the tape), which differs in contents[0].parts[0].text (recorded "…t is the capital of France?", asked "…t is the capital of Spain?"), generationConfig (recorded nothing, asked {"temperature":0.2,"stopSequences":["xxx…), safetySettings (recorded nothing, asked [0,1,2,3,4,5,6,7,8]).',
    );
  });

  test("is another one where that has more in common", () => {
    const pick = (wanted: TapeRequest): number | undefined =>
      nearestRecording(tape, wanted)?.recording.number;
    expect(pick(request("Tell me a story about a fax."))).toBe(1);
    expect(pick(request("What is the capital of France!", {}, PATH.replace("3.5", "3.8")))).toBe(2);
    expect(pick(request("What?", { generationConfig: { temperature: 2 }, tools: [{}] }))).toBe(4);
  });

  test("is none on an empty tape", () => {
    expect(nearestRecording([], asked)).toBeUndefined();
    expect(nearMissReport("t", asked, undefined)).toHaveLength(2);
    expect(nearMissMessage(undefined)).toBe("The tape is empty.");
  });

  test("differences are bounded, and safe with names that objects have", () => {
    const many = (value: number): TapeRequest => ({
      ...request(""),
      body: Array.from({ length: 5000 }, () => value),
    });
    expect(differencesOf(many(1), many(2)).length).toBe(200);
    const odd: TapeRequest = {
      ...request(""),
      body: JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}'),
    };
    expect(differencesOf({ ...request(""), body: {} }, odd).map(({ path }) => path)).toEqual([
      "__proto__",
      "constructor",
    ]);
  });
});

describe("the same request", () => {
  const body = (changes: object): unknown => ({ contents: [], ...changes });
  const key = (value: unknown, path = PATH): string => compared({ method: "POST", path, body: value }).key;
  const call = (id: string, signature: string): object => ({
    functionCall: { id, name: "f", args: { id: "kept" } },
    thoughtSignature: signature,
  });

  test.each([
    ["keys in another order", { a: 1, b: { c: 1, d: 2 } }, { b: { d: 2, c: 1 }, a: 1 }, true],
    ["another address of somebody", { t: "to a@b.co" }, { t: "to x@y.org" }, true],
    ["the same somebody twice, or two", { t: "a@b.co a@b.co" }, { t: "a@b.co x@y.org" }, false],
    ["other signatures and ids", call("1", "s"), call("2", "t"), true],
    [
      "ids that belong together otherwise",
      [call("1", ""), call("1", "")],
      [call("1", ""), call("2", "")],
      false,
    ],
    ["ids that are arguments", { args: { id: "1" } }, { args: { id: "2" } }, false],
    ["another seed", { generationConfig: { seed: 1 } }, { generationConfig: { seed: 2 } }, false],
    ["a list in another order", { l: [1, 2] }, { l: [2, 1] }, false],
    ["one field more", { a: 1 }, { a: 1, b: null }, false],
  ])("%s", (_, one, other, same) => {
    expect(key(body({ x: one })) === key(body({ x: other }))).toBe(same);
  });

  test("projects and what a proxy puts before the path do not count; models do", () => {
    const at = (path: string): string => key({}, path);
    expect(at("/proxy/v1beta1/projects/acme-prod/locations/eu/m:x")).toBe(
      at("/v1beta1/projects/other/locations/eu/m:x"),
    );
    expect(at("/v1beta1/projects/acme-prod/locations/eu/m:x")).not.toBe(
      at("/v1beta1/projects/acme-prod/locations/us/m:x"),
    );
  });
});
