import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  callWith,
  RecordedReply,
  scriptedGateway,
  type ScriptedCredentials,
  type ScriptedGateway,
} from "../../test/support/scripted-upstream.ts";
import { GatewayError } from "../errors.ts";
import { chatCompletions } from "./chat-completions.ts";

const ASK = { model: "google/gemini-3.8-flash", messages: [{ role: "user", content: "Hello" }] };
const text = (value: string, finishReason?: string): object => ({
  candidates: [
    {
      content: { role: "model", parts: [{ text: value }] },
      ...(finishReason === undefined ? {} : { finishReason }),
    },
  ],
});

interface Run {
  gateway: ScriptedGateway;
  reply: RecordedReply;
  done: Promise<void>;
}

function run(body: object, credentials?: ScriptedCredentials, headers?: Record<string, string>): Run {
  const gateway = scriptedGateway({}, credentials);
  const reply = new RecordedReply();
  return { gateway, reply, done: chatCompletions(gateway, callWith(body, headers), reply, undefined) };
}

/** Credentials that come when the test says so. */
function slowCredentials(): ScriptedCredentials & { grant: () => void; renewed: () => void } {
  const authorized = Promise.withResolvers<Record<string, string>>();
  const renewal = Promise.withResolvers<boolean>();
  return {
    authorize: () => authorized.promise,
    renew: () => renewal.promise,
    grant: () => authorized.resolve({ authorization: "Bearer token" }),
    renewed: () => renewal.resolve(true),
  };
}

const modes = test.each([false, true]);

afterEach(() => {
  vi.useRealTimers();
});

describe("a client that leaves costs nothing more", () => {
  modes("F-03 before there are credentials (stream: %s)", async (stream) => {
    const credentials = slowCredentials();
    const { gateway, reply, done } = run({ ...ASK, stream, n: 3 }, credentials);
    reply.leave();
    credentials.grant();
    await done;
    expect(gateway.calls).toEqual([]);
    expect(gateway.openRequests.size).toBe(0);
  });

  modes("F-01 F-02 while three calls run (stream: %s)", async (stream) => {
    const { gateway, reply, done } = run({ ...ASK, stream, n: 3 });
    await turn();
    gateway.calls[0]!.accept();
    reply.leave();
    await done;
    expect(gateway.calls.map(({ aborted }) => aborted)).toEqual([true, true, true]);
    expect(reply.status).toBeUndefined();
    expect(gateway.bugs).toEqual([]);
  });

  modes("while a token is renewed (stream: %s)", async (stream) => {
    const credentials = slowCredentials();
    const { gateway, reply, done } = run({ ...ASK, stream }, credentials);
    credentials.grant();
    await turn();
    gateway.calls[0]!.refuse(401);
    await turn();
    reply.leave();
    credentials.renewed();
    await done;
    expect(gateway.calls).toHaveLength(1);
  });

  modes("before a repair (stream: %s)", async (stream) => {
    const { gateway, reply, done } = run({ ...ASK, stream });
    await turn();
    gateway.calls[0]!.refuse(400, `Unknown name "id" at 'contents[1]'`);
    reply.leave();
    await done;
    expect(gateway.calls).toHaveLength(1);
  });
});

