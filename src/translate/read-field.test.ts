import { describe, expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import {
  isObject,
  optionalArray,
  optionalBoolean,
  optionalNumber,
  optionalObject,
  optionalString,
  requiredArray,
  requiredString,
} from "./read-field.ts";

const readers = { optionalString, optionalNumber, optionalBoolean, optionalArray, optionalObject };
const samples = { string: "x", number: 1, boolean: false, array: [1], object: { a: 1 } };

/** The refusal's field and text; undefined when the value is taken. */
function refusal(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof GatewayError && error.failure.kind === "invalid_request") {
      return `${error.failure.param} | ${error.message}`;
    }
    throw error;
  }
}

describe.each(Object.entries(readers))("%s", (name, read) => {
  const own = name.replace("optional", "").toLowerCase();

  test("absent and null are nothing", () => {
    expect(read({}, "k", "p.k")).toBeUndefined();
    expect(read({ k: null }, "k", "p.k")).toBeUndefined();
  });

  test.each(["__proto__", "constructor", "toString"])("an inherited %s is nothing", (key) => {
    expect(read({}, key, `p.${key}`)).toBeUndefined();
  });

  test.each(Object.entries(samples))("%s", (type, value) => {
    if (type === own) expect(read({ k: value }, "k", "p.k")).toBe(value);
    else expect(refusal(() => read({ k: value }, "k", "p.k"))).toMatch(/^p\.k \| p\.k: must be /);
  });
});

describe("numbers", () => {
  test.each([
    [0, {}, 0],
    [-0, {}, 0],
    [1.5, {}, 1.5],
    [1, { min: 1, max: 1, integer: true }, 1],
    [Number.MAX_SAFE_INTEGER, { integer: true }, Number.MAX_SAFE_INTEGER],
  ])("%d with %j is taken", (value, limits, expected) => {
    expect(optionalNumber({ k: value }, "k", "k", limits)).toBe(expected);
  });

  test.each([
    [Number.NaN, {}],
    [Number.POSITIVE_INFINITY, {}],
    [JSON.parse("1e400"), {}],
    [1.5, { integer: true }],
    [2 ** 53, { integer: true }],
    [0, { min: 1 }],
    [2, { max: 1 }],
    ["1", {}],
    [1n, {}],
  ])("%s with %j is refused", (value, limits) => {
    expect(refusal(() => optionalNumber({ k: value }, "k", "k", limits))).toMatch(/^k \| k: must be /);
  });
});

test("required fields are refused when absent or null, and taken when empty", () => {
  expect(refusal(() => requiredString({}, "k", "k"))).toBe("k | k: is required and must be a string.");
  expect(refusal(() => requiredArray({ k: null }, "k", "k"))).toBe(
    "k | k: is required and must be an array.",
  );
  expect(requiredString({ k: "" }, "k", "k")).toBe("");
  expect(requiredArray({ k: [] }, "k", "k")).toEqual([]);
});

test("an array is refused by its length before anyone reads it", () => {
  expect(refusal(() => optionalArray({ k: [1, 2] }, "k", "k", { maxItems: 1 }))).toBe(
    "k | k: at most 1 entries are accepted, and there are 2.",
  );
});

test.each([
  [{}, true],
  [Object.create(null), true],
  [[], false],
  [null, false],
  ["x", false],
])("isObject(%j) is %s", (value, expected) => {
  expect(isObject(value)).toBe(expected);
});
