/** Answers of upstreams that are large, or never end: taken up to the cap, refused after it, in bounded memory. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { gatewayFrom } from "./support/gateway-from-yaml.ts";
import { post } from "./support/running-gateway.ts";
import { servePollux } from "./support/served-process.ts";
import { upstreamsAt } from "./support/upstream-yaml.ts";

const MIB = 1024 * 1024;
const ask = (stream: boolean): object => ({
  model: "fast",
  stream,
  messages: [{ role: "user", content: "Draw." }],
});

interface Pouring {
  url: string;
  /** Bytes written in all. */
  sent(): number;
  open(): number;
}

/** Writes what `pieces` gives for as long as it is read. */
async function pouring(type: string, pieces: () => Iterable<Buffer>): Promise<Pouring> {
  let sent = 0;
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    open.add(response);
    response.on("close", () => open.delete(response));
    response.writeHead(200, { "content-type": type });
    const source = pieces()[Symbol.iterator]();
    const pour = (): void => {
      while (!response.destroyed) {
        const next = source.next();
        if (next.done === true) {
          response.end();
          return;
        }
        sent += next.value.length;
        if (!response.write(next.value)) break;
      }
    };
    response.on("drain", pour);
    request.resume().on("end", pour);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: () => sent,
    open: () => open.size,
  };
}

function imageAnswer(bytes: number): { data: string; event: string } {
  const data = randomBytes(bytes).toString("base64");
  const parts = [{ text: "Here it is." }, { inlineData: { mimeType: "image/png", data } }];
  return { data, event: JSON.stringify({ candidates: [{ content: { parts }, finishReason: "STOP" }] }) };
}

function* inPieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 60_000) yield bytes.subarray(at, at + 60_000);
}

describe("F-27 an event of five megabytes", () => {
  const { data, event } = imageAnswer(5 * MIB);

  test.each([
    { stream: true, type: "text/event-stream", body: `data: ${event}\r\n\r\n` },
    { stream: false, type: "application/json", body: event },
  ])("comes through byte for byte, stream: $stream", async ({ stream, type, body }) => {
    const upstream = await pouring(type, () => inPieces(Buffer.from(body)));
    const gateway = await gatewayFrom(upstreamsAt([upstream.url]));
    const response = await post(gateway, ask(stream));
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(text.includes(data)).toBe(true);
    expect(text).toMatch(/"finish_reason":"stop"/);
    if (stream) expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test.each([
    {
      stream: true,
      type: "text/event-stream",
      body: `data: ${event}\r\n\r\n`,
      code: "upstream_event_too_large",
    },
    { stream: false, type: "application/json", body: event, code: "upstream_response_too_large" },
  ])("is refused by a lower cap, and no more of it is read, stream: $stream", async (row) => {
    const upstream = await pouring(row.type, () => inPieces(Buffer.from(row.body)));
    const limits = `{ maxEventBytes: ${MIB}, maxResponseBytes: ${MIB}, retryBudget: 0 }`;
    const gateway = await gatewayFrom(upstreamsAt([upstream.url], { limits }));
    const response = await post(gateway, ask(row.stream));
    const text = await response.text();
    expect([response.status, text]).toEqual([502, expect.stringContaining(`"code":"${row.code}"`)]);
    expect(text).toContain(`${MIB} bytes`);
    await vi.waitFor(() => expect(upstream.open()).toBe(0));
    expect(gateway.bugs).toEqual([]);
  });

  test("after others it ends the stream with an error that is thrown, and what came before stands", async () => {
    const before = JSON.stringify({ candidates: [{ content: { parts: [{ text: "before" }] } }] });
    const body = `data: ${before}\n\ndata: ${event}\n\n`;
    const upstream = await pouring("text/event-stream", () => inPieces(Buffer.from(body)));
    const gateway = await gatewayFrom(
      upstreamsAt([upstream.url], { limits: `{ maxEventBytes: ${MIB}, retryBudget: 0 }` }),
    );
    const text = await (await post(gateway, ask(true))).text();
    expect(text).toContain("before");
    expect(text).toMatch(/data: \{"error":\{[^\n]*"code":"upstream_event_too_large"\}\}\n\n$/);
    expect(text).not.toMatch(/"finish_reason":"|\[DONE\]/);
  });
});

const filler = Buffer.alloc(65_536, "x");

function* endless(start: string, piece: Buffer): Generator<Buffer> {
  yield Buffer.from(start);
  for (;;) yield piece;
}

describe("F-27 an answer without end", () => {
  test.each<[string, boolean, () => Iterable<Buffer>]>([
    ["one line of data", true, () => endless("data: ", filler)],
    ["one line that is no field", true, () => endless("x", filler)],
    ["lines of data without a blank one", true, () => endless("", Buffer.from("data: x\n".repeat(8_000)))],
    ["empty lines of data", true, () => endless("", Buffer.from("data\n".repeat(8_000)))],
    ["one line of comment", true, () => endless(":", filler)],
    ["a whole answer", false, () => endless('{"candidates": "', filler)],
  ])("%s is refused in bounded memory", async (_, stream, pieces) => {
    const upstream = await pouring(stream ? "text/event-stream" : "application/json", pieces);
    const folder = mkdtempSync(join(tmpdir(), "pollux-size-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "pollux.yaml");
    const cap = 8 * MIB;
    writeFileSync(
      file,
      upstreamsAt([upstream.url], {
        limits: `{ maxEventBytes: ${cap}, maxResponseBytes: ${cap}, retryBudget: 0 }`,
      }),
    );
    const served = await servePollux({}, ["--config", file]);
    onTestFinished(() => served.stop());
    const before = await served.peakMemory();
    const asks = Array.from({ length: 4 }, async () => {
      const response = await post(served, ask(stream));
      return [response.status, await response.text()] as const;
    });
    for (const [status, text] of await Promise.all(asks)) {
      expect(status).toBe(502);
      expect(text).toMatch(/"code":"upstream_(event|response)_too_large"/);
    }
    await vi.waitFor(() => expect(upstream.open()).toBe(0));
    // Four times the cap, and what sockets hold.
    expect(upstream.sent()).toBeLessThan(4 * (cap + 12 * MIB));
    // A line is doubled as it grows, and text is twice its bytes.
    expect((await served.peakMemory()) - before).toBeLessThan(300 * MIB);
    expect(served.exited).toBe(false);
  });
});
