import { expect, test } from "vitest";
import { header, isOn } from "./exchange.ts";

test("header gives the first of a repeated one", () => {
  expect(header({ a: "1", b: ["2", "3"], c: undefined }, "a")).toBe("1");
  expect(header({ b: ["2", "3"] }, "b")).toBe("2");
  expect(header({ c: undefined }, "c")).toBeUndefined();
  expect(header({}, "d")).toBeUndefined();
});

test.each([
  ["1", true],
  ["true", true],
  ["0", false],
  ["false", false],
  ["", false],
  ["yes", false],
])("a switch of %j is on: %s", (value, on) => {
  expect(isOn({ "x-pollux-strict": value }, "x-pollux-strict")).toBe(on);
});
