/** The growth of costs as a table. */
import type { Growth } from "./growth.ts";
import { number, table } from "./tables.ts";

/** Noise moves a slope by as much, and so does data that no longer fits into the processor's caches. */
const LINEAR = 1.15;

export function growthTable(found: readonly Growth[]): string {
  return table(
    ["What grows", "Cost", "Size: cost", "Slope", ""],
    found.map(({ what, unit, cost, points, slope }) => [
      `${what} (${unit})`,
      cost,
      points.map(({ x, y }) => `${number(x)}: ${number(y)}`).join(", "),
      slope.toFixed(2),
      slope <= LINEAR ? "linear or better" : "**more than linear**",
    ]),
  ).join("\n");
}
