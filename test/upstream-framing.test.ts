/** What arrives of an upstream's answer, however it is cut, framed, compressed or swollen. Real sockets. */
import { createServer, type AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Emulator, startEmulator } from "../src/emulator/server.ts";
import { startFaultProxy, type Toxic } from "../src/toxics/fault-proxy.ts";
import { gatewayFrom } from "./support/gateway-from-yaml.ts";
import { recordingUpstream, type ScriptedResponse } from "./support/recording-upstream.ts";
import { post } from "./support/running-gateway.ts";
import { upstreamsAt } from "./support/upstream-yaml.ts";

const TEXT = "grün 🎒 — жизнь 世界";
const MODES = [{ stream: false }, { stream: true }];
const ask = (stream: boolean): object => ({
  model: "fast",
  stream,
  messages: [{ role: "user", content: `Repeat after me: ${TEXT}` }],
});

interface Chunk {
  choices: {
    delta?: { content?: string | null };
    message?: { content: string };
    finish_reason: string | null;
  }[];
}

/** The text of a whole answer; one that is not whole fails. */
function contentOf(answer: string): string {
  if (answer.startsWith("{")) return (JSON.parse(answer) as Chunk).choices[0]!.message!.content;
  const frames = answer.split("\n\n").filter((frame) => frame.startsWith("data: "));
  expect(frames.pop()).toBe("data: [DONE]");
  const choices = frames.flatMap((frame) => (JSON.parse(frame.slice(6)) as Chunk).choices);
  expect(choices.map((choice) => choice.finish_reason).filter((reason) => reason !== null)).toEqual(["stop"]);
  return choices.map((choice) => choice.delta?.content ?? "").join("");
}

interface Answer {
  status: number;
  text: string;
  code: string | undefined;
}

async function answerOf(gateway: { url: string }, stream: boolean): Promise<Answer> {
  const response = await post(gateway, ask(stream));
  const text = await response.text();
  const code = /"code":"?([a-z_]+)/.exec(text)?.[1];
  return { status: response.status, text, code: text.includes('"error"') ? code : undefined };
}

/** What Gemini sends: the text in pieces of a few characters, one event each. */
function geminiEvents(pretty = false): string[] {
  const pieces = [...TEXT].reduce<string[]>((all, character, at) => {
    if (at % 4 === 0) all.push("");
    all.push(all.pop()! + character);
    return all;
  }, []);
  return pieces.map((text, at) => {
    const finish = at === pieces.length - 1 ? { finishReason: "STOP" } : {};
    const event = {
      candidates: [{ content: { role: "model", parts: [{ text }] }, ...finish }],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: at, totalTokenCount: at + 1 },
    };
    return pretty ? JSON.stringify(event, undefined, 1) : JSON.stringify(event);
  });
}

