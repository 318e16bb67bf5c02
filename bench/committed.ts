/** docs/performance.json: the last whole run, and the baseline of quick ones. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Baseline } from "./baseline.ts";
import type { Results } from "./results.ts";
import { ROOT } from "./setup.ts";

export interface Committed {
  full?: Results;
  quick?: Baseline;
}

const FILE = join(ROOT, "docs/performance.json");

export function readCommitted(): Committed {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Committed) : {};
}

export function writeCommitted(committed: Committed): void {
  writeFileSync(FILE, toJson(committed));
}

/** Four digits: more would be noise. */
const short = (_: string, item: unknown): unknown =>
  typeof item === "number" && !Number.isInteger(item) ? Number(item.toPrecision(4)) : item;

export function toJson(value: unknown): string {
  return `${JSON.stringify(value, short, 1)}\n`;
}
