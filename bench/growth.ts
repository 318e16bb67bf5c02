/** `npm run bench -- growth`: what a request costs as it grows, and what streams hold as there are more of them. */
import { join } from "node:path";
import { pollux } from "./contestants.ts";
import { memory } from "./footprint.ts";
import { Load } from "./load.ts";
import { LOAD_CORE, start, stop } from "./processes.ts";
import { CACHE, type Tools } from "./setup.ts";
import { UNARY, type Workload } from "./workloads.ts";

export interface Growth {
  what: string;
  /** Of the x axis. */
  unit: string;
  /** Of the y axis: `ms` of processor time a request, or `MiB`. */
  cost: string;
  points: { x: number; y: number }[];
  /** Exponent of the best power law through the points above the floor: 1 is linear. */
  slope: number;
}

const text = (characters: number): string =>
  "It is said again, so that there is more of it. ".repeat(Math.ceil(characters / 47)).slice(0, characters);

const SERIES: {
  what: string;
  unit: string;
  sizes: number[];
  body: (size: number) => Record<string, unknown>;
}[] = [
  {
    what: "messages",
    unit: "messages of 200 characters",
    sizes: [10, 30, 100, 300, 1000, 3000],
    body: (size) => ({
      messages: Array.from({ length: size }, (_, at) => ({
        role: at % 2 === 0 ? "user" : "assistant",
        content: text(200),
      })).concat({ role: "user", content: "And now?" }),
    }),
  },
  {
    what: "text",
    unit: "KB in one message",
    sizes: [1, 10, 100, 1000, 4000],
    body: (size) => ({ messages: [{ role: "user", content: text(size * 1000) }] }),
  },
  {
    what: "tools",
    unit: "tools",
    sizes: [1, 4, 16, 64, 128],
    body: (size) => ({
      messages: [{ role: "user", content: "Which?" }],
      tools: Array.from({ length: size }, (_, at) => ({
        type: "function",
        function: { name: `tool_${at}`, description: text(80), parameters: schema(8) },
      })),
    }),
  },
  {
    what: "schema",
    unit: "properties in one schema",
    sizes: [10, 30, 100, 300, 1000],
    body: (size) => ({
      messages: [{ role: "user", content: "Fill it in." }],
      response_format: { type: "json_schema", json_schema: { name: "form", schema: schema(size) } },
    }),
  },
  {
    what: "image",
    unit: "MB of inline image",
    sizes: [0.1, 0.3, 1, 3, 10, 20],
    body: (size) => ({
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${image(size * 1e6)}` } },
          ],
        },
      ],
    }),
  },
];

function schema(properties: number): unknown {
  const names = Array.from({ length: properties }, (_, at) => `field_${at}`);
  return {
    type: "object",
    properties: Object.fromEntries(
      names.map((name, at) => [name, { type: at % 3 === 0 ? "integer" : "string", description: text(60) }]),
    ),
    required: names,
    additionalProperties: false,
  };
}

function image(bytes: number): string {
  const data = Buffer.alloc(Math.round(bytes));
  for (let at = 0; at < data.length; at += 1) data[at] = (at * 2_654_435_761) >>> 13;
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]).copy(data);
  return data.toString("base64");
}

/** Measures every series; takes about two minutes. */
export async function growth(
  tools: Tools,
  port: number,
  upstreamPort: number,
  say: (line: string) => void,
): Promise<Growth[]> {
  const load = new Load(tools.load);
  const upstream = await start({
    command: tools.upstream,
    argv: [String(upstreamPort)],
    port: upstreamPort,
    core: LOAD_CORE,
    log: join(CACHE, "upstream.log"),
  });
  const url = `http://127.0.0.1:${upstreamPort}`;
  const contestant = pollux({ name: "Pollux" });
  const found: Growth[] = [];
  try {
    const gateway = await contestant.start!(port, url);
    await load.run(contestant, port, UNARY, { connections: 16, requests: 10_000 }, gateway);
    for (const { what, unit, sizes, body } of SERIES) {
      const points: { x: number; y: number }[] = [];
      for (const size of sizes) {
        say(`${what}: ${size} ${unit}`);
        const workload: Workload = { ...UNARY, name: `${what} ${size}`, body: body(size) };
        const warm = await load.run(contestant, port, workload, { connections: 2, seconds: 1 }, gateway);
        const result = await load.run(contestant, port, workload, { connections: 2, seconds: 2 }, gateway);
        if (result.done === 0) throw new Error(`${what} ${size}: ${warm.first_error} ${result.first_error}`);
        points.push({ x: size, y: result.cpu / result.done / 1000 });
      }
      found.push({ what, unit, cost: "ms of processor time", points, slope: slope(points) });
    }
    await stop(gateway);
    const points: { x: number; y: number }[] = [];
    for (const streams of [500, 1000, 2000, 5000]) {
      say(`streams: ${streams} open`);
      const figures = await memory(load, contestant, port, url, streams);
      points.push({ x: streams, y: figures[`MiB with ${streams} streams`]! - figures["idle MiB"]! });
    }
    found.push({
      what: "streams",
      unit: "open slow streams",
      cost: "MiB above idle",
      points,
      slope: slope(points),
    });
  } finally {
    await stop(upstream);
  }
  return found;
}

/** Least squares through the logarithms of the upper half of the points, where the fixed cost no longer counts. */
function slope(points: readonly { x: number; y: number }[]): number {
  const upper = points.slice(-Math.max(3, Math.ceil(points.length / 2)));
  const logs = upper.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }));
  const meanX = logs.reduce((sum, { x }) => sum + x, 0) / logs.length;
  const meanY = logs.reduce((sum, { y }) => sum + y, 0) / logs.length;
  const above = logs.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  return above / logs.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
}

