/** The two figures that matter most, as a picture: each contestant against Pollux. */
import { POLLUX, type Results } from "./targets.ts";

const WIDTH = 720;
const LEFT = 110;
const BAR = 22;

/** An SVG of its own, legible on light and dark pages. */
export function chart(results: Results): string {
  const rows: string[] = [];
  let y = 16;
  for (const [figure, title] of [
    ["unary/s", "Requests a second on one core, Pollux = 1"],
    ["chunks/s", "Stream chunks a second on one core, Pollux = 1"],
  ] as const) {
    const bars = against(results, figure);
    const most = Math.max(1, ...bars.map(({ value }) => value));
    rows.push(`<text x="0" y="${y + 12}" font-weight="bold">${title}</text>`);
    y += 24;
    for (const { name, value } of bars) {
      const width = Math.max(1, ((WIDTH - LEFT - 70) * value) / most);
      rows.push(
        `<text x="${LEFT - 8}" y="${y + 15}" text-anchor="end">${name}</text>`,
        `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 5}" rx="2" fill="${name === POLLUX ? "#2f7d6d" : "#9aa5b1"}"/>`,
        `<text x="${(LEFT + width + 8).toFixed(1)}" y="${y + 14}">${value.toPrecision(2)}</text>`,
      );
      y += BAR;
    }
    y += 16;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Pollux against nginx and other gateways">
<style>text{fill:#24292f}@media (prefers-color-scheme:dark){text{fill:#e6edf3}}</style>
${rows.join("\n")}
</svg>
`;
}

/** Each contestant's figure over that of Pollux in the same group, the highest first. */
function against({ groups }: Results, figure: string): { name: string; value: number }[] {
  const bars = [{ name: POLLUX, value: 1 }];
  for (const contestants of Object.values(groups)) {
    const own = contestants[POLLUX]?.[figure];
    for (const [name, figures] of Object.entries(contestants)) {
      const value = figures[figure];
      if (own === undefined || value === undefined || name.startsWith(POLLUX) || name === "direct") continue;
      bars.push({ name, value: value / own });
    }
  }
  return bars.toSorted((a, b) => b.value - a.value);
}
