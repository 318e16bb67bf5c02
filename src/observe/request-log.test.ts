import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import type { LogSink } from "./log-sink.ts";
import { SILENT_OBSERVER } from "./observer.ts";
import { type LogOptions, RequestLog } from "./request-log.ts";
import { RequestRecord } from "./request-record.ts";

function logging(options: Partial<LogOptions> = {}, now?: () => number) {
  const lines: string[] = [];
  const sink: LogSink = {
    dropped: 0,
    write: (line) => lines.push(line),
    flush: () => Promise.resolve(),
    lastWords: (line) => lines.push(line),
  };
  const log = new RequestLog(sink, { level: "info", requests: "on", ...options }, now);
  const parsed = (): Record<string, unknown>[] =>
    lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { log, lines, parsed };
}

function ended(change: (record: RequestRecord) => void = () => {}): RequestRecord {
  const record = new RequestRecord("req_1", performance.now() - 10, SILENT_OBSERVER);
  record.begin("chatCompletions");
  change(record);
  record.end(true);
  return record;
}

describe("one line for a request", () => {
  test("is what pino would write", () => {
    const { log, lines } = logging();
    const fields = fc.record({
      model: fc.string({ unit: "binary" }),
      target: fc.string(),
      bytes: fc.nat(),
      status: fc.nat({ max: 599 }),
      attempts: fc.nat({ max: 3 }),
    });
    fc.assert(
      fc.property(fields, ({ model, ...told }) => {
        lines.length = 0;
        const record = ended((changed) => {
          changed.asked({ model }, {});
          Object.assign(changed, told, { upstream: 'a "b"\u2028' });
        });
        log.requestEnded(record);
        const [line = ""] = lines;
        const { level, time, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
        expect([level, msg]).toEqual([30, "request"]);
        log.log.info(rest, "request");
        expect(lines[1]?.replace(/"time":\d+/, `"time":${time as number}`)).toBe(line);
      }),
    );
  });

  test("with all there is to tell", () => {
    const { log, parsed } = logging();
    log.requestEnded(
      ended((record) => {
        record.asked({ model: "fast", stream: true }, {});
        record.upstream = "main";
        record.target = "main/gemini-3.5-flash";
        record.attempts = 2;
        record.clientRetry = 1;
        record.keyId = "0011aabb";
        record.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        record.headSent(200);
        record.firstTokenAt = record.startedAt + 4.26;
        record.used({ prompt_tokens: 1, completion_tokens: 2 });
        record.bytes = 99;
      }),
    );
    expect(parsed()).toEqual([
      {
        level: 30,
        time: expect.any(Number),
        msg: "request",
        request_id: "req_1",
        outcome: "completed",
        route: "chatCompletions",
        status: 200,
        duration_ms: expect.any(Number),
        first_token_ms: 4.3,
        bytes: 99,
        model: "fast",
        stream: true,
        upstream: "main",
        target: "main/gemini-3.5-flash",
        attempts: 2,
        client_retry: 1,
        key: "0011aabb",
        trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
        prompt_tokens: 1,
        completion_tokens: 2,
        reasoning_tokens: 0,
        cached_tokens: 0,
      },
    ]);
  });

  test("S-47 with what the upstream said, by the request's id", () => {
    const { log, parsed } = logging();
    const error = new GatewayError(
      {
        kind: "upstream",
        status: 403,
        type: "permission_error",
        code: "permission_denied",
        param: null,
        reason: "PERMISSION_DENIED",
        said: "Denied on projects/123456789012.",
      },
      "Denied on projects/PROJECT.",
    );
    log.requestEnded(ended((record) => record.failOf(error, Buffer.from("{}"), undefined)));
    expect(parsed()).toMatchObject([
      {
        level: 40,
        request_id: "req_1",
        outcome: "upstream_refused",
        error_code: "permission_denied",
        upstream_status: 403,
        upstream_reason: "PERMISSION_DENIED",
        upstream_said: "Denied on projects/123456789012.",
      },
    ]);
  });

  test("S-49 on one line, whatever callers call models", () => {
    const { log, lines, parsed } = logging();
    const model = 'm\r\n{"level":60,"msg":"forged"}\u001b[2J\u2028';
    log.requestEnded(
      ended((record) => {
        record.asked({ model }, {});
        record.attempts = 1;
        record.upstream = "main";
        record.target = `main/${model}`;
      }),
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[\x20-\x7e]+\n$/);
    expect(lines[0]).not.toContain("\\u001b");
    expect(parsed()[0]).toMatchObject({ level: 30, msg: "request" });
  });
});

describe("levels", () => {
  const OUTCOMES = ["completed", "refused.access", "upstream_error", "bug"] as const;

  test.each<[Partial<LogOptions>, string[]]>([
    [{}, [...OUTCOMES]],
    [{ requests: "errors" }, ["refused.access", "upstream_error", "bug"]],
    [{ requests: "off" }, []],
    [{ level: "warn" }, ["upstream_error", "bug"]],
    [{ level: "error" }, ["bug"]],
    [{ level: "silent" }, []],
  ])("%j", (options, told) => {
    const { log, parsed } = logging(options);
    const tell = (): void => {
      for (const outcome of OUTCOMES) log.requestEnded(ended((record) => record.settle(outcome)));
    };
    tell();
    expect(parsed().map(({ outcome }) => outcome)).toEqual(told);
    log.configure({ level: "info", requests: "on" });
    tell();
    expect(parsed()).toHaveLength(told.length + OUTCOMES.length);
  });

  test.each(["health", "ready", "metrics"])(
    "%s is asked all the time: told of at debug, but when it fails",
    (route) => {
      const probe = (outcome?: "refused.access"): RequestRecord => {
        const record = new RequestRecord("req_1", 0, SILENT_OBSERVER);
        record.route = route;
        if (outcome !== undefined) record.settle(outcome);
        record.end(true);
        return record;
      };
      const info = logging();
      info.log.requestEnded(probe());
      info.log.requestEnded(probe("refused.access"));
      expect(info.parsed().map(({ outcome }) => outcome)).toEqual(["refused.access"]);
      const debug = logging({ level: "debug" });
      debug.log.requestEnded(probe());
      expect(debug.parsed()).toMatchObject([{ level: 20, outcome: "completed" }]);
    },
  );
});

describe("what happens around requests", () => {
  test("S-46 a bug by its stack, without the data in its message", () => {
    const { log, parsed, lines } = logging();
    log.bug(new SyntaxError(`Unexpected token 'c', "canary" is not valid JSON`), "req_9");
    log.crash(new Error('cannot send "a canary"'));
    log.tokenNotRenewed(new Error("canary"));
    log.tokenNotRenewed(new GatewayError({ kind: "unavailable" }, "No token in time."));
    expect(parsed()).toMatchObject([
      { level: 50, request_id: "req_9", bug: { type: "SyntaxError", stack: expect.any(Array) } },
      { level: 60, bug: { type: "Error" } },
      { level: 40, why: "Error" },
      { level: 40, why: "No token in time." },
    ]);
    expect(lines.join("")).not.toContain("canary");
  });

  test("refusals under load are told of together, at most once a second", () => {
    let now = 0;
    const { log, parsed } = logging({}, () => now);
    for (let at = 0; at < 1000; at += 1) log.shed("queue_full");
    now = 1_500;
    log.shed("memory");
    expect(parsed()).toMatchObject([
      { refused: { queue_full: 1 } },
      { refused: { queue_full: 999, memory: 1 } },
    ]);
  });

  test("every step of the shed ladder is a line", () => {
    const { log, parsed } = logging();
    log.shedStage("no_keep_alive");
    log.shedStage("none");
    expect(parsed()).toMatchObject([
      { level: 40, stage: "no_keep_alive" },
      { level: 30, stage: "none" },
    ]);
  });
});
