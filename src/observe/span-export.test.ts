import { expect, test, vi } from "vitest";
import { SILENT_OBSERVER } from "./observer.ts";
import { RequestRecord } from "./request-record.ts";
import { SpanExport, type SpanExportOptions } from "./span-export.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

interface Sent {
  url: string;
  headers: Record<string, string>;
  spans: Record<string, unknown>[];
  resource: unknown;
}

function exporter(answer: () => Promise<Response>, options: Partial<SpanExportOptions> = {}) {
  const sent: Sent[] = [];
  const spans = new SpanExport({
    endpoint: "http://collector:4318/v1/traces",
    headers: { "x-team": "tides" },
    providerOf: (upstream) => (upstream === "main" ? "gcp.vertex_ai" : undefined),
    everyMs: 1,
    send: (url, init) => {
      const { resourceSpans } = JSON.parse(String(init?.body)) as {
        resourceSpans: { resource: unknown; scopeSpans: { spans: Record<string, unknown>[] }[] }[];
      };
      const [first] = resourceSpans;
      sent.push({
        url: String(url),
        headers: init?.headers as Record<string, string>,
        spans: first!.scopeSpans[0]!.spans,
        resource: first!.resource,
      });
      return answer();
    },
    ...options,
  });
  return { spans, sent };
}

const ok = (): Promise<Response> => Promise.resolve(new Response("{}"));

function ended(change: (record: RequestRecord) => void = () => {}): RequestRecord {
  const record = new RequestRecord("req_1", performance.now() - 50, SILENT_OBSERVER);
  record.begin("chatCompletions");
  change(record);
  record.end(true);
  return record;
}

const attributesOf = (span: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    (span["attributes"] as { key: string; value: object }[]).map(({ key, value }) => [
      key,
      Object.values(value)[0] as unknown,
    ]),
  );

test("a span has the GenAI conventions' names and continues the caller's trace", async () => {
  const { spans, sent } = exporter(ok);
  const record = ended((changed) => {
    changed.traceparent = `00-${TRACE}-${PARENT}-01`;
    changed.asked({ model: "gemini-3.5-flash", stream: true }, {});
    changed.attempts = 1;
    changed.upstream = "main";
    changed.headSent(200);
    changed.firstTokenAt = changed.startedAt + 20.5;
    changed.used({
      prompt_tokens: 3,
      completion_tokens: 4,
      completion_tokens_details: { reasoning_tokens: 1 },
    });
  });
  spans.requestEnded(record);
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  const [{ url, headers, spans: all, resource }] = sent as [Sent];
  expect(url).toBe("http://collector:4318/v1/traces");
  expect(headers).toMatchObject({ "x-team": "tides", "content-type": "application/json" });
  expect(JSON.stringify(resource)).toContain('{"key":"service.name","value":{"stringValue":"pollux"}}');
  expect(all).toHaveLength(1);
  const [span] = all as [Record<string, unknown>];
  expect(span).toMatchObject({
    traceId: TRACE,
    parentSpanId: PARENT,
    spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
    name: "chat gemini-3.5-flash",
    kind: 2,
  });
  expect(span).not.toHaveProperty("status");
  expect(attributesOf(span)).toEqual({
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "gcp.vertex_ai",
    "gen_ai.request.model": "gemini-3.5-flash",
    "gen_ai.request.stream": true,
    "gen_ai.response.time_to_first_chunk": 0.0205,
    "gen_ai.usage.input_tokens": "3",
    "gen_ai.usage.output_tokens": "4",
    "gen_ai.usage.reasoning.output_tokens": "1",
    "gen_ai.usage.cache_read.input_tokens": "0",
    "http.request.method": "POST",
    "http.response.status_code": "200",
    "pollux.outcome": "completed",
    "pollux.request_id": "req_1",
    "pollux.upstream": "main",
    "pollux.attempts": "1",
  });
  const took = BigInt(String(span["endTimeUnixNano"])) - BigInt(String(span["startTimeUnixNano"]));
  expect(Number(took) / 1e6).toBeCloseTo(record.endedAt - record.startedAt, 1);
  expect(Math.abs(Number(BigInt(String(span["endTimeUnixNano"])) / 1_000_000n) - Date.now())).toBeLessThan(
    60_000,
  );
});

test("a failure is one in the span; a caller's trace that is not sampled has none", async () => {
  const { spans, sent } = exporter(ok);
  spans.requestEnded(ended((record) => record.settle("upstream_error")));
  spans.requestEnded(ended((record) => (record.traceparent = `00-${TRACE}-${PARENT}-00`)));
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]!.spans).toHaveLength(1);
  const [span] = sent[0]!.spans as [Record<string, unknown>];
  expect(span).toMatchObject({ name: "chat", status: { code: 2 } });
  expect(attributesOf(span)).toMatchObject({
    "error.type": "upstream_error",
    "pollux.outcome": "upstream_error",
  });
  expect(span["traceId"]).toMatch(/^[0-9a-f]{32}$/);
});

test("routes that ask no model make no span", async () => {
  const { spans, sent } = exporter(ok);
  const record = new RequestRecord("req_1", 0, SILENT_OBSERVER);
  record.end(true);
  spans.requestEnded(record);
  await spans.close(10);
  expect(sent).toEqual([]);
});

test.each<[string, () => Promise<Response>]>([
  ["refuses", () => Promise.resolve(new Response("", { status: 503 }))],
  ["cannot be reached", () => Promise.reject(new TypeError("fetch failed"))],
])("F-70 spans are dropped and counted when the collector %s", async (_, answer) => {
  const { spans, sent } = exporter(answer);
  for (let at = 0; at < 10; at += 1) spans.requestEnded(ended());
  await vi.waitFor(() => expect(spans.dropped).toBe(10));
  expect(sent).toHaveLength(1);
});

test("F-70 a collector that says nothing gets one batch at a time, and what waits is bounded", async () => {
  const { spans, sent } = exporter(() => new Promise(() => {}), { maxQueued: 100 });
  spans.requestEnded(ended());
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  for (let at = 0; at < 1_000; at += 1) spans.requestEnded(ended());
  expect(spans.dropped).toBe(900);
  expect(sent).toHaveLength(1);
  const begun = performance.now();
  await spans.close(50);
  expect(performance.now() - begun).toBeLessThan(5_000);
  expect(spans.dropped).toBe(1_000);
});

test("closing sends what waits", async () => {
  const { spans, sent } = exporter(ok, { everyMs: 60_000 });
  for (let at = 0; at < 1_000; at += 1) spans.requestEnded(ended());
  await spans.close(10_000);
  expect(sent.map((batch) => batch.spans.length)).toEqual([512, 488]);
  expect(spans.dropped).toBe(0);
});
