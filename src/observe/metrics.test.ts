import { expect, test } from "vitest";
import { Metrics } from "./metrics.ts";
import { RequestRecord } from "./request-record.ts";

function request(metrics: Metrics, change: (record: RequestRecord) => void = () => {}): RequestRecord {
  const record = new RequestRecord("req_1", performance.now() - 100, metrics);
  record.begin("chatCompletions");
  record.upstream = "main";
  change(record);
  return record;
}

async function valuesOf(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

test("requests, streams and tokens are counted by outcome", async () => {
  const metrics = new Metrics();
  const stream = request(metrics, (record) => {
    record.asked({ model: "fast", stream: true }, { fast: "gemini-3.5-flash" });
    record.headSent(200);
    record.firstTokenAt = record.startedAt + 30;
  });
  request(metrics);
  let values = await valuesOf(metrics);
  expect(values.get("pollux_inflight")).toBe(2);
  expect(values.get("pollux_open_streams")).toBe(1);
  stream.used({ prompt_tokens: 5, completion_tokens: 6, completion_tokens_details: { reasoning_tokens: 2 } });
  stream.end(true);
  values = await valuesOf(metrics);
  expect(values.get("pollux_inflight")).toBe(1);
  expect(values.get("pollux_open_streams")).toBe(0);
  const labels = 'route="chatCompletions",model="fast",upstream="main",status="2xx",outcome="completed"';
  expect(values.get(`pollux_requests_total{${labels}}`)).toBe(1);
  expect(values.get('pollux_tokens_total{kind="completion",model="fast",upstream="main"}')).toBe(6);
  expect(values.get('pollux_tokens_total{kind="reasoning",model="fast",upstream="main"}')).toBe(2);
  expect(values.get('pollux_time_to_first_token_seconds_sum{upstream="main"}')).toBeCloseTo(0.03, 5);
  expect(values.get('pollux_request_duration_seconds_count{route="chatCompletions",upstream="main"}')).toBe(
    1,
  );
  // Scraping again counts nothing again.
  expect((await valuesOf(metrics)).get(`pollux_requests_total{${labels}}`)).toBe(1);
});

test.each([1, 255, 256, 257, 700])(
  "%d durations between two scrapes are all counted, once",
  async (count) => {
    const metrics = new Metrics();
    for (let i = 0; i < count; i += 1) {
      request(metrics).end(true);
    }
    const name = "pollux_request_duration_seconds";
    const labels = 'route="chatCompletions",upstream="main"';
    for (let scrapes = 0; scrapes < 2; scrapes += 1) {
      const values = await valuesOf(metrics);
      expect(values.get(`${name}_count{${labels}}`)).toBe(count);
      expect(values.get(`${name}_bucket{le="0.08",${labels}}`)).toBe(0);
      expect(values.get(`${name}_bucket{le="+Inf",${labels}}`)).toBe(count);
      expect(values.get(`${name}_sum{${labels}}`)).toBeGreaterThan(count * 0.099);
    }
  },
);

test("what happens around requests", async () => {
  const metrics = new Metrics();
  metrics.live = {
    queued: () => 3,
    upstreamConnections: () => 4,
    droppedLogLines: () => 5,
    droppedSpans: () => 6,
  };
  metrics.attempted("main", "rate_limited");
  metrics.attempted("main", "success");
  metrics.attempted("main", "success");
  metrics.tokenRefreshed("main", true);
  metrics.tokenRefreshed("main", false);
  metrics.shed("queue_full");
  metrics.shedStage("no_large_bodies");
  metrics.configReloaded(false);
  const expected = {
    'pollux_upstream_attempts_total{upstream="main",reason="rate_limited"}': 1,
    'pollux_upstream_attempts_total{upstream="main",reason="success"}': 2,
    'pollux_token_refresh_total{upstream="main",result="success"}': 1,
    'pollux_token_refresh_total{upstream="main",result="failure"}': 1,
    'pollux_shed_total{reason="queue_full"}': 1,
    pollux_shed_stage: 2,
    pollux_config_reload_success: 0,
    pollux_queue_depth: 3,
    pollux_upstream_connections: 4,
    pollux_log_dropped_total: 5,
    pollux_spans_dropped_total: 6,
  };
  const values = await valuesOf(metrics);
  expect(Object.fromEntries(Object.keys(expected).map((name) => [name, values.get(name)]))).toEqual(expected);
  metrics.configReloaded(true);
  expect((await valuesOf(metrics)).get("pollux_config_reload_success")).toBe(1);
});

test("the process is in it: memory, event loop, version", async () => {
  const text = await new Metrics().text();
  for (const name of ["process_resident_memory_bytes", "nodejs_version_info", "process_open_fds"]) {
    expect(text).toContain(`\n${name}`);
  }
  expect(text).toMatch(/^pollux_event_loop_lag_seconds\{quantile="0\.99"\} [\d.e-]+$/m);
  expect(text).toMatch(/^pollux_build_info\{version="[\d.]+",node="v[\d.]+"\} 1$/m);
});

test("S-50 a thousand odd models and requests without one make no series of their own", async () => {
  const metrics = new Metrics();
  const count = async (): Promise<number> =>
    (await metrics.text()).split("\n").filter((line) => line.startsWith("pollux_")).length;
  request(metrics).end(true);
  const before = await count();
  for (let at = 0; at < 1000; at += 1) {
    request(metrics, (record) => record.asked({ model: `model-${at}\n"} 1` }, {})).end(true);
  }
  expect(await count()).toBe(before);
});

test("names and labels follow Prometheus's rules", () => {
  const all = new Metrics().described;
  expect(all.length).toBeGreaterThan(15);
  for (const { name, type, help } of all) {
    expect(name).toMatch(/^pollux_[a-z_]+$/);
    expect(name.endsWith("_total")).toBe(type === "counter");
    if (type === "histogram") expect(name).toMatch(/_seconds$/);
    expect(help).toMatch(/\.$/);
  }
});
