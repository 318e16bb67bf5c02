/** The growth of costs as small plots, both axes logarithmic, each with a line of slope 1 to be held against. */
import type { Growth } from "./growth.ts";
import { dot, line, logAxis, page, text, tick, trend } from "./svg.ts";

const PLOT = { width: 290, height: 200, left: 44, top: 44, right: 16, bottom: 38 };
const COLUMNS = 3;

export function growthChart(found: readonly Growth[]): string {
  const rows = Math.ceil(found.length / COLUMNS);
  const parts = found.flatMap((one, index) =>
    plot(one, 8 + (index % COLUMNS) * PLOT.width, 8 + Math.floor(index / COLUMNS) * PLOT.height),
  );
  return page(
    COLUMNS * PLOT.width + 16,
    rows * PLOT.height + 16,
    "Cost against size, both axes logarithmic, with the slope of each",
    parts,
  );
}

function plot({ what, unit, cost, points, slope }: Growth, x: number, y: number): string[] {
  const [left, right] = [x + PLOT.left, x + PLOT.width - PLOT.right];
  const [top, bottom] = [y + PLOT.top, y + PLOT.height - PLOT.bottom];
  const across = logAxis(
    points.map((point) => point.x),
    left,
    right,
  );
  const up = logAxis(
    points.map((point) => point.y),
    bottom,
    top,
  );
  const placed = points.map((point) => ({ x: across.place(point.x), y: up.place(point.y) }));
  return [
    text(x + 6, y + 14, `${what}: slope ${slope.toFixed(2)}`, { bold: true }),
    text(x + 6, y + 29, cost, { class: "faint", size: 11 }),
    ...across.marks.flatMap((value) => [
      line(across.place(value), top, across.place(value), bottom),
      text(across.place(value), bottom + 14, tick(value), { class: "faint", anchor: "middle", size: 10 }),
    ]),
    ...up.marks.flatMap((value) => [
      line(left, up.place(value), right, up.place(value)),
      text(left - 5, up.place(value) + 4, tick(value), { class: "faint", anchor: "end", size: 10 }),
    ]),
    linear(points, across.place, up.place, bottom),
    trend(placed),
    ...placed.map((point) => dot(point.x, point.y, 3, "own")),
    text((left + right) / 2, bottom + 28, unit, { class: "faint", anchor: "middle", size: 11 }),
  ];
}

/** Through the last point, as far down as the plot goes. */
function linear(
  points: readonly { x: number; y: number }[],
  across: (value: number) => number,
  up: (value: number) => number,
  bottom: number,
): string {
  const [first, last] = [points[0]!, points.at(-1)!];
  let from = first.x;
  while (up((last.y * from) / last.x) > bottom && from < last.x) from *= 1.02;
  return line(across(from), up((last.y * from) / last.x), across(last.x), up(last.y), true);
}
