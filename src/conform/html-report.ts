/** A report as one HTML file: nothing is loaded, all text is escaped. */
import type { Report, ReportedCase } from "./report.ts";
import { percent, shortJson, type Tally, whereOf } from "./result-table.ts";

export function htmlReport(report: Report): string {
  const { gateway, totals, date } = report;
  const failed = report.cases.filter(({ outcome }) => outcome === "failed");
  const title = `${gateway.name} ${gateway.version}: ${percent(totals.exact, totals.exact + totals.failed)} exact`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<p class="over">Chat Completions scorecard</p>
<h1>${escaped(gateway.name)} <small>${escaped(gateway.version)}</small></h1>
<p class="score"><strong>${percent(totals.exact, totals.exact + totals.failed)}</strong> exact</p>
<p>${totals.exact} of ${totals.exact + totals.failed} cases${totals.notRun === 0 ? "" : `; ${totals.notRun} not run`}.</p>
<p>${escaped(gateway.configuration)}</p>
<p class="fine">${escaped(date.slice(0, 10))}, cases of Pollux ${escaped(report.version)}, ${report.mode === "closed" ? "closed loop" : "a real model behind"}, profile ${report.profile}${sdkText(report)}.</p>
</header>
<h2>Sections</h2>
${sectionsTable(report)}
<h2>${failed.length === 0 ? "Nothing failed" : `Failed: ${failed.length}`}</h2>
${failed.map((one) => failedCase(one, report, failed.length <= OPEN_UP_TO)).join("\n")}
<h2>All cases</h2>
${Object.keys(report.sections)
  .map((section) => sectionList(section, report.cases))
  .join("\n")}
</main>
</body>
</html>
`;
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function sdkText({ sdks }: Report): string {
  const named = [
    ...(sdks.node === undefined ? [] : [`openai ${sdks.node} for Node`]),
    ...(sdks.python === undefined ? [] : [`openai ${sdks.python} for Python`]),
  ];
  return named.length === 0 ? ", no SDKs" : escaped(`, with ${named.join(" and ")}`);
}

function sectionsTable({ sections }: Report): string {
  const rows = Object.entries(sections).map(([section, tally]) => sectionRow(section, tally));
  return `<table><thead><tr><th>Section<th class="n">Exact<th class="n">Failed<th class="n">Not run<th class="bars"><span>Share</span></thead><tbody>${rows.join("")}</tbody></table>`;
}

function sectionRow(section: string, { exact, failed, notRun }: Tally): string {
  const share = exact + failed === 0 ? 0 : (100 * exact) / (exact + failed);
  return `<tr><td><a href="#${escaped(section)}">${escaped(section)}</a><td class="n">${exact}<td class="n${failed > 0 ? " bad" : ""}">${failed}<td class="n">${notRun}<td class="bars"><div class="bar"><i style="width:${share.toFixed(1)}%"></i></div>`;
}

/** More are folded, or nobody finds the end of them. */
const OPEN_UP_TO = 5;

function failedCase(one: ReportedCase, { mode }: Report, open: boolean): string {
  const failures = one.failures.map(
    ({ viewpoint, exchange, path, expected, seen }) =>
      `<dt>${escaped(whereOf({ viewpoint, exchange, path }, one.exchanges))}</dt><dd>expected <code>${escaped(expected)}</code></dd><dd>seen <code>${escaped(shortJson(seen))}</code></dd>`,
  );
  const repeat = one.failures.find(({ curl }) => curl !== undefined)?.curl;
  const answer = one.failures.find((failure) => failure.answer !== undefined)?.answer;
  return `<details${open ? " open" : ""}><summary><b>${escaped(one.id)}</b> <span class="tag">${one.profile}</span></summary>
<p>${escaped(one.fact)}</p>
${sourceList(one)}
<dl>${failures.join("")}</dl>
${answer === undefined ? "" : `<p class="fine">Answer</p><pre>${escaped(answer)}</pre>`}
<p class="fine">Repeat${mode === "open" ? "" : `, after <code>pollux conform --hold ${escaped(one.id)}</code>, which says where`}:</p>
${repeat === undefined ? "" : `<pre>${escaped(repeat)}</pre>`}</details>`;
}

function sourceList({ source }: ReportedCase): string {
  const links = source.map((address) => {
    const shown = escaped(address.replace(/^https?:\/\//, ""));
    // Cases are data that anyone may have written.
    if (!/^https?:\/\//.test(address)) return `<li>${shown}`;
    return `<li><a href="${escaped(address)}" rel="noopener noreferrer">${shown}</a>`;
  });
  return `<ul class="sources">${links.join("")}</ul>`;
}

const MARKS: Readonly<Record<ReportedCase["outcome"], string>> = { exact: "✓", failed: "✗", not_run: "–" };
const SPOKEN: Readonly<Record<ReportedCase["outcome"], string>> = {
  exact: "exact",
  failed: "failed",
  not_run: "not run",
};

function sectionList(section: string, cases: readonly ReportedCase[]): string {
  const members = cases.filter((one) => one.section === section);
  const items = members.map((one) => {
    const notes =
      one.not_judged.length === 0
        ? ""
        : `<p class="fine">Not judged: ${escaped(one.not_judged.join("; "))}</p>`;
    return `<li class="${one.outcome}"><span class="mark" role="img" aria-label="${SPOKEN[one.outcome]}">${MARKS[one.outcome]}</span><div><p>${escaped(one.fact)}</p><p class="fine">${escaped(one.id)}</p>${notes}</div>`;
  });
  return `<section id="${escaped(section)}"><h3>${escaped(section)}</h3><ul class="cases">${items.join("")}</ul></section>`;
}

const STYLE = `
:root{--ink:#1c2024;--soft:#5b636c;--line:#dfe3e8;--paper:#fff;--raised:#f5f7f9;--good:#1a7f4b;--bad:#b42318;--link:#0b57d0}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#a0a8b1;--line:#32383f;--paper:#14171a;--raised:#1d2125;--good:#55c98a;--bad:#ff8a80;--link:#8ab4f8}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:56rem;margin:0 auto;padding:1.25rem 1rem 4rem}
h1{font-size:1.9rem;line-height:1.2;margin:.1rem 0}
h1 small{font-size:1rem;font-weight:400;color:var(--soft)}
h2{font-size:1.25rem;margin:2.2rem 0 .6rem}
h3{font-size:1rem;margin:1.4rem 0 .3rem}
p{margin:.3rem 0}
a{color:var(--link)}
.over,.fine{color:var(--soft);font-size:.875rem}
.score strong{font-size:2.4rem;line-height:1.1}
table{border-collapse:collapse;width:100%}
th,td{padding:.4rem .5rem .4rem 0;text-align:left;border-bottom:1px solid var(--line);font-weight:400}
th{color:var(--soft);font-size:.875rem}
.n{text-align:right;font-variant-numeric:tabular-nums}
.bad{color:var(--bad);font-weight:600}
.bars{width:30%;padding-left:.75rem}
.bar{height:.5rem;border-radius:.25rem;background:var(--line);overflow:hidden}
.bar i{display:block;height:100%;background:var(--good)}
details{border:1px solid var(--line);border-left:.25rem solid var(--bad);border-radius:.4rem;padding:.6rem .8rem;margin:.7rem 0;background:var(--raised)}
summary{cursor:pointer}
.tag{font-size:.75rem;color:var(--soft);border:1px solid var(--line);border-radius:1rem;padding:0 .5rem}
.sources{margin:.3rem 0;padding-left:1.1rem;font-size:.875rem}
dl{margin:.6rem 0}
dt{font-weight:600;font-size:.875rem}
dd{margin:.1rem 0 .3rem}
code,pre{font:.8125rem/1.45 ui-monospace,monospace}
pre{white-space:pre-wrap;background:var(--paper);border:1px solid var(--line);border-radius:.4rem;padding:.6rem;margin:.4rem 0 0}
.cases{list-style:none;margin:0;padding:0}
.cases li{display:flex;gap:.6rem;padding:.45rem 0;border-bottom:1px solid var(--line)}
.mark{flex:none;width:1.2rem;text-align:center;font-weight:700;color:var(--good)}
.failed .mark{color:var(--bad)}
.not_run .mark{color:var(--soft)}
@media(max-width:34rem){.bars{display:none}}
`;
