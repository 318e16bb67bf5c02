import { describe, expect, test } from "vitest";
import { JSON_TEXT_ALLOWANCE, parseJsonText } from "./parse-json-text.ts";

const ones = (count: number): string => `[${"1,".repeat(count - 1)}1]`;

describe("F-64 texts of one request hold so many values together", () => {
  test("long ones are counted", () => {
    const allowance = { uncounted: 0, values: 10_000 };
    expect(parseJsonText(ones(4_000), allowance)?.value).toHaveLength(4_000);
    expect(parseJsonText(ones(4_000), allowance)?.value).toHaveLength(4_000);
    expect(parseJsonText(ones(4_000), allowance)).toBeUndefined();
    expect(parseJsonText('{"a":1}', allowance)?.value).toEqual({ a: 1 });
  });

  test("short ones are counted once there are many", () => {
    const allowance = { ...JSON_TEXT_ALLOWANCE };
    const text = `[${"[],".repeat(1_300)}1]`;
    let read = 0;
    while (parseJsonText(text, allowance) !== undefined) read += 1;
    expect(read).toBe(
      Math.floor(JSON_TEXT_ALLOWANCE.uncounted / text.length) +
        Math.floor(JSON_TEXT_ALLOWANCE.values / 2_602),
    );
  });

  test("so a long history of small calls is read whole", () => {
    const allowance = { ...JSON_TEXT_ALLOWANCE };
    for (let call = 0; call < 10_000; call += 1) {
      const value = { path: `/src/file-${call}.ts`, lines: [1, 200], all: false };
      expect(parseJsonText(JSON.stringify(value), allowance)?.value).toEqual(value);
    }
  });
});
