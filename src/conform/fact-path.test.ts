import { expect, test } from "vitest";
import { parsePath, valueAt } from "./fact-path.ts";

const ROOT = {
  a: { b: [{ c: 1 }, { c: 2, d: [3, 4] }, { d: [5] }] },
  "odd name": { "with.dot": true },
  "retry-after": "3",
  empty: [],
  nothing: null,
};

test.each([
  ["", ROOT],
  ["a.b[0].c", 1],
  ["a.b[-1].d", [5]],
  ["a.b[3]", undefined],
  ["a.b[*].c", [1, 2]],
  ["a.b[*].d[*]", [3, 4, 5]],
  ["a.b[*].x", undefined],
  ["a.b[*].x[*].y", undefined],
  ["a[*]", undefined],
  ["empty[*]", []],
  ["empty[*].x", undefined],
  ["nothing", null],
  ["nothing.x", undefined],
  ['["odd name"]["with.dot"]', true],
  ["retry-after", "3"],
  ["a.toString", undefined],
  ["__proto__", undefined],
  ["[0]", undefined],
])("%s", (path, value) => {
  expect(valueAt(ROOT, path)).toEqual(value);
});

test("a list is its own members", () => {
  expect(valueAt([{ x: 1 }, { x: 2 }], "[*].x")).toEqual([1, 2]);
  expect(valueAt([{ x: 1 }, { x: 2 }], "[-1].x")).toBe(2);
});

test.each(["a..b", "a b", ".a", "a.[0]", "a[", "a[x]", "a[1.5]", "a[0]b", 'a["b]', "a."])(
  "%s makes no sense",
  (path) => {
    expect(() => parsePath(path)).toThrow(SyntaxError);
  },
);
