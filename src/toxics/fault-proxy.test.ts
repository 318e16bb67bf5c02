/** Every toxic on real sockets: an upstream of bytes on one side, a client of bytes on the other. */
import { connect, createServer, Socket, type AddressInfo } from "node:net";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { startFaultProxy, ToxicError, type FaultProxy, type FaultProxyOptions } from "./fault-proxy.ts";

/** What the sockets of an upstream were sent; each answers by `answer` when its client has ended. */
async function upstream(answer: (socket: Socket) => void): Promise<{ port: number; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    answer(socket);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

/** Sends back what it gets, and ends when its client ends. */
const echo = (): ReturnType<typeof upstream> => upstream((socket) => socket.pipe(socket));

async function proxyTo(
  port: number,
  toxics: FaultProxyOptions["toxics"] = [],
  seed?: number,
): Promise<FaultProxy> {
  const proxy = await startFaultProxy({
    upstream: `127.0.0.1:${port}`,
    toxics,
    ...(seed === undefined ? {} : { seed }),
  });
  onTestFinished(() => proxy.close());
  return proxy;
}

interface Client {
  socket: Socket;
  /** As read, one entry for each read. */
  pieces: Buffer[];
  text(): string;
  /** `end` when the other side ended it in order, else the error's code; settles when the socket has closed. */
  closed: Promise<string>;
}

function client(proxy: FaultProxy): Client {
  const socket = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  onTestFinished(() => void socket.destroy());
  const pieces: Buffer[] = [];
  socket.on("data", (piece: Buffer) => pieces.push(piece));
  const closed = new Promise<string>((resolve) => {
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on("end", () => {
      socket.end();
      resolve("end");
    });
    socket.on("close", () => resolve("close"));
  });
  return { socket, pieces, text: () => Buffer.concat(pieces).toString(), closed };
}

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 5_000, interval: 5 });

describe("without toxics", () => {
  test("bytes, ends and half-closes pass as they are", async () => {
    const { port, sockets } = await upstream((socket) => {
      const got: Buffer[] = [];
      socket.on("data", (piece: Buffer) => got.push(piece));
      // Answers only after its client has ended: a proxy that closed both ways at once would lose the answer.
      socket.on("end", () => socket.end(`got ${Buffer.concat(got).toString()}`));
    });
    const proxy = await proxyTo(port);
    const { socket, closed, text } = client(proxy);
    socket.end("é bytes");
    expect(await closed).toBe("end");
    expect(text()).toBe("got é bytes");
    await until(() => expect([proxy.connections, sockets[0]!.destroyed]).toEqual([0, true]));
  });

  test("twenty megabytes come whole, and a client that does not read stops the upstream", async () => {
    const piece = Buffer.alloc(65_536, "x");
    let sent = 0;
    const { port, sockets } = await upstream((socket) => {
      const write = (): void => {
        while (sent < 20 * 1024 * 1024) {
          sent += piece.length;
          if (!socket.write(piece)) return;
        }
        socket.end();
      };
      socket.on("drain", write);
      write();
    });
    const proxy = await proxyTo(port);
    const { socket, pieces, closed } = client(proxy);
    socket.pause();
    await until(() => expect(sockets).toHaveLength(1));
    let before = -1;
    while (before !== sent) {
      before = sent;
      await sleep(100);
    }
    // What the sockets of the system hold, and the bounded part of the proxy.
    expect(sent).toBeLessThan(16 * 1024 * 1024);
    socket.resume();
    expect(await closed).toBe("end");
    expect(pieces.reduce((all, one) => all + one.length, 0)).toBe(20 * 1024 * 1024);
  });

  test("a reset passes both ways", async () => {
    const { port, sockets } = await echo();
    const proxy = await proxyTo(port);
    const first = client(proxy);
    first.socket.write("x");
    await until(() => expect(first.text()).toBe("x"));
    sockets[0]!.resetAndDestroy();
    expect(await first.closed).toBe("ECONNRESET");

    const second = client(proxy);
    second.socket.write("x");
    await until(() => expect(second.text()).toBe("x"));
    let code: string | undefined;
    sockets[1]!.on("error", (error: NodeJS.ErrnoException) => (code = error.code));
    second.socket.resetAndDestroy();
    await until(() => expect(code).toBe("ECONNRESET"));
    expect(proxy.connections).toBe(0);
  });

  test("an upstream that is not there resets the client", async () => {
    const gone = await echo();
    const proxy = await startFaultProxy({ upstream: "http://127.0.0.1:1" });
    onTestFinished(() => proxy.close());
    expect(gone.port).not.toBe(proxy.port);
    expect(await client(proxy).closed).toBe("ECONNRESET");
    expect(proxy.connections).toBe(0);
  });

  test("close ends what is open, and the port is free again", async () => {
    const { port, sockets } = await echo();
    const proxy = await startFaultProxy({ upstream: `http://127.0.0.1:${port}` });
    const { socket, text, closed } = client(proxy);
    socket.write("x");
    await until(() => expect(text()).toBe("x"));
    await proxy.close();
    await closed;
    await until(() => expect(sockets[0]!.destroyed).toBe(true));
    const again = await startFaultProxy({ upstream: `127.0.0.1:${port}`, port: proxy.port });
    expect(again.url).toBe(proxy.url);
    await again.close();
  });
});

