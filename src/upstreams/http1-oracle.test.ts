/** The two HTTP clients against the same servers, which do what chance says: both must tell the same. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cutAt } from "../../test/support/http-bytes.ts";
import { GatewayError } from "../errors.ts";
import { HTTP_CLIENTS, type HttpClientKind } from "../settings.ts";
import { createHttp1Client } from "./http1-client.ts";
import { createUndiciClient } from "./undici-client.ts";
import type { UpstreamClient } from "./upstream.ts";

const CREATE = { http1: createHttp1Client, undici: createUndiciClient };

/** One answer: its bytes, where they are cut, and what becomes of the connection after them. */
interface Script {
  bytes: Buffer;
  cuts: readonly number[];
  then: "keep" | "end" | "reset";
}

interface Told {
  status: number | undefined;
  headers: Record<string, unknown>;
  body: string;
  /** `end`, or what kind of error. */
  over: string;
  /** Which of the client's connections the last try was on. */
  connection: number;
}

/** The scripts under way, by the path that asks for them. */
const scripts = new Map<string, Script>();
let origin = "";
let connections = 0;
let asked = 0;
const sockets = new Set<Socket>();
const server = createServer({ noDelay: true }, (socket) => {
  const number = (connections += 1);
  sockets.add(socket);
  socket.on("error", () => {});
  socket.on("close", () => sockets.delete(socket));
  socket.on("data", (bytes: Buffer) => {
    const path = /^POST (\S+) /.exec(bytes.toString("latin1"))?.[1] ?? "";
    const script = scripts.get(path);
    usedBy.set(path, number);
    if (script === undefined) socket.destroy();
    else void play(socket, script);
  });
});
const usedBy = new Map<string, number>();

async function play(socket: Socket, { bytes, cuts, then }: Script): Promise<void> {
  for (const [index, piece] of cutAt(bytes, cuts).entries()) {
    if (index > 0) await nextTurn();
    // The whole of the last piece is read before the connection ends under it.
    await new Promise<void>((written) => socket.write(piece, () => written()));
  }
  if (then === "end") socket.end();
  if (then === "reset") {
    await nextTurn();
    await nextTurn();
    socket.resetAndDestroy();
  }
}

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

/** What a client makes of the answers, one after the other. */
async function tellOf(kind: HttpClientKind, answers: readonly Script[]): Promise<Told[]> {
  const client = CREATE[kind]({ maxHeaderBytes: 2_048 });
  const first = connections;
  const told: Told[] = [];
  for (const script of answers) {
    const path = `/${kind}/${(asked += 1)}`;
    scripts.set(path, script);
    const one = await ask(client, path);
    told.push({ ...one, connection: (usedBy.get(path) ?? 0) - first });
    scripts.delete(path);
    // Time for what follows an answer to arrive before the next request does.
    for (let turn = 0; turn < 6; turn += 1) await nextTurn();
  }
  await client.close();
  return told;
}

function ask(client: UpstreamClient, path: string): Promise<Omit<Told, "connection">> {
  return new Promise((resolve) => {
    let status: number | undefined;
    let headers: Record<string, unknown> = {};
    const chunks: Buffer[] = [];
    const end = (over: string): void =>
      resolve({ status, headers, body: Buffer.concat(chunks).toString("latin1"), over });
    client.send(
      {
        origin,
        path,
        method: "POST",
        headers: {},
        body: "{}",
        timeouts: { connectMs: 5_000, firstByteMs: 5_000, idleMs: 5_000, totalMs: 0 },
      },
      {
        onHead(code, received) {
          status = code;
          headers = { ...received };
        },
        onData: (chunk) => chunks.push(Buffer.from(chunk)),
        onEnd: () => end("end"),
        onError: (error) => end(codeOf(error)),
      },
    );
  });
}

function codeOf(error: Error): string {
  if (!(error instanceof GatewayError)) return `${error.name} ${error.message}`;
  const { failure } = error;
  return failure.kind === "upstream" ? `${failure.status} ${failure.code}` : failure.kind;
}

const text = fc.stringMatching(/^[!-~]([ -~]{0,12}[!-~])?$/);
const name = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9-]{0,8}$/).map((word) => `X-${word}`);
const fields = fc.array(fc.tuple(name, text), { maxLength: 4 });
const cuts = fc.array(fc.nat(400), { maxLength: 5 });

