import { expect, test } from "vitest";
import { htmlReport } from "./html-report.ts";
import type { Report } from "./report.ts";

const EVIL = `</style><script>alert(1)</script><img src=x onerror="a">'"&`;

const REPORT: Report = {
  format: 1,
  date: "2026-11-21T00:00:00.000Z",
  version: EVIL,
  gateway: { name: EVIL, version: EVIL, configuration: EVIL },
  mode: "closed",
  profile: "strict",
  sdks: { node: EVIL, python: EVIL },
  totals: { exact: 1, failed: 1, notRun: 1 },
  sections: { [EVIL]: { exact: 1, failed: 1, notRun: 1 } },
  cases: (["exact", "failed", "not_run"] as const).map((outcome) => ({
    id: EVIL,
    section: EVIL,
    fact: EVIL,
    source: [`https://example.com/${EVIL}`],
    profile: "strict",
    outcome,
    exchanges: 2,
    not_judged: [EVIL],
    failures: [
      {
        viewpoint: "seen",
        exchange: 0,
        path: EVIL,
        expected: EVIL,
        seen: { [EVIL]: EVIL },
        answer: EVIL,
        curl: EVIL,
      },
    ],
    ms: 1,
  })),
};

const ATTRIBUTES =
  /^(?:lang|charset|name|content|http-equiv|class|href|rel|id|style|role|aria-label|open|html)$/;

test("all text is escaped, and nothing is loaded", () => {
  const html = htmlReport(REPORT);
  const tags = html.match(/<[^>]*>/g) ?? [];
  expect(tags.length).toBeGreaterThan(50);
  expect(tags.filter((tag) => /^<(?:script|img|link|iframe|object|base|form)/i.test(tag))).toEqual([]);
  const attributes = tags.flatMap((tag) =>
    [...tag.matchAll(/\s([^\s=">]+)(?:="[^"]*")?/g)].map(([, name]) => name!),
  );
  expect(attributes.filter((name) => !ATTRIBUTES.test(name))).toEqual([]);
  expect(html.match(/<\/style>/g)).toHaveLength(1);
  expect(html.includes("&lt;script&gt;alert(1)&lt;/script&gt;")).toBe(true);
  expect(html.includes("default-src 'none'")).toBe(true);
  expect(/url\(|@import/.test(html)).toBe(false);
});

test("a source that is no address of the web is no link", () => {
  const [, failed] = REPORT.cases;
  const html = htmlReport({ ...REPORT, cases: [{ ...failed!, source: ["javascript:alert(1)"] }] });
  expect(html.includes("javascript:alert(1)")).toBe(true);
  expect(html.includes('href="javascript:')).toBe(false);
});

test("says the share, the failures, the sources and how to repeat them", () => {
  const [, failed] = REPORT.cases;
  const html = htmlReport({
    ...REPORT,
    gateway: { name: "Some gateway", version: "1.2.3", configuration: "as it is" },
    cases: [{ ...failed!, id: "tools/ids", source: ["https://example.com/doc"] }],
  });
  expect(html).toContain("50 %");
  expect(html).toContain("pollux conform --hold tools/ids");
  expect(html).toContain('href="https://example.com/doc"');
  expect(html).toContain('name="viewport"');
  expect(html).toContain("prefers-color-scheme:dark");
});