describe("F-24 F-25 sliced by the network", () => {
  let emulator: Emulator;

  async function behind(...toxics: Toxic[]): Promise<{ url: string }> {
    emulator = await startEmulator({ paceMs: 0 });
    onTestFinished(() => emulator.close());
    const proxy = await startFaultProxy({ upstream: emulator.url, toxics, seed: 3 });
    onTestFinished(() => proxy.close());
    return gatewayFrom(upstreamsAt([proxy.url]));
  }

  test.each([
    { average_size: 1 },
    { average_size: 2, size_variation: 1 },
    { average_size: 7, size_variation: 6 },
    { average_size: 100, size_variation: 99, delay: 50 },
  ])("into slices of %j, both ways", async (attributes) => {
    const gateway = await behind(
      { type: "slicer", attributes },
      { type: "slicer", stream: "upstream", attributes },
    );
    for (const { stream } of MODES) {
      const { status, text } = await answerOf(gateway, stream);
      expect(status).toBe(200);
      expect(text).not.toContain("\ufffd");
      expect(contentOf(text)).toContain(TEXT);
    }
    expect(JSON.stringify(emulator.requests[0]!.body)).toContain(TEXT);
  });

  test.each(MODES)(
    "at every offset, head and all, stream: $stream",
    async ({ stream }) => {
      const body = stream
        ? geminiEvents()
            .map((event) => `data: ${event}\r\n\r\n`)
            .join("")
        : JSON.stringify({
            candidates: [{ content: { parts: [{ text: TEXT }] }, finishReason: "STOP" }],
          });
      const bytes = Buffer.from(
        `HTTP/1.1 200 OK\r\ncontent-type: ${stream ? "text/event-stream" : "application/json"}\r\n` +
          `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
      let at = 0;
      const server = createServer({ noDelay: true }, (socket) => {
        let request = "";
        socket.on("error", () => {});
        socket.on("data", (data: Buffer) => {
          request += data.toString("latin1");
          const [head = "", sent] = request.split("\r\n\r\n");
          if ((sent?.length ?? -1) < Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)) return;
          request = "";
          const cut = at;
          void (async () => {
            socket.write(bytes.subarray(0, cut));
            // Two turns: in the first the system hands over what was written.
            await turn();
            await turn();
            socket.write(bytes.subarray(cut));
          })();
        });
      });
      await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
      onTestFinished(() => void server.close());
      const { port } = server.address() as AddressInfo;
      const gateway = await gatewayFrom(upstreamsAt([`http://127.0.0.1:${port}`]));
      for (at = 1; at < bytes.length; at += 1) {
        const { text } = await answerOf(gateway, stream);
        if (contentOf(text) !== TEXT) expect({ at, text: contentOf(text) }).toEqual({ at, text: TEXT });
      }
      expect(at).toBe(bytes.length);
    },
    60_000,
  );
});

const lines = (event: string): string[] => event.split("\n").map((line) => `data: ${line}`);

describe("F-26 framed in every way that the standard allows", () => {
  const FRAMINGS: [string, (string | Uint8Array)[]][] = [
    ["CR LF", geminiEvents().map((event) => `data: ${event}\r\n\r\n`)],
    ["LF", geminiEvents().map((event) => `data: ${event}\n\n`)],
    ["lone CR", geminiEvents().map((event) => `data: ${event}\r\r`)],
    ["CR at the edge of a chunk", geminiEvents().flatMap((event) => [`data: ${event}\r`, "\n\r", "\n"])],
    [
      "line ends mixed",
      geminiEvents().map((event, at) => `data: ${event}${["\r\n\n", "\n\r", "\r\r\n"][at % 3]}`),
    ],
    ["no space after the colon", geminiEvents().map((event) => `data:${event}\n\n`)],
    [
      "many data lines in one event",
      geminiEvents(true).map((event) => `${lines(event).join("\r\n")}\r\n\r\n`),
    ],
    ["comments within and between", geminiEvents().map((event) => `: a\n\n:b\ndata: ${event}\n:\n\n`)],
    ["a byte order mark", ["\ufeff", ...geminiEvents().map((event) => `data: ${event}\n\n`)]],
    ["other fields", geminiEvents().map((event, at) => `event: x\nid: ${at}\nretry: 5\ndata: ${event}\n\n`)],
    ["blank lines in between", geminiEvents().map((event) => `\n\n\ndata: ${event}\n\n\n\n`)],
  ];

  test.each(FRAMINGS)("%s", async (_, pieces) => {
    const upstream = await recordingUpstream(() => ({ type: "text/event-stream", pieces }));
    const gateway = await gatewayFrom(upstreamsAt([upstream.url]));
    expect(contentOf((await answerOf(gateway, true)).text)).toBe(TEXT);
  });
});

describe("F-28 compressed without being asked, or said to be", () => {
  const body = geminiEvents()
    .map((event) => `data: ${event}\n\n`)
    .join("");
  const gzip = gzipSync(body);

  test.each<[string, string, Uint8Array | string]>([
    ["gzip", "gzip", gzip],
    ["br", "br", brotliCompressSync(body)],
    ["deflate", "deflate", deflateSync(body)],
    ["gzip that is none", "gzip", body],
    ["an encoding nobody knows", "x-own", body],
    ["two of them", "gzip, br", gzip],
  ])("%s is refused cleanly, and what was asked for is identity", async (_, encoding, bytes) => {
    const upstream = await recordingUpstream(() => ({
      type: "text/event-stream",
      headers: { "content-encoding": encoding },
      pieces: [bytes],
    }));
    const gateway = await gatewayFrom(upstreamsAt([upstream.url], { limits: "{ retryBudget: 0 }" }));
    for (const { stream } of MODES) {
      const { status, text, code } = await answerOf(gateway, stream);
      expect([status, code]).toEqual([502, "bad_upstream_response"]);
      expect(text).toContain("compressed");
      // JSON and nothing else: not a byte of what could not be read.
      expect(Object.keys(JSON.parse(text) as object)).toEqual(["error"]);
    }
    expect(upstream.calls.map(({ headers }) => headers["accept-encoding"])).toEqual(["identity", "identity"]);
  });

  test("gzip that is not said to be is no event stream", async () => {
    const upstream = await recordingUpstream(() => ({ type: "text/event-stream", pieces: [gzip] }));
    const gateway = await gatewayFrom(upstreamsAt([upstream.url], { limits: "{ retryBudget: 0 }" }));
    const { status, text, code } = await answerOf(gateway, true);
    expect([status, code]).toEqual([502, "bad_upstream_response"]);
    expect(text).not.toContain("\ufffd");
  });

  test("identity, said aloud, is what was asked for", async () => {
    const upstream = await recordingUpstream(() => ({
      type: "text/event-stream",
      headers: { "content-encoding": "identity" },
      pieces: [body],
    }));
    const gateway = await gatewayFrom(upstreamsAt([upstream.url]));
    expect(contentOf((await answerOf(gateway, true)).text)).toBe(TEXT);
  });
});

const array = (pieces: string[]): ScriptedResponse => ({ type: "application/json; charset=UTF-8", pieces });

describe("F-29 a JSON array in place of events", () => {
  test.each([
    ["compact", ["[", geminiEvents().join(","), "]"]],
    ["as Google writes it", [`[${geminiEvents(true).join("\n,\r\n")}\n]\n`]],
    ["that never ends", [`[${geminiEvents().join(",\n")}`]],
    ["that is empty", ["[]"]],
  ])("%s: an error that says so", async (_, pieces) => {
    const upstream = await recordingUpstream(() => array(pieces));
    const gateway = await gatewayFrom(upstreamsAt([upstream.url], { limits: "{ retryBudget: 0 }" }));
    const { status, text, code } = await answerOf(gateway, true);
    expect([status, code]).toEqual([502, "bad_upstream_response"]);
    expect(text).toContain("not the event stream that was asked for");
    expect(upstream.calls[0]!.url).toContain("alt=sse");
    expect(gateway.bugs).toEqual([]);
  });

  test("Google's own error in one keeps its meaning", async () => {
    const error = { error: { code: 429, message: "Quota exceeded.", status: "RESOURCE_EXHAUSTED" } };
    const upstream = await recordingUpstream(() => array([JSON.stringify([error])]));
    const gateway = await gatewayFrom(upstreamsAt([upstream.url], { limits: "{ retryBudget: 0 }" }));
    const { status, text } = await answerOf(gateway, true);
    expect(status).toBe(429);
    expect(text).toContain("Quota exceeded.");
  });
});

describe("F-30 a page in place of an answer", () => {
  const page =
    "<html><head><title>502 Bad Gateway</title></head><body><center>nginx/1.22.1 internal-host-17</center></body></html>";

  test.each([
    [200, 502, "bad_upstream_response"],
    [502, 502, "bad_upstream_response"],
    [400, 502, "bad_upstream_response"],
    [503, 503, "overloaded"],
    [500, 500, "internal_error"],
    [404, 404, "not_found"],
    [403, 403, "permission_denied"],
  ])("with %i: %i, and not a word of it", async (upstreamStatus, status, code) => {
    const upstream = await recordingUpstream(() => ({
      status: upstreamStatus,
      type: "text/html",
      pieces: [page],
    }));
    const gateway = await gatewayFrom(upstreamsAt([upstream.url], { limits: "{ retryBudget: 0 }" }));
    for (const { stream } of MODES) {
      const answer = await answerOf(gateway, stream);
      expect(answer.status).toBe(status);
      expect(answer.code).toBe(code);
      expect(answer.text).not.toMatch(/html|nginx|internal-host|center/i);
      expect(Object.keys(JSON.parse(answer.text) as object)).toEqual(["error"]);
    }
    expect(gateway.bugs).toEqual([]);
  });
});
