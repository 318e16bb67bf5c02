import { once } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type BareServer,
  type BareServerOptions,
  startBareServer,
  type TakenRequest,
} from "../../test/support/bare-server.ts";
import { rawClient, type RawClient } from "../../test/support/raw-clients.ts";

let server: BareServer;
const clients: RawClient[] = [];

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await server.close();
});

async function start(options: BareServerOptions = {}): Promise<void> {
  server = await startBareServer(options);
}

async function connect(): Promise<RawClient> {
  const client = await rawClient(server.url);
  clients.push(client);
  return client;
}

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

function answer({ reply }: TakenRequest): void {
  reply.head(200, {});
  reply.end("answer");
}

/** Asks, and waits for the answer. */
async function ask(client: RawClient): Promise<void> {
  client.socket.write(GET);
  answer(await server.next());
  if (!client.received().endsWith("answer")) await once(client.socket, "data");
}

describe("bounds on connections", () => {
  test.each([
    ["all in all", { maxConnections: 2 }],
    ["of one address", { maxConnectionsPerAddress: 2 }],
  ])("%s: one too many is closed unread, and one that is closed leaves its place", async (_, limits) => {
    await start({ limits });
    const [first, second] = [await connect(), await connect()];
    // They have been accepted when they are answered.
    await ask(first);
    await ask(second);
    const third = await connect();
    third.socket.write(GET);
    await third.closed;
    expect(third.received()).toBe("");
    expect(server.refused).toBe(1);
    expect(server.taken).toHaveLength(2);
    first.socket.destroy();
    await vi.waitFor(async () => {
      const next = await connect();
      next.socket.write(GET);
      await Promise.race([next.closed, vi.waitFor(() => expect(server.taken).toHaveLength(3), 20_000)]);
      expect(server.taken).toHaveLength(3);
    }, 20_000);
    await ask(second);
  });

  test("0 is no bound for one address", async () => {
    await start({ limits: { maxConnectionsPerAddress: 0 } });
    for (let count = 0; count < 20; count += 1) await ask(await connect());
    expect(server.refused).toBe(0);
  });
});

describe("the end of the server", () => {
  test("says where it listens, and rejects when it cannot", async () => {
    await start();
    expect(server.server.listening).toBe(true);
    const { port } = server;
    const other = await startBareServer();
    await other.close();
    await expect(other.server.listen({ host: "127.0.0.1", port })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    expect(other.server.address).toBeUndefined();
  });

  test("close: idle connections are closed at once, others when they are answered", async () => {
    await start({ closing: () => true });
    const [silent, busy] = [await connect(), await connect()];
    busy.socket.write(GET);
    const request = await server.next();
    let closed = false;
    void server.server.closed.then(() => (closed = true));
    server.server.close();
    expect(await silent.closed).toBe("end");
    expect([busy.isClosed, closed, server.server.listening]).toEqual([false, false, false]);
    answer(request);
    expect(await busy.closed).toBe("end");
    expect(busy.received()).toContain("connection: close");
    await server.server.closed;
    await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("closeIdleConnections leaves a request alone that has begun to come", async () => {
    await start();
    const [idle, used, begun] = [await connect(), await connect(), await connect()];
    await ask(used);
    begun.socket.write("GET / HTTP/1.1\r\n");
    // A request of another connection that was sent later has been read.
    await ask(await connect());
    server.server.closeIdleConnections();
    expect(await Promise.all([idle.closed, used.closed])).toEqual(["end", "end"]);
    begun.socket.write("Host: x\r\n\r\n");
    answer(await server.next());
    await vi.waitFor(() => expect(begun.received()).toContain("answer"));
  });

  test("closeAllConnections ends what is under way, and it is told of", async () => {
    await start();
    const busy = await connect();
    busy.socket.write("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab");
    const request = await server.next();
    const over = new Promise<void>((resolve) => request.reply.onClose(resolve));
    server.server.close();
    server.server.closeAllConnections();
    await over;
    await server.server.closed;
    await busy.closed;
    expect(request.lost).toBe(true);
    expect(server.ended).toMatchObject([{ status: 0, outcome: "client_closed.sending" }]);
  });
});
