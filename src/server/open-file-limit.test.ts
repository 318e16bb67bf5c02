import { expect, test } from "vitest";
import { connectionsThatFit } from "./open-file-limit.ts";

const limits = (openFiles: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units     \n` +
  `Max processes             95975                95975                processes \n` +
  `Max open files            ${openFiles.padEnd(20)} 1048576              files     \n`;

test.each([
  ["a quarter and 32 are kept for everything else", limits("20000"), 14_968],
  ["a small limit", limits("256"), 160],
  ["there is always room for one", limits("16"), 1],
  ["no limit", limits("unlimited"), undefined],
  ["a system that does not say", "", undefined],
])("%s", (_, text, fit) => {
  expect(connectionsThatFit(text)).toBe(fit);
});
