/** What the charts are drawn with: a panel of its own colour, so that they are legible on light and dark pages. */

export const page = (width: number, height: number, label: string, parts: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${label}">
<style>
.paper{fill:#fff}.ink{fill:#24292f}.faint{fill:#59636e}.line{stroke:#d1d9e0;fill:none}.own{fill:#1a7f64}.other{fill:#8c959f}.trend{stroke:#1a7f64;fill:none;stroke-width:2}
@media (prefers-color-scheme:dark){.paper{fill:#0d1117}.ink{fill:#f0f6fc}.faint{fill:#9198a1}.line{stroke:#3d444d}.own{fill:#3fb68b}.other{fill:#767e89}.trend{stroke:#3fb68b}}
</style>
<rect class="paper" width="${width}" height="${height}" rx="6"/>
${parts.join("\n")}
</svg>
`;

export interface TextStyle {
  class?: "ink" | "faint";
  anchor?: "start" | "middle" | "end";
  bold?: boolean;
  size?: number;
}

export function text(x: number, y: number, words: string, style: TextStyle = {}): string {
  const { class: name = "ink", anchor = "start", bold = false, size } = style;
  const escaped = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text class="${name}" x="${at(x)}" y="${at(y)}"${anchor === "start" ? "" : ` text-anchor="${anchor}"`}${bold ? ' font-weight="bold"' : ""}${size === undefined ? "" : ` font-size="${size}"`}>${escaped}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, dashed = false): string {
  return `<path class="line" d="M${at(x1)} ${at(y1)}L${at(x2)} ${at(y2)}"${dashed ? ' stroke-dasharray="3 3"' : ""}/>`;
}

export function dot(x: number, y: number, radius: number, name: "own" | "other"): string {
  return `<circle class="${name}" cx="${at(x)}" cy="${at(y)}" r="${radius}"/>`;
}

export function trend(points: readonly { x: number; y: number }[]): string {
  return `<polyline class="trend" points="${points.map(({ x, y }) => `${at(x)},${at(y)}`).join(" ")}"/>`;
}

/** A logarithmic axis from `from` to `to` pixels, with what is marked on it: powers of ten, more where these are few. */
export interface Axis {
  place: (value: number) => number;
  marks: number[];
}

/** @param values above 0 */
export function logAxis(values: readonly number[], from: number, to: number): Axis {
  const low = Math.log10(Math.min(...values));
  const high = Math.log10(Math.max(...values));
  // Less than a decade would make much of little.
  const spare = Math.max(0, 1 - (high - low)) / 2;
  const [start, end] = [low - spare, high + spare];
  const steps = end - start < 2 ? [1, 2, 5] : [1];
  const marks: number[] = [];
  for (let power = Math.floor(start); power <= end; power += 1)
    marks.push(...steps.map((step) => step * 10 ** power));
  return {
    place: (value) => from + ((Math.log10(value) - start) / (end - start)) * (to - from),
    marks: marks.filter((mark) => Math.log10(mark) >= start - 1e-9 && Math.log10(mark) <= end + 1e-9),
  };
}

/** 0.001, 10, 1k, 1M. */
export function tick(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}

function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}
