import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { acceptedSocket } from "./accepted-socket.ts";

let server: Server;
let client: Socket;
let accepted: Socket;

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const connection = once(server, "connection") as Promise<[Socket]>;
  client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  [accepted] = await connection;
});

afterEach(() => {
  client.destroy();
  server.close();
});

/** As if Node.js kept its handle elsewhere. */
function withoutHandle(socket: Socket): Socket {
  return new Proxy(socket, {
    get(target, key) {
      if (key === "_handle") return undefined;
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe.each<[string, (socket: Socket) => Socket, boolean]>([
  ["with the handle of Node.js", (socket) => socket, true],
  ["without it", withoutHandle, false],
])("%s", (_, given, isLent) => {
  test("it reads, writes, ends, and is counted by its server", async () => {
    const buffers = new Set<ArrayBufferLike>();
    let received = "";
    const socket = acceptedSocket(given(accepted), 16 * 1024, (bytes, length) => {
      buffers.add(bytes.buffer);
      received += bytes.toString("latin1", 0, length);
    });
    client.setEncoding("latin1");
    for (const word of ["one", "two"]) {
      client.write(word);
      await vi.waitFor(() => expect(received).toMatch(new RegExp(`${word}$`)), { interval: 1 });
      socket.write(`${word}!`);
      expect(await once(client, "data")).toEqual([`${word}!`]);
    }
    expect(received).toBe("onetwo");
    if (isLent) expect(buffers.size).toBe(1);
    expect(socket.remoteAddress).toBe("127.0.0.1");
    const connections = (): Promise<number> =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
      );
    expect(await connections()).toBe(1);
    // Half open: the client has ended its side, and is answered all the same.
    client.end();
    await once(socket, "end");
    expect(socket.writable).toBe(true);
    socket.end("last");
    expect(await once(client, "data")).toEqual(["last"]);
    await once(client, "close");
    const closed = once(server, "close");
    server.close();
    await closed;
    expect(await connections()).toBe(0);
  });

  test("it can be paused, and what came meanwhile is read then", async () => {
    let length = 0;
    const socket = acceptedSocket(given(accepted), 16 * 1024, (__, bytes) => void (length += bytes));
    socket.pause();
    client.write("x".repeat(1_000));
    client.setEncoding("latin1");
    socket.write("written after it");
    await once(client, "data");
    expect(length).toBe(0);
    socket.resume();
    await vi.waitFor(() => expect(length).toBe(1_000), { interval: 1 });
    socket.destroy();
  });
});
