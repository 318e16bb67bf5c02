import { expect, test } from "vitest";
import { fencedCode, fencedResult } from "./fenced-code.ts";

test.each([
  [{ language: "PYTHON", code: "print(1)" }, "```python\nprint(1)\n```\n"],
  [{ language: "LANGUAGE_UNSPECIFIED", code: "x\n" }, "```\nx\n```\n"],
  [{ language: "evil `\n", code: "x" }, "```\nx\n```\n"],
  [{ code: "a\n````\nb" }, "`````\na\n````\nb\n`````\n"],
  [{}, undefined],
  [undefined, undefined],
])("code %j", (part, text) => {
  expect(fencedCode(part)).toBe(text);
});

test.each([
  [{ outcome: "OUTCOME_OK", output: "10\n" }, "```output\n10\n```\n"],
  [{ output: "10" }, "```output\n10\n```\n"],
  [{ outcome: "OUTCOME_FAILED", output: "Traceback" }, "```output\nOUTCOME_FAILED\nTraceback\n```\n"],
  [{ outcome: "OUTCOME_DEADLINE_EXCEEDED" }, "```output\nOUTCOME_DEADLINE_EXCEEDED\n```\n"],
  [null, undefined],
])("result %j", (part, text) => {
  expect(fencedResult(part)).toBe(text);
});
