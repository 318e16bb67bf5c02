import { describe, expect, test } from "vitest";
import { type Fact, violations } from "./fact.ts";

/** Each word with values that it holds for, and values that it must not hold for. */
const TABLE: [words: Fact, holds: unknown[], fails: unknown[]][] = [
  [{ equals: { a: 1, b: [null] } }, [{ b: [null], a: 1 }], [{ a: 1 }, { a: 1, b: [] }, undefined, "x"]],
  [{ equals: null }, [null], [undefined, 0, "", {}]],
  [{ equals: 0 }, [0], ["0", false, null, undefined]],
  [{ one_of: ["a", { x: 1 }] }, ["a", { x: 1 }], ["b", { x: 2 }, undefined]],
  [{ contains: { a: { b: 1 } } }, [{ a: { b: 1, c: 2 }, d: 3 }], [{ a: {} }, { b: 1 }, undefined, null]],
  [{ contains: ["x", { a: 1 }] }, [[{ a: 1, b: 2 }, "x"]], [["x"], [{ a: 1 }], ["xx", { a: 1 }], "x"]],
  [{ contains: "needle" }, ["a needle", ["needle", 1]], ["a nail", ["a needle"], undefined]],
  [{ matches: "^a\\d+$" }, ["a12"], ["a", "b12", 12, undefined]],
  [{ absent: true }, [undefined], [null, 0, "", false]],
  [{ present: true }, [null, 0, "", false], [undefined]],
  [{ type: "integer" }, [1, -3, 1e20], [1.5, "1", null, undefined]],
  [{ type: ["string", "null"] }, ["", null], [0, undefined, []]],
  [{ type: "object" }, [{}], [[], null, "x"]],
  [{ type: "array" }, [[]], [{}, null]],
  [{ length: 2 }, ["ab", "🦊🦊", [1, 2], { a: 1, b: 2 }], ["a", [], {}, 2, undefined]],
  [{ join: "abc" }, [["a", "bc"]], [["a", "b"], ["abc", null], "abc", undefined]],
  [{ parsed: { a: 1 } }, ['{ "a": 1 }'], ['{"a":2}', "{", { a: 1 }, undefined]],
  [{ min: 2, max: 4 }, [2, 3, 4], [1, 5, "3", null, undefined, Number.NaN]],
  [{ every: { path: "a", equals: 1 } }, [[{ a: 1 }], [{ a: 1 }, { a: 1 }]], [[], [{ a: 1 }, {}], { a: 1 }]],
  [{ every: { type: "string" } }, [["a"]], [["a", 1], undefined]],
  [{ unique: true }, [[], [1, 2], [{ a: 1 }, { a: 2 }]], [[1, 1], [{ a: 1 }, { a: 1 }], "ab", undefined]],
  [{ not: { equals: 1 } }, [2, undefined], [1]],
  [{ not: { path: "a", present: true } }, [{}, { b: 1 }], [{ a: null }]],
];

describe.each(TABLE)("%j", (words, holds, fails) => {
  test.each(holds.map((value) => [value]))("holds for %j", (value) => {
    expect(violations([{ path: "value", ...words }], { value })).toEqual([]);
    expect(violations([words], value)).toEqual([]);
  });

  test.each(fails.map((value) => [value]))("does not hold for %j", (value) => {
    const [violation] = violations([{ path: "value", ...words }], { value });
    expect(violation).toMatchObject({ path: "value", seen: value });
    expect(violation?.expected).toMatch(new RegExp(Object.keys(words).join("|"), "u"));
  });
});

test("every fact counts, and every word of it", () => {
  const facts: Fact[] = [
    { path: "a", equals: 1 },
    { path: "b", type: "string", length: 2 },
    { path: "c", absent: true },
  ];
  expect(violations(facts, { a: 1, b: "xx" })).toEqual([]);
  expect(violations(facts, { a: 2, b: "xxx", c: null }).map(({ path }) => path)).toEqual(["a", "b", "c"]);
});

test("any holds when one list of facts holds as a whole", () => {
  const fact: Fact = {
    any: [
      [
        { path: "a", equals: 1 },
        { path: "b", equals: 1 },
      ],
      [{ path: "c", present: true }],
    ],
  };
  expect(violations([fact], { a: 1, b: 1 })).toEqual([]);
  expect(violations([fact], { c: 0 })).toEqual([]);
  expect(violations([fact], { a: 1 })).toHaveLength(1);
  expect(violations([fact], {})[0]?.expected).toBe("a equals 1, or c present");
});

test("a value that is a prototype's is none", () => {
  expect(violations([{ path: "constructor", absent: true }, { contains: {} }], {})).toEqual([]);
  expect(violations([{ contains: { toString: 1 } }], {})).toHaveLength(1);
});