describe("one of three calls fails", () => {
  modes("and one that waits for a new token is not made again (stream: %s)", async (stream) => {
    const credentials = slowCredentials();
    const { gateway, reply, done } = run({ ...ASK, stream, n: 3 }, credentials);
    credentials.grant();
    await turn();
    gateway.calls[0]!.refuse(401);
    await turn();
    gateway.calls[1]!.refuse(429, "Slow down.");
    await done;
    credentials.renewed();
    await turn();
    expect(gateway.calls.map(({ aborted }) => aborted)).toEqual([false, false, true]);
    expect(reply.status).toBe(429);
  });

  test("after another has begun to answer: the refusal is still an HTTP status", async () => {
    const { gateway, reply, done } = run({ ...ASK, stream: true, n: 3 });
    await turn();
    const [first, second, third] = gateway.calls;
    first!.accept().event(text("Begun"));
    second!.accept();
    expect(reply.headSent).toBe(false);
    third!.refuse(429, "Slow down.");
    await done;
    expect([reply.status, first!.aborted, second!.aborted]).toEqual([429, true, true]);
    expect(JSON.parse(reply.text)).toMatchObject({ error: { type: "rate_limit_error" } });
  });

  test("after all have been accepted: it is told in the stream", async () => {
    const { gateway, reply, done } = run({ ...ASK, stream: true, n: 2 });
    await turn();
    const [first, second] = gateway.calls;
    first!.accept().event(text("One", "STOP"));
    second!.accept();
    await done;
    expect(reply.text).toContain('"content":"One"');
    first!.end();
    second!.event({ error: { code: 500, message: "Internal error encountered.", status: "INTERNAL" } });
    expect(reply.text).toMatch(/data: \{"error":\{"message":"Internal error[^\n]*\n\n$/);
    expect(reply.text).not.toContain('"finish_reason":"stop"');
    expect(second!.aborted).toBe(true);
    // Google's failure is no bug of ours, whatever its status.
    expect(gateway.bugs).toEqual([]);
  });
});

describe("headers", () => {
  modes("of an answer (stream: %s)", async (stream) => {
    const { gateway, reply, done } = run({ ...ASK, stream, user: "someone" });
    await turn();
    if (stream) gateway.calls[0]!.accept().event(text("Grüße 🎒", "STOP")).end();
    else gateway.calls[0]!.answer(text("Grüße 🎒", "STOP"));
    await done;
    expect(reply.headers).toMatchObject({
      "x-request-id": "req_scripted",
      "openai-version": "2020-10-01",
      "openai-processing-ms": expect.stringMatching(/^\d+$/),
      "x-pollux-notes": expect.stringContaining("user"),
      "content-type": stream ? "text/event-stream; charset=utf-8" : "application/json",
    });
    if (stream) {
      expect(reply.headers["cache-control"]).toBe("no-cache, no-transform");
      expect(reply.headers).not.toHaveProperty("content-length");
    } else {
      expect(reply.headers["content-length"]).toBe(String(Buffer.byteLength(reply.text)));
    }
  });

  modes("of a refusal (stream: %s)", async (stream) => {
    const { gateway, reply, done } = run({ ...ASK, stream });
    await turn();
    gateway.calls[0]!.refuse(503, "Overloaded.");
    await done;
    expect(reply.status).toBe(503);
    expect(reply.headers).toMatchObject({
      "x-request-id": "req_scripted",
      "openai-version": "2020-10-01",
      "openai-processing-ms": expect.stringMatching(/^\d+$/),
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(reply.text)),
    });
  });
});

describe("what an upstream sends at once", () => {
  test("goes out in one write, and what comes later in another", async () => {
    const { gateway, reply, done } = run({ ...ASK, stream: true });
    await turn();
    const write = vi.spyOn(reply, "write");
    gateway.calls[0]!.accept().event(text("One")).event(text("Two"));
    await done;
    expect(write).toHaveBeenCalledTimes(1);
    expect(reply.text).toMatch(/"One"[^]*"Two"[^]*\n\n$/);
    gateway.calls[0]!.event(text("Three"));
    await turn();
    expect(write).toHaveBeenCalledTimes(2);
    gateway.calls[0]!.event(text("Four", "STOP")).end();
    expect(write).toHaveBeenCalledTimes(3);
    expect(reply.text.endsWith("data: [DONE]\n\n")).toBe(true);
    await turn();
    expect(write).toHaveBeenCalledTimes(3);
  });

  test("goes out before the error of what breaks right after it", async () => {
    const { gateway, reply, done } = run({ ...ASK, stream: true });
    await turn();
    gateway.calls[0]!.accept().event(text("One")).event("no object");
    await done;
    await turn();
    expect(reply.status).toBe(200);
    expect(reply.text).toMatch(/"One".*\n\ndata: \{"error":.*\n\n$/);
    expect(reply.ended).toBe(true);
  });
});

async function silent(): Promise<Run> {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  const begun = run({ ...ASK, stream: true });
  await turn();
  return begun;
}

describe("keep-alive comments", () => {
  test("F-22 none before the upstream has accepted: its refusal is an HTTP status", async () => {
    const { gateway, reply, done } = await silent();
    vi.advanceTimersByTime(600_000);
    expect(reply.headSent).toBe(false);
    gateway.calls[0]!.refuse(429);
    await done;
    expect(reply.status).toBe(429);
  });

  test("F-23 after that they commit the 200, every 10 to 15 seconds of silence", async () => {
    const { gateway, reply, done } = await silent();
    gateway.calls[0]!.accept();
    expect(reply.headSent).toBe(false);
    vi.advanceTimersByTime(15_000);
    await done;
    expect([reply.status, reply.text]).toEqual([200, ": keep-alive\n\n"]);
    vi.advanceTimersByTime(360_000);
    const comments = reply.text.split(": keep-alive\n\n").length - 1;
    expect(comments).toBeGreaterThanOrEqual(25);
    expect(comments).toBeLessThanOrEqual(38);
    gateway.calls[0]!.event(text("At last", "STOP")).end();
    expect(reply.text.startsWith(": keep-alive\n\n".repeat(comments))).toBe(true);
    expect(reply.text).toContain("At last");
    const length = reply.text.length;
    vi.advanceTimersByTime(60_000);
    expect(reply.text).toHaveLength(length);
  });

  test("none to a client that does not read what it has", async () => {
    const { gateway, reply } = await silent();
    reply.reads = false;
    gateway.calls[0]!.accept().event(text("More than it takes"));
    await turn();
    expect(gateway.calls[0]!.paused).toBe(true);
    const { length } = reply.text;
    vi.advanceTimersByTime(60_000);
    expect(reply.text).toHaveLength(length);
    reply.drain();
    expect(gateway.calls[0]!.paused).toBe(false);
    vi.advanceTimersByTime(15_000);
    expect(reply.text.slice(length)).toBe(": keep-alive\n\n");
  });

  test("none once the client has left", async () => {
    const { gateway, reply } = await silent();
    gateway.calls[0]!.accept().event(text("x"));
    reply.leave();
    expect(gateway.calls[0]!.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("what is not the upstream's fault", () => {
  test("a bug inside a stream is reported, and told without its details", async () => {
    const { gateway, reply, done } = run({ ...ASK, stream: true });
    await turn();
    gateway.calls[0]!.accept().event(text("Begun"));
    await done;
    const bug = new RangeError("secret detail");
    gateway.calls[0]!.break(bug);
    expect(gateway.bugs).toEqual([bug]);
    expect(reply.text).toContain('"code":"internal_error"');
    expect(reply.text).not.toContain("secret");
  });

  modes("a bug before it is a 500 (stream: %s)", async (stream) => {
    const { gateway, reply, done } = run({ ...ASK, stream });
    await turn();
    gateway.calls[0]!.break(new RangeError("secret detail"));
    await done;
    expect(gateway.bugs).toHaveLength(1);
    expect([reply.status, reply.text]).toEqual([500, expect.stringContaining("req_scripted")]);
    expect(reply.text).not.toContain("secret");
  });
});

describe("a gateway that stops", () => {
  const stopping = new GatewayError({ kind: "unavailable" }, "Stopping.");

  modes("ends a request that waits for credentials (stream: %s)", async (stream) => {
    const credentials = slowCredentials();
    const { gateway, reply, done } = run({ ...ASK, stream }, credentials);
    gateway.openRequests.endAll(stopping);
    credentials.grant();
    await done;
    expect([reply.status, gateway.calls.length]).toEqual([503, 0]);
  });

  modes("ends a request that comes afterwards (stream: %s)", async (stream) => {
    const gateway = scriptedGateway();
    gateway.openRequests.endAll(stopping);
    const reply = new RecordedReply();
    await chatCompletions(gateway, callWith({ ...ASK, stream }), reply, undefined);
    expect([reply.status, gateway.calls.length]).toEqual([503, 0]);
  });
});

const explained = async (body: object, headers: Record<string, string>): Promise<RecordedReply> => {
  const { gateway, reply, done } = run(body, undefined, headers);
  await done;
  expect(gateway.calls).toEqual([]);
  return reply;
};

describe("x-pollux-explain", () => {
  const IGNORED = { ...ASK, user: "someone" };

  test("answers with the call instead of making it", async () => {
    const reply = await explained(IGNORED, { "x-pollux-explain": "1" });
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.text)).toMatchObject({
      object: "pollux.explanation",
      upstream: { method: "POST", url: "http://upstream/", calls: 1 },
      notes: [expect.objectContaining({ field: "user", action: "ignored" })],
    });
    expect(reply.text).not.toContain("Bearer");
  });

  test("with x-pollux-strict it refuses what would be ignored", async () => {
    const reply = await explained(IGNORED, { "x-pollux-explain": "1", "x-pollux-strict": "1" });
    expect(reply.status).toBe(400);
    expect(JSON.parse(reply.text)).toMatchObject({ error: { param: "user" } });
    const exact = await explained(ASK, { "x-pollux-explain": "1", "x-pollux-strict": "1" });
    expect(exact.status).toBe(200);
  });
});
