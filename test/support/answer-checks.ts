/** What any answer of the gateway's must be, whatever was asked and whatever the upstream said. */
import { expect } from "vitest";
import { chatCompletion, chatCompletionChunk, errorBody } from "../../src/server/openapi-schemas.ts";
import { accumulateChunks } from "./accumulate-chunks.ts";

/** A whole answer: a completion with 200, an error of OpenAI's shape with anything else, and never a bug. */
export function expectWhole(status: number, text: string): void {
  const value: unknown = JSON.parse(text);
  if (status === 200) {
    expect(chatCompletion.safeParse(value).error).toBeUndefined();
    return;
  }
  expectErrorBody(value);
  expect(status).toBeGreaterThanOrEqual(400);
}

/**
 * A stream: chunks of OpenAI's shape, then either a finish for every choice and `[DONE]`, or one error and nothing
 * more. With any status but 200, an error instead. Says which it was.
 */
export function expectStream(status: number, text: string): "done" | "broken" | "refused" {
  if (status !== 200) {
    expectWhole(status, text);
    return "refused";
  }
  const frames = text.split("\n\n").filter((frame) => !frame.startsWith(":"));
  expect(frames.pop()).toBe("");
  if (frames.at(-1) === "data: [DONE]") {
    for (const frame of frames.slice(0, -1)) expectChunk(frame);
    // Its own checks are the protocol's: order, finishes, numbers.
    accumulateChunks(text);
    return "done";
  }
  const last = frames.pop() ?? "";
  expect(last).toMatch(/^data: \{"error":/);
  expectErrorBody(JSON.parse(last.slice("data: ".length)));
  for (const frame of frames) expectChunk(frame);
  return "broken";
}

function expectChunk(frame: string): void {
  expect(frame).toMatch(/^data: \{[^\n]*\}$/);
  const value: unknown = JSON.parse(frame.slice("data: ".length));
  expect(value).not.toHaveProperty("error");
  expect(chatCompletionChunk.safeParse(value).error).toBeUndefined();
}

function expectErrorBody(value: unknown): void {
  const parsed = errorBody.strict().safeParse(value);
  expect(parsed.error).toBeUndefined();
  // The code alone does not tell: an upstream's own internal error has the same.
  expect(parsed.data?.error.message).not.toContain("The gateway failed to handle this request");
}
