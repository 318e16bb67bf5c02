import { describe, expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { Base64Text } from "../wire/base64-text.ts";
import { checkCounts, type CountLimits } from "./request-counts.ts";

const LIMITS: CountLimits = {
  maxMessages: 3,
  maxParts: 2,
  maxTools: 2,
  maxStopSequences: 2,
  maxInlineMediaBytes: 30,
};

function problem(
  body: Record<string, unknown>,
): { param: string | null; code: string | undefined } | undefined {
  try {
    checkCounts(body, JSON.stringify(body).length, LIMITS);
    return undefined;
  } catch (error) {
    if (!(error instanceof GatewayError) || error.failure.kind !== "invalid_request") throw error;
    return { param: error.failure.param, code: error.failure.code };
  }
}

const times = (count: number): unknown[] => Array.from({ length: count }, () => "x");
const user = (content: unknown): unknown => ({ role: "user", content });
const image = (url: unknown): unknown => ({ type: "image_url", image_url: { url } });
/** Base64 of 24 bytes. */
const BASE64 = "A".repeat(32);

describe("as many as may be are taken, one more is not", () => {
  test.each([
    ["messages", (count: number) => ({ messages: times(count) }), 3, "messages"],
    ["parts", (count: number) => ({ messages: [user("x"), user(times(count))] }), 2, "messages[1].content"],
    ["tools", (count: number) => ({ tools: times(count) }), 2, "tools"],
    ["functions", (count: number) => ({ functions: times(count) }), 2, "functions"],
    ["stop sequences", (count: number) => ({ stop: times(count) }), 2, "stop"],
  ] as const)("%s", (_, make, most, param) => {
    expect(problem(make(most))).toBeUndefined();
    expect(problem(make(most + 1))).toEqual({ param, code: "array_above_max_length" });
  });
});

test("what OpenAI says is said", () => {
  expect(() => checkCounts({ tools: times(3) }, 100, LIMITS)).toThrow(
    "Invalid 'tools': array too long. Expected an array with maximum length 2, but got an array with length 3 instead.",
  );
});

describe("inline media", () => {
  test.each([
    ["a data URL", image(`data:image/png;base64,${BASE64}`)],
    ["a data URL in capitals", image(`DATA:image/png;base64,${BASE64}`)],
    ["a data URL kept as bytes", image(new Base64Text("data:image/png;base64,", Buffer.from(BASE64)))],
    ["the bare URL", { type: "image_url", image_url: `data:image/png;base64,${BASE64}` }],
    ["sound", { type: "input_audio", input_audio: { data: BASE64, format: "wav" } }],
    ["a file", { type: "file", file: { file_data: `data:application/pdf;base64,${BASE64}` } }],
    ["a video", { type: "video_url", video_url: { url: `data:video/mp4;base64,${BASE64}` } }],
  ])("%s counts, over all messages", (_, part) => {
    expect(problem({ messages: [user([part])] })).toBeUndefined();
    expect(problem({ messages: [user([part]), user(["x", part])] })).toEqual({
      param: "messages[1].content[1]",
      code: "inline_media_too_large",
    });
  });

  test.each([
    ["a URL", image(`https://example.com/${BASE64}`)],
    ["a bucket", image(`gs://bucket/${BASE64}`)],
    ["text", { type: "text", text: `data:image/png;base64,${BASE64}` }],
    ["nothing", image(undefined)],
    ["a part of no kind", { type: "__proto__", image_url: { url: BASE64 } }],
    ["no part", null],
  ])("%s does not", (_, part) => {
    expect(problem({ messages: [user([part, part]), user([part, part])] })).toBeUndefined();
  });
});

test.each([
  [{}],
  [{ messages: 5 }],
  [{ messages: { length: 10 } }],
  [{ messages: [null, 5, { content: 5 }], stop: "x" }],
])("what %j holds is for others to say", (body) => {
  expect(problem(body)).toBeUndefined();
});