/** Sockets and timers that are alive in this process. */
function alive(): { sockets: number; timers: number } {
  const types = process.getActiveResourcesInfo();
  const count = (name: string): number => types.filter((type) => type === name).length;
  return { sockets: count("TCPSocketWrap"), timers: count("Timeout") };
}

test("close leaves no socket and no timer behind, whatever was held", async () => {
  const { port, sockets } = await echo();
  const before = alive();
  const proxy = await startFaultProxy({
    upstream: `127.0.0.1:${port}`,
    toxics: [
      { type: "latency", attributes: { latency: 60_000 } },
      { type: "timeout", stream: "upstream", toxicity: 0.3, attributes: { timeout: 60_000 } },
      { type: "reset_peer", toxicity: 0.3, attributes: { timeout: 60_000 } },
      { type: "bandwidth", stream: "upstream", toxicity: 0.5, attributes: { rate: 0.001 } },
      { type: "blackhole", toxicity: 0.2 },
    ],
  });
  const clients = Array.from({ length: 30 }, () => client(proxy));
  for (const { socket } of clients) socket.write("some bytes");
  await until(() => expect(proxy.connections).toBe(30));
  await sleep(50);
  await proxy.close();
  await Promise.all(clients.map(({ closed }) => closed));
  for (const socket of [...clients.map(({ socket: own }) => own), ...sockets]) socket.destroy();
  // Without timers of its own, which would count.
  const deadline = performance.now() + 5_000;
  while (alive().sockets > before.sockets && performance.now() < deadline) await turn();
  expect(alive().sockets).toBeLessThanOrEqual(before.sockets);
  expect(alive().timers).toBeLessThanOrEqual(before.timers);
  expect(proxy.connections).toBe(0);
});

