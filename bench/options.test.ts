/** The flags of `npm run bench`. */
import { expect, test } from "vitest";
import { readOptions } from "./options.ts";

const read = (...argv: string[]) => readOptions(argv, () => undefined);

test("without flags everything is measured and nothing saved", () => {
  expect(read()).toEqual({ quick: false, check: false, repeat: 1, growth: false, save: false, peers: true });
});

test("parts are named with commas between", () => {
  expect(read("--only", "limit,start")?.only).toEqual(["limit", "start"]);
});

test("help is printed, and nothing else is done", () => {
  const printed: string[] = [];
  expect(readOptions(["--help"], (text) => printed.push(text))).toBeUndefined();
  expect(printed[0]).toContain("--quick --repeat 5 --save");
});

test.each([
  [["--check"], "add --quick"],
  [["--repeat", "5"], "goes with --quick"],
  [["--quick", "--repeat", "many"], "a number of runs"],
  [["--quick", "--save"], "add --repeat 5"],
  [["--save", "--only", "start"], "Only whole runs"],
  [["--save", "--no-peers"], "Only whole runs"],
  [["--growth", "--quick"], "a run of its own"],
  [["--fast"], "--fast"],
])("%j is refused with what to change", (argv, message) => {
  expect(() => read(...argv)).toThrow(message);
});
