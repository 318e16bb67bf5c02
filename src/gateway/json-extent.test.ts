import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkJsonExtent } from "./json-extent.ts";

const check = (text: string): void => checkJsonExtent(Buffer.from(text));
const DEEP = /nested deeper than 100 levels/;
const MANY = /more than 1000000 values/;

describe("checkJsonExtent", () => {
  test("100 levels pass, 101 do not", () => {
    expect(() => check("[".repeat(100) + "]".repeat(100))).not.toThrow();
    expect(() => check("[".repeat(101) + "]".repeat(101))).toThrow(DEEP);
    expect(() => check(`[${'{"a":[]},'.repeat(99)}[]]`)).not.toThrow();
  });

  test("a million values pass, one more does not", () => {
    expect(() => check(`[${"1,".repeat(999_997)}1]`)).not.toThrow();
    expect(() => check(`[${"1,".repeat(1_000_000)}1]`)).toThrow(MANY);
    expect(() => check(`[${"[],".repeat(1_000_000)}1]`)).toThrow(MANY);
  });

  test("S-31 a text that never closes is refused at its 101st bracket", () => {
    expect(() => check("[".repeat(40_000_000))).toThrow(DEEP);
  });

  test.each([
    ["an escaped quote", '\\"'],
    ["an escaped backslash", "\\\\"],
    ["an escaped line break", "\\n"],
    ["long text", "a".repeat(200)],
    ["long text between escapes", `\\"${"b".repeat(100)}\\\\${"c".repeat(100)}\\"`],
  ])("brackets in a string with %s are text", (_, piece) => {
    const brackets = "[".repeat(200);
    expect(() => check(`{"a":"${piece}${brackets}${piece}","b":1}`)).not.toThrow();
    expect(() => check(`{"a":"${piece}","b":${brackets}}`)).toThrow(DEEP);
  });

  test("it sees what the parser sees", () => {
    const depthOf = (value: unknown): number =>
      typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 6, stringUnit: fc.constantFrom("[", '"', "\\", "a", "é") }),
        (inner) => {
          const depth = depthOf(JSON.parse(inner));
          const around = 100 - depth;
          expect(() => check("[".repeat(around) + inner + "]".repeat(around))).not.toThrow();
          if (depth > 0)
            expect(() => check("[".repeat(around + 1) + inner + "]".repeat(around + 1))).toThrow(DEEP);
        },
      ),
    );
  });
});
