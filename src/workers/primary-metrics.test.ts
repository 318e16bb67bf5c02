import { expect, test } from "vitest";
import { mergedPage } from "../observe/merged-metrics.ts";
import { Metrics } from "../observe/metrics.ts";
import { RequestRecord } from "../observe/request-record.ts";
import { PrimaryMetrics } from "./primary-metrics.ts";

function answer(metrics: Metrics, times: number): void {
  for (let time = 0; time < times; time += 1) {
    const record = new RequestRecord("req_1", performance.now(), metrics);
    record.begin("chatCompletions");
    record.upstream = "main";
    record.end(true);
  }
}

/** As a scrape does: the workers that there are, then the primary process. */
async function scrape(primary: PrimaryMetrics, workers: Record<number, Metrics>): Promise<string> {
  const page = mergedPage(async () => {
    const told = [];
    for (const [worker, metrics] of Object.entries(workers)) {
      const snapshot = await metrics.snapshot(Number(worker));
      primary.told(Number(worker), snapshot);
      told.push(snapshot);
    }
    return [...told, primary.snapshot()];
  });
  return page.text();
}

function valueOf(text: string, name: string): number {
  const line = text.split("\n").find((one) => one.startsWith(name))!;
  return Number(line.slice(line.lastIndexOf(" ")));
}

test("what processes counted that have ended stays in the sums, and they themselves do not", async () => {
  const primary = new PrimaryMetrics();
  const [first, second] = [new Metrics(), new Metrics()];
  answer(first, 3);
  answer(second, 4);
  await scrape(primary, { 1: first, 2: second });
  // Both places change hands, one of them twice.
  for (const worker of [1, 2]) primary.ended(worker);
  const third = new Metrics();
  answer(third, 5);
  await scrape(primary, { 1: third });
  primary.ended(1);
  primary.restarted();
  const fourth = new Metrics();
  answer(fourth, 6);
  const text = await scrape(primary, { 1: fourth });
  expect(valueOf(text, "pollux_requests_total{")).toBe(18);
  expect(valueOf(text, "pollux_request_duration_seconds_count{")).toBe(18);
  expect(valueOf(text, 'pollux_request_duration_seconds_bucket{le="+Inf"')).toBe(18);
  expect(valueOf(text, "pollux_workers ")).toBe(1);
  expect(valueOf(text, "pollux_worker_restarts_total ")).toBe(1);
  expect(text.match(/^process_resident_memory_bytes\{/gm)).toHaveLength(1);
});

test("a configuration that was refused shows, although every process has the one before it", async () => {
  const primary = new PrimaryMetrics();
  const metrics = new Metrics();
  const success = async (): Promise<number> =>
    valueOf(await scrape(primary, { 1: metrics }), "pollux_config_reload_success ");
  expect(await success()).toBe(1);
  primary.reloaded(false);
  expect(await success()).toBe(0);
  primary.reloaded(true);
  expect(await success()).toBe(1);
});

test("it adds to metrics that there are, and makes none", async () => {
  const names = (text: string): string[] => (text.match(/^# TYPE \S+ \S+/gm) ?? []).toSorted();
  expect(names(await scrape(new PrimaryMetrics(), { 1: new Metrics() }))).toEqual(
    names(await new Metrics().text()),
  );
});
