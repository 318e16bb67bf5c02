import { array, assert, constantFrom, json, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonExtent } from "./json-extent.ts";

const LIMITS = { maxDepth: 100, maxValues: 1000 };
const exceeded = (text: string, limits = LIMITS): string | undefined =>
  jsonExtent(Buffer.from(text), limits).exceeded;

describe("jsonExtent", () => {
  test("100 levels pass, 101 do not", () => {
    expect(exceeded("[".repeat(100) + "]".repeat(100))).toBeUndefined();
    expect(exceeded("[".repeat(101) + "]".repeat(101))).toBe("maxDepth");
    expect(exceeded(`[${'{"a":[]},'.repeat(99)}[]]`)).toBeUndefined();
  });

  test("a thousand values pass, one more does not", () => {
    expect(exceeded(`[${"1,".repeat(997)}1]`)).toBeUndefined();
    expect(exceeded(`[${"1,".repeat(999)}1]`)).toBe("maxValues");
    expect(exceeded(`[${"[],".repeat(999)}1]`)).toBe("maxValues");
    expect(exceeded(`{${'"a":{},'.repeat(999)}"a":1}`)).toBe("maxValues");
  });

  test("S-31 a text that never closes is left at its 101st bracket", () => {
    const text = Buffer.alloc(101, "[");
    const { exceeded } = jsonExtent(Buffer.concat([text, Buffer.alloc(10_000_000, "]")]), LIMITS);
    expect(exceeded).toBe("maxDepth");
  });

  test.each([
    ["an escaped quote", '\\"'],
    ["an escaped backslash", "\\\\"],
    ["an escaped line break", "\\n"],
    ["long text", "a".repeat(200)],
    ["long text between escapes", `\\"${"b".repeat(100)}\\\\${"c".repeat(100)}\\"`],
  ])("brackets in a string with %s are text", (_, piece) => {
    const brackets = "[".repeat(200);
    expect(exceeded(`{"a":"${piece}${brackets}${piece}","b":1}`)).toBeUndefined();
    expect(exceeded(`{"a":"${piece}","b":${brackets}}`)).toBe("maxDepth");
  });

  test("it sees what the parser sees", () => {
    const texts = array(constantFrom("[", "]", '"', "\\", "a", ",", "é", "\n"), { maxLength: 150 });
    assert(
      property(json({ maxDepth: 6 }), texts, (inner, pieces) => {
        const text = JSON.stringify([JSON.parse(inner), pieces.join("")]);
        const value: unknown = JSON.parse(text);
        const depth = depthOf(value);
        const values = countOf(value);
        expect(exceeded(text, { maxDepth: depth, maxValues: 3 * values })).toBeUndefined();
        expect(exceeded(text, { maxDepth: depth - 1, maxValues: 3 * values })).toBe("maxDepth");
        expect(exceeded(text, { maxDepth: depth, maxValues: values - 1 })).toBe("maxValues");
      }),
    );
  });
});

function depthOf(value: unknown): number {
  return typeof value === "object" && value !== null
    ? 1 + Math.max(0, ...Object.values(value).map(depthOf))
    : 0;
}

function countOf(value: unknown): number {
  return typeof value === "object" && value !== null
    ? 1 + Object.values(value).reduce((sum: number, inner) => sum + countOf(inner), 0)
    : 1;
}
