import { expect, test } from "vitest";
import { mergedPage } from "./merged-metrics.ts";
import { Metrics } from "./metrics.ts";
import { RequestRecord } from "./request-record.ts";

/** As a worker that has answered one request in `ms` milliseconds, and has another under way. */
function worker(ms: number): Metrics {
  const metrics = new Metrics();
  const now = performance.now();
  const answered = new RequestRecord("req_1", now - ms, metrics);
  answered.begin("chatCompletions");
  answered.upstream = "main";
  answered.headSent(200);
  answered.end(true);
  new RequestRecord("req_2", now, metrics).begin("chatCompletions");
  return metrics;
}

/** By name and labels, as structured clones carry the numbers from process to process. */
async function merged(...workers: Metrics[]): Promise<Map<string, number>> {
  const page = mergedPage(() =>
    Promise.all(workers.map(async (one, index) => structuredClone(await one.snapshot(index + 1)))),
  );
  const lines = (await page.text()).split("\n").filter((line) => /^\w/.test(line));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

test("what is counted adds up, whatever the kind of metric", async () => {
  const values = await merged(worker(5), worker(50));
  const labels = 'route="chatCompletions",model="other",upstream="main",status="2xx",outcome="completed"';
  expect(values.get(`pollux_requests_total{${labels}}`)).toBe(2);
  expect(values.get("pollux_inflight")).toBe(2);
  expect(values.get("pollux_workers")).toBe(2);
  const duration = "pollux_request_duration_seconds";
  const of = 'route="chatCompletions",upstream="main"';
  expect(values.get(`${duration}_count{${of}}`)).toBe(2);
  expect(values.get(`${duration}_sum{${of}}`)).toBeGreaterThan(0.054);
  const under = (le: string): number | undefined => values.get(`${duration}_bucket{le="${le}",${of}}`);
  expect([under("0.04"), under("+Inf")]).toEqual([1, 2]);
});

test("what is no quantity is not added up", async () => {
  const [one, other] = [worker(5), worker(5)];
  one.shedStage("no_requests");
  other.configReloaded(false);
  const values = await merged(one, other);
  expect(values.get("pollux_shed_stage")).toBe(3);
  expect(values.get("pollux_config_reload_success")).toBe(0);
  expect(
    [...values].filter(([name]) => name.startsWith("pollux_build_info")).map(([, value]) => value),
  ).toEqual([1]);
});

test("what is measured of each process stays apart", async () => {
  const values = await merged(worker(5), worker(5));
  const names = [...values.keys()].filter((name) => name.startsWith("process_resident_memory_bytes"));
  expect(names).toEqual([
    'process_resident_memory_bytes{worker="1"}',
    'process_resident_memory_bytes{worker="2"}',
  ]);
  // prom-client itself leaves this one out.
  expect(values.get('process_start_time_seconds{worker="2"}')).toBeGreaterThan(0);
});

test("a metric looks the same with one process as with several", async () => {
  const alone = await worker(5).text();
  const several = await mergedPage(async () => [await worker(5).snapshot(1)]).text();
  const typed = (text: string): string[] =>
    text
      .split("\n")
      .filter((line) => line.startsWith("# TYPE"))
      .toSorted();
  expect(typed(several)).toEqual(typed(alone));
});