describe("latency", () => {
  test("delays what is answered, and what follows at once is not delayed again", async () => {
    const { port } = await echo();
    const proxy = await proxyTo(port, [{ type: "latency", attributes: { latency: 150 } }]);
    const { socket, text } = client(proxy);
    const start = performance.now();
    for (let at = 0; at < 10; at += 1) {
      socket.write(String(at));
      await sleep(10);
    }
    await until(() => expect(text()).toBe("0123456789"));
    const took = performance.now() - start;
    expect(took).toBeGreaterThanOrEqual(235);
    // Ten times 150 ms if each waited for the one before.
    expect(took).toBeLessThan(1_200);
  });

  test("jitter differs from piece to piece, and is the same for the same seed", async () => {
    const { port } = await echo();
    const asked: number[] = [];
    const real = globalThis.setTimeout;
    // The delays that were asked for, and not waited for: how late a busy machine is says nothing.
    vi.spyOn(globalThis, "setTimeout").mockImplementation(((callback: () => void, ms = 0) => {
      asked.push(ms);
      return real(callback, 0);
    }) as typeof setTimeout);
    onTestFinished(() => void vi.restoreAllMocks());
    const delays = async (seed: number): Promise<number[]> => {
      asked.length = 0;
      const attributes = { latency: 10_000, jitter: 5_000 };
      const proxy = await proxyTo(port, [{ type: "latency", attributes }], seed);
      const { socket, pieces } = client(proxy);
      for (let at = 0; at < 8; at += 1) {
        socket.write("x");
        await until(() => expect(pieces).toHaveLength(at + 1));
      }
      socket.destroy();
      return asked.slice(0, 8);
    };
    const [one, same, other] = [await delays(7), await delays(7), await delays(8)];
    for (const [at, ms] of one.entries()) {
      expect(ms).toBeGreaterThan(4_000);
      expect(ms).toBeLessThanOrEqual(15_000);
      // Less what went by between its arrival and the asking.
      expect(Math.abs(ms - same[at]!)).toBeLessThan(900);
    }
    expect(new Set(one.map((ms) => Math.round(ms / 1_000))).size).toBeGreaterThan(3);
    expect(one.filter((ms, at) => Math.abs(ms - other[at]!) > 1_000).length).toBeGreaterThan(3);
  });
});

test("bandwidth lets through so many kilobytes a second", async () => {
  const { port } = await upstream((socket) => socket.end(Buffer.alloc(50_000)));
  const proxy = await proxyTo(port, [{ type: "bandwidth", attributes: { rate: 100 } }]);
  const start = performance.now();
  const { pieces, closed } = client(proxy);
  expect(await closed).toBe("end");
  expect(pieces.reduce((all, one) => all + one.length, 0)).toBe(50_000);
  expect(performance.now() - start).toBeGreaterThanOrEqual(480);
});

describe("slicer", () => {
  test("cuts into bytes", async () => {
    const { port } = await upstream((socket) => socket.end("Grüße, 世界"));
    const proxy = await proxyTo(port, [{ type: "slicer", attributes: { average_size: 1, delay: 3_000 } }]);
    const { pieces, text, closed } = client(proxy);
    expect(await closed).toBe("end");
    expect(text()).toBe("Grüße, 世界");
    // Not each arrives by itself on a busy machine, but far from all at once.
    expect(pieces.length).toBeGreaterThan(4);
  });

  test("of varying size, the same for the same seed", async () => {
    const { port } = await upstream((socket) => socket.end(Buffer.alloc(120)));
    // As written: what arrives together is the system's affair.
    const write = vi.spyOn(Socket.prototype, "write");
    onTestFinished(() => void vi.restoreAllMocks());
    const sizes = async (seed: number): Promise<number[]> => {
      write.mockClear();
      const attributes = { average_size: 20, size_variation: 10 };
      const proxy = await proxyTo(port, [{ type: "slicer", attributes }], seed);
      expect(await client(proxy).closed).toBe("end");
      const written = write.mock.calls.map(([data]) => (data as Buffer).length);
      return written.filter((length) => length < 120);
    };
    const [one, same, other] = [await sizes(1), await sizes(1), await sizes(2)];
    expect(one.reduce((all, size) => all + size, 0)).toBe(120);
    expect(new Set(one).size).toBeGreaterThan(1);
    expect(Math.min(...one.slice(0, -1))).toBeGreaterThanOrEqual(10);
    expect(Math.max(...one)).toBeLessThanOrEqual(30);
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
  });
});

test("limit_data ends the connection after so many bytes", async () => {
  const { port, sockets } = await upstream((socket) => {
    socket.write("0123456789");
    socket.on("end", () => socket.end()).resume();
  });
  const proxy = await proxyTo(port, [{ type: "limit_data", attributes: { bytes: 4 } }]);
  const { text, closed } = client(proxy);
  expect(await closed).toBe("end");
  expect(text()).toBe("0123");
  await until(() => expect([proxy.connections, sockets[0]!.destroyed]).toEqual([0, true]));
});

