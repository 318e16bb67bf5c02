/** Upstreams that think for minutes: nothing of ours, of the HTTP client or of Node cuts them off, and clients hear of it. */
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as realTime } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { gatewayFrom } from "./support/gateway-from-yaml.ts";
import { servePollux } from "./support/served-process.ts";
import { streamingUpstream, type StreamingUpstream } from "./support/streaming-upstream.ts";
import { upstreamsAt } from "./support/upstream-yaml.ts";

const SIX_MINUTES = 360;
const COMMENT = ": keep-alive";

interface Reader {
  text(): string;
  ended: () => boolean;
}

/** A client without any timers of its own. */
function ask(url: string, model: string, stream = true): Reader {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  const body = JSON.stringify({ model, stream, messages: [{ role: "user", content: "Think." }] });
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  let text = "";
  let ended = false;
  socket.setEncoding("utf8").on("data", (data: string) => (text += data));
  socket.on("close", () => (ended = true));
  return { text: () => text, ended: () => ended };
}

const count = (text: string, part: string): number => text.split(part).length - 1;

function expectWhole(reader: Reader, ...words: string[]): void {
  const text = reader.text();
  expect(text).toMatch(/^HTTP\/1\.1 200 /);
  for (const word of words) expect(text).toContain(word);
  expect(text).not.toContain('"error"');
  expect(count(text, '"finish_reason":"stop"')).toBe(1);
  expect(text).toContain("data: [DONE]");
}

/** Second by second, so that what one timer leads to can happen before the next. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) await vi.advanceTimersByTimeAsync(1_000);
}

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 5 });

describe("in this process, with its timers moved on", () => {
  let upstream: StreamingUpstream;
  let url: string;

  // Once for all of them: undici keeps one timer of its own for good, and would go on with that of the first test.
  beforeAll(() => {
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance", "Date"],
      shouldAdvanceTime: true,
    });
  });

  afterAll(() => void vi.useRealTimers());

  beforeEach(async () => {
    upstream = await streamingUpstream();
    ({ url } = await gatewayFrom(upstreamsAt([upstream.url])));
  });

  test("F-22 comments come while it is silent, until the idle timer ends it with an error", async () => {
    const idle = await gatewayFrom(
      upstreamsAt([upstream.url], { limits: "{ timeouts: { idleMs: 60000 } }" }),
    );
    const reader = ask(idle.url, "fast");
    const held = await upstream.next();
    held.begin();
    held.event("one");
    await until(() => expect(reader.text()).toContain("one"));
    await pass(45);
    expect(count(reader.text(), COMMENT)).toBeGreaterThanOrEqual(3);
    expect(count(reader.text(), COMMENT)).toBeLessThanOrEqual(5);
    expect(reader.text()).not.toContain('"error"');
    await pass(20);
    await until(() => expect(reader.ended()).toBe(true));
    expect(reader.text()).toMatch(/data: \{"error":\{[^\n]*"code":"upstream_idle_timeout"\}\}\n\n/);
    expect(reader.text()).not.toContain("[DONE]");
    expect(reader.text()).not.toMatch(/"finish_reason":"/);
    await until(() => expect(held.response.destroyed).toBe(true));
  });

  test.each([
    ["within its answer", 1, 25],
    ["after it has accepted", 0, 25],
  ])("F-23 six minutes of silence %s, then the rest", async (_, before, comments) => {
    const reader = ask(url, "fast");
    const held = await upstream.next();
    held.begin();
    if (before > 0) {
      held.event("before");
      await until(() => expect(reader.text()).toContain("before"));
    }
    await pass(SIX_MINUTES);
    expect(reader.ended()).toBe(false);
    // One comes every 10 to 14 seconds.
    expect(count(reader.text(), COMMENT)).toBeGreaterThanOrEqual(comments);
    held.event("after");
    held.event("the end", true);
    await until(() => expect(reader.ended()).toBe(true));
    expectWhole(reader, ...(before > 0 ? ["before"] : []), "after", "the end");
  });

  test.each([true, false])("F-23 six minutes before it answers at all, stream: %s", async (stream) => {
    const reader = ask(url, "fast", stream);
    const held = await upstream.next();
    await pass(SIX_MINUTES);
    expect([reader.text(), reader.ended()]).toEqual(["", false]);
    if (stream) {
      held.begin();
      held.event("the end", true);
    } else {
      held.response.writeHead(200, { "content-type": "application/json" }).end(
        JSON.stringify({
          candidates: [{ content: { parts: [{ text: "the end" }] }, finishReason: "STOP" }],
        }),
      );
    }
    await until(() => expect(reader.ended()).toBe(true));
    if (stream) expectWhole(reader, "the end");
    else expect(reader.text()).toMatch(/^HTTP\/1\.1 200 [^]*the end/);
  });
});

/** Debian's package libfaketime. */
const FAKETIME = ["x86_64", "aarch64"]
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path));

// Without the library the row is shown by the tests above alone.
const row = FAKETIME === undefined ? "" : "F-23 ";

describe.skipIf(FAKETIME === undefined)("a whole process whose clock runs sixty times as fast", () => {
  test(`${row}six minutes of silence by all of its timers, those inside Node as well`, async () => {
    const upstream = await streamingUpstream();
    const served = await servePollux({
      LD_PRELOAD: FAKETIME!,
      FAKETIME: "+0 x60",
      GEMINI_API_KEY: "any",
      GOOGLE_GEMINI_BASE_URL: upstream.url,
    });
    onTestFinished(() => served.stop());
    const readers = [ask(served.url, "gemini-2.5-flash"), ask(served.url, "gemini-2.5-flash")];
    const begun = await upstream.next();
    const silent = await upstream.next();
    begun.begin();
    begun.event("before");
    // Eight minutes of its time, as timers come a little late at that speed.
    await realTime(8_000);
    expect(readers.map((reader) => reader.ended())).toEqual([false, false]);
    expect(readers.map((reader) => count(reader.text(), COMMENT)).toSorted((a, b) => a - b)).toEqual([
      0,
      expect.toSatisfy((comments: number) => comments >= 20),
    ]);
    begun.event("the end", true);
    silent.begin();
    silent.event("the end", true);
    await vi.waitFor(() => expect(readers.map((reader) => reader.ended())).toEqual([true, true]), 10_000);
    for (const reader of readers) expectWhole(reader, "the end");
  });
});
