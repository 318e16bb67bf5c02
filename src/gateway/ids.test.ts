import { expect, test } from "vitest";
import { isMintedToolCallId, mintCompletionId, mintRequestId, mintToolCallId } from "./ids.ts";

test.each([
  ["request", mintRequestId, /^req_[A-Za-z0-9]{24}$/],
  ["completion", mintCompletionId, /^chatcmpl-[A-Za-z0-9]{24}$/],
  ["tool call", mintToolCallId, /^call_[A-Za-z0-9]{24}$/],
])("%s ids have their form, and none comes twice", (_, mint, form) => {
  const ids = Array.from({ length: 5_000 }, mint);
  expect(ids.every((id) => form.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
});

test("every letter is as likely as any other, so that an id holds what its length promises", () => {
  const counts = new Map<string, number>();
  for (let id = 0; id < 10_000; id += 1) {
    for (const letter of mintToolCallId().slice("call_".length)) {
      counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
  }
  expect(counts.size).toBe(62);
  // 240,000 letters: 3,871 of each, give or take 62; six times that is not seen by chance.
  for (const count of counts.values()) expect(Math.abs(count - 3_871)).toBeLessThan(372);
});

test("tool call ids are recognised, and nothing else is", () => {
  expect(Array.from({ length: 100 }, mintToolCallId).every(isMintedToolCallId)).toBe(true);
  const id = mintToolCallId();
  for (const other of ["", `${id}A`, id.slice(1), `${id.slice(0, -1)}-`, `${id.slice(0, -1)}\n`]) {
    expect(isMintedToolCallId(other)).toBe(false);
  }
});