describe("timeout", () => {
  test("lets nothing through and closes the connection", async () => {
    const { port } = await upstream((socket) => socket.end("never seen"));
    const proxy = await proxyTo(port, [{ type: "timeout", attributes: { timeout: 120 } }]);
    const start = performance.now();
    const { text, closed } = client(proxy);
    expect(["end", "close"]).toContain(await closed);
    expect(performance.now() - start).toBeGreaterThanOrEqual(110);
    expect([text(), proxy.connections]).toEqual(["", 0]);
  });

  test("of 0 keeps it until it is removed, and then closes it, because data are missing", async () => {
    const { port, sockets } = await echo();
    const proxy = await proxyTo(port, [{ type: "timeout" }]);
    const { socket, text, closed } = client(proxy);
    socket.write("lost");
    await until(() => expect(sockets[0]?.bytesWritten).toBe(4));
    await sleep(50);
    expect(proxy.connections).toBe(1);
    proxy.remove("timeout_downstream");
    await closed;
    expect([text(), proxy.connections]).toEqual(["", 0]);
  });
});

test("slow_close ends later", async () => {
  const { port } = await upstream((socket) => socket.end("all of it"));
  const proxy = await proxyTo(port, [{ type: "slow_close", attributes: { delay: 200 } }]);
  const { text, closed } = client(proxy);
  await until(() => expect(text()).toBe("all of it"));
  const start = performance.now();
  expect(await closed).toBe("end");
  expect(performance.now() - start).toBeGreaterThan(100);
});

describe("reset_peer", () => {
  test.each(["upstream", "downstream"] as const)("resets at the first bytes %s", async (stream) => {
    const { port, sockets } = await echo();
    const proxy = await proxyTo(port, [{ type: "reset_peer", stream }]);
    const { socket, text, closed } = client(proxy);
    await until(() => expect(sockets).toHaveLength(1));
    const got: string[] = [];
    sockets[0]!.on("data", (piece: Buffer) => got.push(piece.toString()));
    await sleep(30);
    expect(proxy.connections).toBe(1);
    socket.write("x");
    expect(await closed).toBe("ECONNRESET");
    expect([text(), got, proxy.connections]).toEqual(["", stream === "upstream" ? [] : ["x"], 0]);
  });
});

describe("blackhole", () => {
  test("accepts, and neither connects nor answers; when it is removed all goes on", async () => {
    const { port, sockets } = await echo();
    const proxy = await proxyTo(port, [{ type: "blackhole" }]);
    const { socket, text } = client(proxy);
    socket.write("held");
    await sleep(60);
    expect([sockets.length, proxy.connections, text()]).toEqual([0, 1, ""]);
    proxy.clear();
    await until(() => expect(text()).toBe("held"));
  });

  test("lets a client go that has given up", async () => {
    const { port } = await echo();
    const proxy = await proxyTo(port, [{ type: "blackhole" }]);
    const { socket, closed } = client(proxy);
    socket.end("x");
    await closed;
    expect(proxy.connections).toBe(0);
  });

  test("one way, on a connection that is open: nothing is lost", async () => {
    const { port, sockets } = await echo();
    const proxy = await proxyTo(port);
    const { socket, text } = client(proxy);
    socket.write("a");
    await until(() => expect(text()).toBe("a"));
    const name = proxy.add({ type: "blackhole", stream: "downstream" });
    socket.write("b");
    await until(() => expect(sockets[0]!.bytesRead).toBe(2));
    await sleep(30);
    expect(text()).toBe("a");
    proxy.remove(name);
    await until(() => expect(text()).toBe("ab"));
  });
});

