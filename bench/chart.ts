/** The figures that matter most, as a picture: who is where, on logarithmic axes. */
import { CHUNKS, FIRST, p50, perStream, REQUESTS, STEADY } from "./figure-names.ts";
import { added, GATEWAYS, LIMIT, NGINX, PEERS, POLLUX, ratio, type Results } from "./results.ts";
import { dot, line, logAxis, page, text, tick } from "./svg.ts";
import { number } from "./tables.ts";

const PANEL = { width: 370, gap: 20, name: 74, value: 56, row: 20, head: 44, foot: 30 };

interface Panel {
  title: string;
  better: string;
  rows: { name: string; value: number }[];
}

export function chart(results: Results): string {
  const panels = [
    {
      title: "Requests/s on one core, Pollux = 1",
      better: "right is better",
      rows: times(results, REQUESTS),
    },
    {
      title: "Stream chunks/s on one core, Pollux = 1",
      better: "right is better",
      rows: times(results, CHUNKS),
    },
    {
      title: "Added latency at 200 requests/s, p50, ms",
      better: "left is better",
      rows: millisecondsAdded(results, p50(STEADY)),
    },
    {
      title: "Added time to the first token, p50, ms",
      better: "left is better",
      rows: millisecondsAdded(results, p50(FIRST)),
    },
    {
      title: "Memory of an open stream, of 5,000, KiB",
      better: "left is better",
      rows: Object.entries(results.memory).map(([name, figures]) => ({
        name,
        value: figures[perStream(5000)] ?? NaN,
      })),
    },
  ]
    .map((panel) => ({ ...panel, rows: panel.rows.filter(({ value }) => value > 0) }))
    .filter(({ rows }) => rows.length > 0);
  const parts: string[] = [];
  let y = 8;
  for (let index = 0; index < panels.length; index += 2) {
    const pair = panels.slice(index, index + 2);
    for (const [column, panel] of pair.entries()) {
      parts.push(...drawn(panel, 16 + column * (PANEL.width + PANEL.gap), y));
    }
    y += PANEL.head + PANEL.foot + PANEL.row * Math.max(...pair.map(({ rows }) => rows.length));
  }
  return page(2 * PANEL.width + PANEL.gap + 32, y + 8, "Pollux, nginx and other gateways", parts);
}

function drawn({ title, better, rows }: Panel, left: number, top: number): string[] {
  const sorted = rows.toSorted((a, b) => b.value - a.value);
  const [from, to] = [left + PANEL.name + 10, left + PANEL.width - PANEL.value];
  const axis = logAxis(
    sorted.map(({ value }) => value),
    from,
    to,
  );
  const bottom = top + PANEL.head + sorted.length * PANEL.row;
  return [
    text(left, top + 16, title, { bold: true }),
    text(left, top + 31, better, { class: "faint", size: 11 }),
    ...axis.marks.flatMap((value) => [
      line(axis.place(value), top + PANEL.head - 6, axis.place(value), bottom),
      text(axis.place(value), bottom + 13, tick(value), { class: "faint", anchor: "middle", size: 11 }),
    ]),
    ...sorted.flatMap(({ name, value }, index) => {
      const middle = top + PANEL.head + index * PANEL.row + 8;
      const own = name === POLLUX;
      const x = axis.place(value);
      return [
        text(left + PANEL.name, middle + 4, name, { anchor: "end", bold: own }),
        line(from, middle, to, middle, true),
        dot(x, middle, own ? 6 : 5, own ? "own" : "other"),
        text(x + 10, middle + 4, number(value), { bold: own }),
      ];
    }),
  ];
}

/** Each contestant's figure over that of Pollux in the same rounds. */
function times({ groups }: Results, figure: string): Panel["rows"] {
  const rows = [{ name: POLLUX, value: 1 }];
  for (const [group, name] of [[LIMIT, NGINX], ...PEERS.map((peer) => [GATEWAYS, peer])] as const) {
    const value = ratio(groups[group!], name!, POLLUX, figure)?.middle;
    if (value !== undefined) rows.push({ name: name!, value });
  }
  return rows;
}

function millisecondsAdded(results: Results, figure: string): Panel["rows"] {
  const rows: Panel["rows"] = [];
  for (const [group, name] of [
    [LIMIT, NGINX],
    [LIMIT, POLLUX],
    ...PEERS.map((peer) => [GATEWAYS, peer]),
  ] as const) {
    const value = added(results, group!, name!, figure);
    if (value !== undefined) rows.push({ name: name!, value });
  }
  return rows;
}
