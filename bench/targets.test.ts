/** How targets are read off results. */
import { expect, test } from "vitest";
import { exampleResults, figures } from "./example-results.ts";
import { LIMIT, NGINX, POLLUX } from "./results.ts";
import { targets } from "./targets.ts";

const find = (figure: string, results = exampleResults()) =>
  targets(results).find((target) => target.figure === figure);

test("a rate is at least its aim over that of nginx", () => {
  expect(find("requests/s against nginx")).toMatchObject({ is: "at least", aim: 0.25, seen: 0.5, met: true });
  expect(find("requests/s against Portkey")).toMatchObject({ aim: 11, seen: 0.5, met: false });
});

test("a cost is under its aim", () => {
  expect(find("processor time of a paced chunk against nginx")).toMatchObject({ seen: 0.5, met: true });
  expect(find("memory of an open slow stream, of 5,000")).toMatchObject({ seen: 20, unit: "KiB", met: true });
  expect(find("memory after 5,000 streams against idle")).toMatchObject({ seen: 1.05, met: true });
  expect(find("start to first answer")).toMatchObject({ seen: 0.17, unit: "s", met: true });
});

test("an added latency is in milliseconds over asking directly", () => {
  expect(find("added latency at 200/s, p50")).toMatchObject({ seen: 0.9, unit: "ms", met: false });
});

test("a ratio is the median of those of the rounds, not the ratio of medians", () => {
  const results = exampleResults();
  const limit = {
    ...results.groups[LIMIT],
    [POLLUX]: [figures(100), figures(400), figures(900)],
    [NGINX]: [figures(1000), figures(1000), figures(3000)],
  };
  const changed = { ...results, groups: { ...results.groups, [LIMIT]: limit } };
  expect(find("requests/s against nginx", changed)).toMatchObject({
    seen: 0.3,
    range: { low: 0.1, middle: 0.3, high: 0.4 },
  });
});

test("what was not measured is neither met nor missed", () => {
  const bare = { ...exampleResults(), groups: {}, memory: {}, startMs: {} };
  expect(targets(bare).length).toBeGreaterThan(25);
  for (const { seen, met } of targets(bare)) expect([seen, met]).toEqual([undefined, undefined]);
});
