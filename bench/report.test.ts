/** The tables of a run. */
import { expect, test } from "vitest";
import { baselineOf } from "./baseline.ts";
import { chart } from "./chart.ts";
import { exampleResults } from "./example-results.ts";
import { STEADY_ANSWERED, withinMs } from "./figure-names.ts";
import { growthChart } from "./growth-chart.ts";
import { growthTable } from "./growth-table.ts";
import { filledIn } from "./page.ts";
import { baselineTable, report } from "./report.ts";
import { GATEWAYS } from "./results.ts";
import { number } from "./tables.ts";

test.each([
  [undefined, ""],
  [NaN, ""],
  [0, "0"],
  [0.0312, "0.031"],
  [0.5, "0.50"],
  [2.345, "2.35"],
  [23.45, "23.4"],
  [234.5, "235"],
  [23_456, "23,456"],
])("%d is written as %s", (value, text) => {
  expect(number(value)).toBe(text);
});

test("ratios come before the figures themselves", () => {
  const text = report(exampleResults());
  expect(text).toContain("| requests/s against nginx | at least 0.25 | 0.50 | 0.50 to 0.50 | met |");
  expect(text).toContain("| latency at 200/s: p50 / p99 | 1.90 / 1.90 | 0.90 / 0.90 |");
  expect(text.indexOf("### Ratios")).toBeLessThan(text.indexOf("### The figures themselves"));
  expect(text.indexOf("| Figure | Pollux / nginx |")).toBeLessThan(text.indexOf('| Group "limit" |'));
});

test("who does not answer as fast as it is asked is named, and so is who is missing", () => {
  const results = exampleResults();
  const [peer] = results.groups[GATEWAYS]!["LiteLLM"]!;
  const slow = { ...results.groups[GATEWAYS], LiteLLM: [{ ...peer!, [STEADY_ANSWERED]: 104 }] };
  const text = report({
    ...results,
    groups: { ...results.groups, [GATEWAYS]: slow },
    missing: { Bifrost: "no Go" },
    remarks: ["LiteLLM, unary: 3 of 9 wrong"],
  });
  expect(text).toContain("LiteLLM answered 104 of 200 requests a second");
  expect(text).not.toContain("Pollux answered");
  expect(text).toContain("- Bifrost: not measured: no Go");
  expect(text).toContain("- Remark: LiteLLM, unary: 3 of 9 wrong");
});

test("the frontier says none where no rate was in time", () => {
  const text = report({ ...exampleResults(), frontier: { Pollux: { [withinMs(5)]: 4000 } } });
  expect(text).toContain("| 1 ms | none |");
  expect(text).toContain("| 5 ms | 4,000 |");
});

test("the baseline's table has the range of the runs and the tolerance", () => {
  const text = baselineTable(baselineOf(Array.from({ length: 5 }, () => exampleResults())));
  expect(text).toContain("| requests/s against nginx | 0.50 | 0.50 | 0.50 | 5.00 % |");
});

test("the chart has a panel for each figure, each on a background of its own", () => {
  const svg = chart(exampleResults());
  expect(svg.match(/is better/g)).toHaveLength(5);
  expect(svg).toContain('<rect class="paper"');
  expect(svg).toContain("prefers-color-scheme:dark");
  expect(svg).not.toContain("NaN");
});

test("growth is plotted and judged", () => {
  const points = [1, 10, 100].map((x) => ({ x, y: 2 * x }));
  const grown = { what: "tools", unit: "tools", cost: "ms", points, slope: 1 };
  expect(growthTable([grown])).toContain("| 1.00: 2.00, 10.0: 20.0, 100: 200 | 1.00 | linear or better |");
  expect(growthTable([{ ...grown, slope: 1.4 }])).toContain("**more than linear**");
  const svg = growthChart([grown]);
  expect(svg).toContain("tools: slope 1.00");
  expect(svg).not.toContain("NaN");
});

test("a page keeps what is around its generated part", () => {
  const page = "before\n<!-- a -->\n\nold\n\n<!-- end of a -->\nafter\n";
  expect(filledIn(page, "a", "new\n")).toBe("before\n<!-- a -->\n\nnew\n\n<!-- end of a -->\nafter\n");
  expect(filledIn(filledIn(page, "a", "new"), "a", "new")).toBe(filledIn(page, "a", "new"));
  expect(() => filledIn("no part", "a", "new")).toThrow("<!-- a -->");
});