describe("toxicity", () => {
  test("falls on its share of connections, the same ones for the same seed", async () => {
    const { port } = await upstream((socket) => socket.end("whole"));
    const hit = async (seed: number): Promise<string> => {
      const proxy = await proxyTo(
        port,
        [{ type: "limit_data", toxicity: 0.5, attributes: { bytes: 1 } }],
        seed,
      );
      let pattern = "";
      for (let at = 0; at < 40; at += 1) {
        const { text, closed } = client(proxy);
        await closed;
        pattern += text() === "whole" ? "." : "x";
      }
      return pattern;
    };
    const [one, same, other] = [await hit(3), await hit(3), await hit(4)];
    expect(same).toBe(one);
    expect(other).not.toBe(one);
    const share = [...one].filter((mark) => mark === "x").length / 40;
    expect(share).toBeGreaterThan(0.25);
    expect(share).toBeLessThan(0.75);
  });

  test("0 falls on none", async () => {
    const { port } = await upstream((socket) => socket.end("whole"));
    const proxy = await proxyTo(port, [{ type: "reset_peer", toxicity: 0 }]);
    const { text, closed } = client(proxy);
    expect(await closed).toBe("end");
    expect(text()).toBe("whole");
  });
});

test("several work together, in the order they were added", async () => {
  const { port } = await upstream((socket) => socket.end("0123456789"));
  const proxy = await proxyTo(port, [
    { type: "slicer", attributes: { average_size: 3 } },
    { type: "limit_data", attributes: { bytes: 7 } },
    { name: "wait", type: "latency", attributes: { latency: 40 } },
  ]);
  const { text, closed } = client(proxy);
  expect(await closed).toBe("end");
  expect(text()).toBe("0123456");
});

test("a toxic that is removed lets go at once of what it held", async () => {
  const { port } = await echo();
  const proxy = await proxyTo(port, [{ name: "long", type: "latency", attributes: { latency: 60_000 } }]);
  const { socket, text } = client(proxy);
  socket.write("x");
  await sleep(30);
  expect(text()).toBe("");
  proxy.remove("long");
  await until(() => expect(text()).toBe("x"));
});

describe("refused", () => {
  test.each<[string, unknown, string]>([
    ["an unknown type", { type: "fire" }, 'no toxic "fire". There are: latency, bandwidth'],
    ["one from Object's own", { type: "constructor" }, 'no toxic "constructor"'],
    [
      "an unknown attribute",
      { type: "latency", attributes: { delay: 1 } },
      'latency has no attribute "delay". It takes: latency (ms), jitter (ms).',
    ],
    ["a missing attribute", { type: "bandwidth" }, 'bandwidth needs the attribute "rate" (KB/s)'],
    [
      "a negative value",
      { type: "latency", attributes: { latency: -1 } },
      '"latency" of toxic latency is -1',
    ],
    ["not a number", { type: "latency", attributes: { latency: NaN } }, "is NaN"],
    ["one longer than a timer takes", { type: "timeout", attributes: { timeout: 2 ** 31 } }, "to 2147483647"],
    [
      "slices of less than nothing",
      { type: "slicer", attributes: { average_size: 2, size_variation: 2 } },
      "must be less than",
    ],
    ["a wrong stream", { type: "latency", stream: "sideways" }, "It can be: upstream, downstream."],
    ["a wrong toxicity", { type: "latency", toxicity: 1.5 }, "any number from 0 to 1"],
    ["a name that is taken", { type: "latency", name: "taken" }, 'named "taken" already'],
  ])("%s", async (_, toxic, message) => {
    const proxy = await proxyTo(1, [{ name: "taken", type: "blackhole" }]);
    const add = (): string => proxy.add(toxic as Parameters<FaultProxy["add"]>[0]);
    expect(add).toThrow(ToxicError);
    expect(add).toThrow(message);
  });

  test("removing what is not there", async () => {
    const proxy = await proxyTo(1, [{ name: "here", type: "blackhole" }]);
    expect(() => proxy.remove("gone")).toThrow('no toxic named "gone" here. There are: here.');
  });

  test.each(["", "nowhere:port", "http://"])("the upstream %j", async (upstreamText) => {
    await expect(startFaultProxy({ upstream: upstreamText })).rejects.toThrow("is no address");
  });
});