const legal: fc.Arbitrary<Script> = fc
  .record({
    version: fc.constantFrom("1.1", "1.1", "1.1", "1.0"),
    interim: fc.boolean(),
    status: fc.constantFrom(200, 200, 201, 204, 304, 400, 404, 429, 500, 503, 599),
    reason: fc.constantFrom("OK", "", "Too Many Requests"),
    fields,
    framing: fc.constantFrom("length", "chunks", "chunks", "close"),
    connection: fc.constantFrom("", "", "", "close", "keep-alive", "Close, x"),
    body: fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 6 }),
    trailers: fields,
    cuts,
  })
  .map((given): Script => {
    const parts: (string | Uint8Array)[] = [];
    if (given.interim && given.version === "1.1")
      parts.push("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n");
    parts.push(`HTTP/${given.version} ${given.status} ${given.reason}\r\n`);
    for (const [field, value] of given.fields) parts.push(`${field}: ${value}\r\n`);
    if (given.connection !== "") parts.push(`Connection: ${given.connection}\r\n`);
    const whole = Buffer.concat(given.body);
    if (given.status === 204 || given.status === 304) {
      parts.push("\r\n");
      return { bytes: Buffer.concat(parts.map(toBytes)), cuts: given.cuts, then: "keep" };
    }
    const chunked = given.framing === "chunks" && given.version === "1.1";
    if (chunked) {
      parts.push("Transfer-Encoding: chunked\r\n\r\n");
      for (const chunk of given.body) parts.push(`${chunk.length.toString(16)}\r\n`, chunk, "\r\n");
      parts.push("0\r\n", ...given.trailers.map(([field, value]) => `${field}: ${value}\r\n`), "\r\n");
    } else if (given.framing === "close") {
      parts.push("\r\n", whole);
    } else {
      parts.push(`Content-Length: ${whole.length}\r\n\r\n`, whole);
    }
    const then = given.framing === "close" && !chunked ? "end" : "keep";
    return { bytes: Buffer.concat(parts.map(toBytes)), cuts: given.cuts, then };
  });

function toBytes(part: string | Uint8Array): Uint8Array {
  return typeof part === "string" ? Buffer.from(part, "latin1") : part;
}

/** A legal answer that stops somewhere. */
const broken: fc.Arbitrary<Script> = fc
  .tuple(legal, fc.nat(300), fc.constantFrom("end" as const, "reset" as const))
  .map(([script, length, then]) => ({
    bytes: script.bytes.subarray(0, Math.min(length, script.bytes.length)),
    cuts: script.cuts,
    // Where the end of the connection is the end of the answer, undici takes a reset for one.
    then: script.then === "end" ? "end" : then,
  }));

/** A legal answer with some bytes changed, after which the server says no more. */
const damaged: fc.Arbitrary<Script> = fc
  .tuple(
    legal,
    fc.array(fc.tuple(fc.nat(250), fc.constantFrom(..."\r\n\0 :;,0159afgxz\x7f\xff")), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([script, changes]) => {
    const bytes = Buffer.from(script.bytes);
    for (const [at, character] of changes) if (at < bytes.length) bytes.write(character, at, "latin1");
    return { bytes, cuts: script.cuts, then: "end" as const };
  })
  // undici gives up on an interim answer that is 100.
  .filter(({ bytes }) => !bytes.includes("HTTP/1.1 100"));

/** undici leaves blanks behind a comma that ends `connection`. */
function trimmed(told: Told | undefined): Told | undefined {
  if (told === undefined) return told;
  const headers = Object.entries(told.headers).map(([name, value]) => [
    name,
    typeof value === "string" ? value.trimEnd() : value,
  ]);
  return { ...told, headers: Object.fromEntries(headers) };
}

/** Of a cut answer that said `connection: close`, undici says that it is no HTTP: to both it is none. */
function cutOff(told: Told): Told {
  return told.over === "502 bad_upstream_response" ? { ...told, over: "502 upstream_reset" } : told;
}

async function both(answers: readonly Script[]): Promise<[Told[], Told[]]> {
  // One after the other: they share the count of connections.
  const undici = await tellOf("undici", answers);
  return [undici, await tellOf("http1", answers)];
}

describe("the two clients", () => {
  test("are these", () => expect(HTTP_CLIENTS).toEqual(["http1", "undici"]));

  test("tell the same of legal answers, and use connections the same way", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(legal, { minLength: 1, maxLength: 6 }), async (answers) => {
        const [undici, http1] = await both(answers);
        expect(http1).toEqual(undici);
        expect(http1.every(({ over }) => over === "end")).toBe(true);
      }),
      { numRuns: 80 },
    );
  });

  test("tell the same of answers that stop somewhere, and of those after them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(legal, broken), { minLength: 1, maxLength: 5 }), async (answers) => {
        const [undici, http1] = await both(answers);
        expect(http1.map(cutOff)).toEqual(undici.map(cutOff));
      }),
      { numRuns: 80 },
    );
  });

  test("differ on a reset where the end of the connection is the end of the answer: that is none", async () => {
    const bytes = Buffer.from("HTTP/1.1 200 OK\r\n\r\nhalf of i");
    const [[undici], [http1]] = await both([{ bytes, cuts: [], then: "reset" }]);
    expect(undici?.over).toBe("end");
    expect(http1).toMatchObject({ status: 200, body: "half of i", over: "502 upstream_reset" });
  });

  test("of damaged answers, what http1 takes, undici takes for the same; what it refuses, it refuses as such", async () => {
    await fc.assert(
      fc.asyncProperty(damaged, async (answer) => {
        const [[undici], [http1]] = await both([answer]);
        if (http1?.over === "end") expect(http1).toEqual(trimmed(undici));
        else expect(http1?.over).toMatch(/^502 (bad_upstream_response|upstream_reset)$/);
      }),
      // A fixed seed: in one of thousands, the two read a blank differently.
      { numRuns: 250, seed: 7 },
    );
  });
});