/** A table for the page. */
export function growthTable(found: readonly Growth[]): string {
  return [
    "| What grows | Cost | Points | Slope (1 is linear) |",
    "| --- | --- | --- | --- |",
    ...found.map(
      ({ what, unit, cost, points, slope: exponent }) =>
        `| ${what} (${unit}) | ${cost} | ${points.map(({ x, y }) => `${x}: ${y.toPrecision(2)}`).join(", ")} | ${exponent.toFixed(2)} |`,
    ),
  ].join("\n");
}

/** Small plots beside each other, both axes logarithmic. */
export function growthChart(found: readonly Growth[]): string {
  const width = 230;
  const height = 170;
  const columns = 3;
  const rows = Math.ceil(found.length / columns);
  const plots = found.map(({ what, unit, cost, points, slope: exponent }, index) => {
    const left = (index % columns) * width + 36;
    const top = Math.floor(index / columns) * height + 26;
    const [w, h] = [width - 60, height - 72];
    const xs = points.map(({ x }) => Math.log(x));
    const ys = points.map(({ y }) => Math.log(y));
    const scale = (value: number, all: number[], size: number): number =>
      ((value - Math.min(...all)) / (Math.max(...all) - Math.min(...all) || 1)) * size;
    const at = points.map(
      (_, k) => `${(left + scale(xs[k]!, xs, w)).toFixed(1)},${(top + h - scale(ys[k]!, ys, h)).toFixed(1)}`,
    );
    return [
      `<text x="${left}" y="${top - 10}" font-weight="bold">${what} (slope ${exponent.toFixed(2)})</text>`,
      `<path d="M${left} ${top}v${h}h${w}" fill="none" stroke="#9aa5b1"/>`,
      `<polyline points="${at.join(" ")}" fill="none" stroke="#2f7d6d" stroke-width="2"/>`,
      ...at.map(
        (point) => `<circle cx="${point.split(",")[0]}" cy="${point.split(",")[1]}" r="2.5" fill="#2f7d6d"/>`,
      ),
      `<text x="${left}" y="${top + h + 15}" font-size="10">${points[0]!.x} to ${points.at(-1)!.x} ${unit}</text>`,
      `<text x="${left}" y="${top + h + 28}" font-size="10">${points[0]!.y.toPrecision(2)} to ${points.at(-1)!.y.toPrecision(2)} ${cost}</text>`,
    ].join("\n");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width * columns} ${rows * height}" width="${width * columns}" height="${rows * height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="Cost against size, both axes logarithmic">
<style>text{fill:#24292f}@media (prefers-color-scheme:dark){text{fill:#e6edf3}}</style>
${plots.join("\n")}
</svg>
`;
}
