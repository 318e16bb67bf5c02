/** What a caller's URL can reach, and what it can cost. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { gzipSync, brotliCompressSync, deflateSync } from "node:zlib";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { mediaSchema } from "../config/media-schema.ts";
import {
  PRIVATE_NAMES,
  PRIVATE_V4,
  PRIVATE_V6,
  spellingsOfV4,
  spellingsOfV6,
} from "../../test/support/address-spellings.ts";
import { type FetchedMedia, fetchMedia, INTERNET, type Network } from "./fetch-media.ts";
import { MediaRefusal } from "./media-refusal.ts";
import { parseMediaUrl } from "./media-url.ts";
import { isPublicAddress } from "./public-address.ts";
import type { ByteAllowance } from "./read-body.ts";

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** The only address that counts as public here; all other of this machine's are as private as ever. */
const PUBLIC = "127.0.0.1";
const PRIVATE = "127.0.0.2";

const isPublic = (address: string): boolean => address === PUBLIC || isPublicAddress(address);

function network(addresses: Record<string, string[]> = {}): Network & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    isPublic,
    resolve: (hostname) => {
      asked.push(hostname);
      return Promise.resolve((addresses[hostname] ?? [PUBLIC]).map((address) => ({ address, family: 4 })));
    },
  };
}

function listen(server: Server, host: string, port = 0): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return new Promise((resolve) =>
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port)),
  );
}

/** A file server that counts as public. */
async function files(handler: RequestListener): Promise<{ port: number; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    handler(request, response);
  });
  return { port: await listen(server, PUBLIC), requests };
}

function get(
  url: string,
  options: {
    network?: Network;
    rules?: Parameters<typeof mediaSchema.parse>[0] & object;
    ports?: number[];
    signal?: AbortSignal;
    allowance?: ByteAllowance;
  } = {},
): Promise<FetchedMedia> {
  const port = Number(/:(\d+)(?:\/|$)/.exec(url)?.[1] ?? 80);
  const rules = mediaSchema.parse({ ports: options.ports ?? [80, 443, port], ...options.rules });
  const allowance = options.allowance ?? { take: () => {} };
  const signal = options.signal ?? new AbortController().signal;
  return fetchMedia(url, rules, allowance, signal, options.network ?? network());
}

async function problemOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => new Error("was read"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof MediaRefusal)) throw error;
  return error.problem;
}

function sends(body: Buffer | string, headers: Record<string, string> = {}) {
  return (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, headers).end(body);
  };
}

describe("a file", () => {
  test("is read whole, and is what its bytes are", async () => {
    const { port, requests } = await files(sends(PNG, { "content-type": "text/html", "set-cookie": "a=b" }));
    const { mimeType, data } = await get(`http://files.example:${port}/a/b.jpg?c=d#e`);
    expect([mimeType, data.toString()]).toEqual(["image/png", PNG.toString("base64")]);
    expect(requests[0]?.url).toBe("/a/b.jpg?c=d");
  });

  test("S-25 is asked for without cookies, keys or anything else of a caller's", async () => {
    const { port, requests } = await files(sends(PNG, { "set-cookie": "a=b" }));
    const url = `http://files.example:${port}/`;
    await get(url);
    await get(url);
    for (const { headers } of requests) {
      expect(Object.keys(headers).toSorted()).toEqual([
        "accept",
        "accept-encoding",
        "connection",
        "host",
        "user-agent",
      ]);
      expect(headers["user-agent"]).toMatch(/^pollux\/\d/);
    }
    expect(requests).toHaveLength(2);
  });

  test.each([
    ["gzip", gzipSync(PNG)],
    ["deflate", deflateSync(PNG)],
    ["br", brotliCompressSync(PNG)],
    ["identity", PNG],
  ])("is unpacked where the server packs it unasked: %s", async (encoding, body) => {
    const { port } = await files(sends(body, { "content-encoding": encoding }));
    expect((await get(`http://files.example:${port}/`)).data.toString()).toBe(PNG.toString("base64"));
  });
});

/** Everything of this machine, on the port that the URLs name. */
async function listenToAll(): Promise<{ port: number; heard: () => number }> {
  let heard = 0;
  const count = (): Server => createTcpServer(() => (heard += 1));
  const port = await listen(count(), "0.0.0.0");
  await listen(count(), "::1", port);
  return { port, heard: () => heard };
}

describe("S-18 addresses that are not on the public internet", () => {
  const rows = [
    ...PRIVATE_V4.map((address) => [address, spellingsOfV4(address)] as const),
    ...PRIVATE_V6.map((address) => [address, spellingsOfV6(address)] as const),
    ["names", PRIVATE_NAMES] as const,
  ];

  test.each(rows)("S-18 %s, however it is written", async (_, spellings) => {
    const { port, heard } = await listenToAll();
    const resolve = vi.fn<Network["resolve"]>(() => Promise.resolve([{ address: PRIVATE, family: 4 }]));
    for (const host of spellings) {
      for (const scheme of ["http", "https"]) {
        const url = `${scheme}://${host}:${port}/x.png`;
        const promise = get(url, { ports: [port], network: { ...INTERNET, resolve } });
        expect([url, await problemOf(promise)]).toEqual([url, expect.stringMatching(/^(url|name|address)$/)]);
      }
    }
    expect(heard()).toBe(0);
  });

  test("S-18 the listener would have heard them", async () => {
    const { port, heard } = await listenToAll();
    for (const host of ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "１２７.０.０.１"]) {
      const open = { ...INTERNET, isPublic: () => true };
      const promise = get(`http://${host}:${port}/`, { network: open, rules: { firstByteMs: 50 } });
      expect(await problemOf(promise)).toMatch(/timeout|connection/);
    }
    await vi.waitFor(() => expect(heard()).toBe(5));
  });

  test.each([...PRIVATE_V4, ...PRIVATE_V6])("S-18 a name that means %s", async (address) => {
    const { port, heard } = await listenToAll();
    const family = address.includes(":") ? 6 : 4;
    const rebinding = { ...INTERNET, resolve: () => Promise.resolve([{ address, family }]) };
    expect(await problemOf(get(`http://rebind.example:${port}/`, { network: rebinding }))).toBe("address");
    expect(heard()).toBe(0);
  });

  test.each([21, 22, 25, 6379, 8080, 65_535])("S-18 port %d is not one for files", async (port) => {
    expect(await problemOf(get(`http://files.example:${port}/`, { ports: [80, 443] }))).toBe("port");
  });
});

describe("S-19 names that change what they mean", () => {
  test("S-19 public when first asked for, private the next time: refused when dialled", async () => {
    const { port, requests } = await files(sends(PNG));
    const inside = vi.fn();
    await listen(createTcpServer(inside), PRIVATE, port);
    let times = 0;
    const flipping: Network = {
      isPublic,
      resolve: () => {
        times += 1;
        return Promise.resolve([{ address: times === 1 ? PUBLIC : PRIVATE, family: 4 }]);
      },
    };
    const url = `http://flips.example:${port}/`;
    expect((await get(url, { network: flipping })).mimeType).toBe("image/png");
    // What was asked is what is dialled: there is no second question between the check and the connection.
    expect(times).toBe(1);
    expect(await problemOf(get(url, { network: flipping }))).toBe("address");
    expect(times).toBe(2);
    expect(requests).toHaveLength(1);
    expect(inside).not.toHaveBeenCalled();
  });

  test("S-19 a redirect to the same name is asked for anew", async () => {
    const { port } = await files((_, response) => response.writeHead(302, { location: "/next" }).end());
    const inside = vi.fn();
    await listen(createTcpServer(inside), PRIVATE, port);
    let times = 0;
    const flipping: Network = {
      isPublic,
      resolve: () => Promise.resolve([{ address: (times += 1) === 1 ? PUBLIC : PRIVATE, family: 4 }]),
    };
    const promise = get(`http://flips.example:${port}/`, { network: flipping, rules: { maxRedirects: 3 } });
    expect(await problemOf(promise)).toBe("address");
    expect(inside).not.toHaveBeenCalled();
  });

  test("S-19 one private address among public ones is one too many", async () => {
    const { port, requests } = await files(sends(PNG));
    for (const both of [
      [PUBLIC, PRIVATE],
      [PRIVATE, PUBLIC],
    ]) {
      const promise = get(`http://both.example:${port}/`, { network: network({ "both.example": both }) });
      expect(await problemOf(promise)).toBe("address");
    }
    expect(requests).toHaveLength(0);
  });

  test("S-19 a resolver that fails, has nothing, or never answers", async () => {
    const failing = { isPublic, resolve: () => Promise.reject(new Error("SERVFAIL")) };
    expect(await problemOf(get("http://a.example/", { network: failing }))).toBe("connection");
    expect(await problemOf(get("http://a.example/", { network: network({ "a.example": [] }) }))).toBe(
      "address",
    );
    const silent = { isPublic, resolve: () => new Promise<never>(() => {}) };
    expect(await problemOf(get("http://a.example/", { network: silent, rules: { connectMs: 30 } }))).toBe(
      "timeout",
    );
  });
});

describe("S-20 redirects", () => {
  test.each([301, 302, 303, 307, 308])(
    "S-20 %d is followed no further than the rules say",
    async (status) => {
      const { port, requests } = await files((request, response) => {
        if (request.url === "/end") response.writeHead(200).end(PNG);
        else response.writeHead(status, { location: request.url === "/" ? "/next" : "/end" }).end();
      });
      const url = `http://files.example:${port}/`;
      expect(await problemOf(get(url))).toBe("redirect");
      expect(requests).toHaveLength(1);
      expect(await problemOf(get(url, { rules: { maxRedirects: 1 } }))).toBe("redirect");
      expect((await get(url, { rules: { maxRedirects: 2 } })).mimeType).toBe("image/png");
    },
  );

  test.each([
    "file:///etc/passwd",
    "gopher://127.0.0.1:70/_",
    "ftp://files.example/x.png",
    "data:image/png;base64,iVBORw0KGgo=",
    "javascript:alert(1)",
    "http://user:password@files.example/",
    "http://localhost/",
    "http://169.254.169.254/computeMetadata/v1/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "//[::1]/",
    "http://2130706434/",
    "http://files.example:22/",
    "http://inside.example/",
    "",
    "http://",
  ])("S-20 to %j", async (location) => {
    const { port } = await files((_, response) => response.writeHead(302, { location }).end());
    const inside = vi.fn();
    await listen(createTcpServer(inside), PRIVATE);
    const promise = get(`http://files.example:${port}/`, {
      rules: { maxRedirects: 3 },
      network: network({ "inside.example": [PRIVATE] }),
    });
    expect(await problemOf(promise)).toMatch(/^(url|name|address|port|redirect)$/);
    expect(inside).not.toHaveBeenCalled();
  });

  test("S-20 without a place to go to", async () => {
    const { port } = await files((_, response) => response.writeHead(302).end());
    const promise = get(`http://files.example:${port}/`, { rules: { maxRedirects: 3 } });
    expect(await problemOf(promise)).toBe("redirect");
  });

  test("S-20 a loop, and 30 hops, end after those that are allowed", async () => {
    const { port, requests } = await files((request, response) => {
      const hop = Number(request.url?.slice(1));
      response.writeHead(302, { location: `/${(hop + 1) % 30}` }).end();
    });
    expect(await problemOf(get(`http://files.example:${port}/0`, { rules: { maxRedirects: 3 } }))).toBe(
      "redirect",
    );
    expect(requests).toHaveLength(4);
  });

  test("S-20 from https to http", () => {
    const base = new URL("https://files.example/");
    const rules = { ports: [80, 443] };
    expect(() => parseMediaUrl("http://files.example/", rules, isPublic, base)).toThrow("redirect");
    expect(parseMediaUrl("//other.example/x", rules, isPublic, base).href).toBe("https://other.example/x");
  });
});

describe("S-21 one reading of a URL", () => {
  test.each([
    ["http://good.example@bad.example/", "url"],
    ["http://good.example:80@bad.example/", "url"],
    ["http://@bad.example/", "bad.example"],
    ["http://good.example\\@bad.example/", "good.example"],
    ["http://good.example#@bad.example/", "good.example"],
    ["http://good.example?@bad.example/", "good.example"],
    ["http://good.example%23@bad.example/", "url"],
    ["http://good.example\t.bad.example/", "good.example.bad.example"],
    ["http://good.example\r\nHost: bad.example/", "url"],
    ["ht\ntp://good.example/", "good.example"],
    ["http:good.example", "good.example"],
    ["http:\\\\good.example\\x", "good.example"],
    ["http://GOOD.example./", "good.example"],
    ["http://good.example%00.bad.example/", "url"],
    ["http://good.example .bad.example/", "url"],
    ["file://good.example/", "url"],
    ["ftp://good.example/", "url"],
    ["unix:///var/run/docker.sock", "url"],
    ["//good.example/", "url"],
    ["good.example", "url"],
  ])("S-21 %j", async (url, expected) => {
    // Refused with its own word for it, or asked for at one host, of which there is none.
    const names = network();
    names.resolve = (hostname) => {
      names.asked.push(hostname);
      return Promise.resolve([]);
    };
    const problem = await problemOf(get(url, { network: names, ports: [80, 443] }));
    expect(expected === "url" ? [problem, names.asked] : [problem, names.asked]).toEqual(
      expected === "url" ? ["url", []] : ["address", [expected]],
    );
  });

  test("S-21 the host that was checked is the host that is named to the server", async () => {
    const { port, requests } = await files(sends(PNG));
    await get(`http://ＧＯＯＤ.example:${port}\\@bad.example/`, { ports: [port] });
    expect(requests[0]?.headers.host).toBe(`good.example:${port}`);
    expect(requests[0]?.url).toBe("/@bad.example/");
  });

  test("S-21 a list of hosts means whole names", async () => {
    const rules = { hosts: ["cdn.example.com", "*.images.example"], ports: [443] };
    const read = (host: string): string => parseMediaUrl(`https://${host}/`, rules).hostname;
    expect(read("cdn.example.com")).toBe("cdn.example.com");
    expect(read("CDN.Example.com.")).toBe("cdn.example.com");
    expect(read("a.images.example")).toBe("a.images.example");
    for (const other of [
      "example.com",
      "xcdn.example.com",
      "cdn.example.com.evil.example",
      "images.example",
      "ximages.example",
    ]) {
      expect(() => read(other)).toThrow("name");
    }
  });
});

describe("S-22 what a file can cost", () => {
  const small = { maxBytes: 100_000 };

  test("S-22 a body without end, whatever length it was said to have", async () => {
    let gone = false;
    for (const headers of [{}, { "content-length": "99999999999" }]) {
      const { port } = await files((_, response) => {
        response.writeHead(200, headers).write(PNG);
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(16_384)));
          if (!response.destroyed) response.once("drain", more);
        };
        more();
        response.on("close", () => (gone = true));
      });
      expect(await problemOf(get(`http://files.example:${port}/`, { rules: small }))).toBe("size");
      await vi.waitFor(() => expect(gone).toBe(true));
    }
  });

  test("S-22 all files of a request together", async () => {
    const { port } = await files(sends(Buffer.concat([PNG, Buffer.alloc(50_000)])));
    let left = 80_000;
    const allowance = {
      take: (bytes: number): void => {
        if ((left -= bytes) < 0) throw new MediaRefusal("size");
      },
    };
    const url = `http://files.example:${port}/`;
    await get(url, { allowance });
    expect(await problemOf(get(url, { allowance }))).toBe("size");
  });

  test.each([
    ["gzip", gzipSync(Buffer.concat([PNG, Buffer.alloc(64_000_000)]))],
    ["deflate", deflateSync(Buffer.concat([PNG, Buffer.alloc(64_000_000)]))],
    ["br", brotliCompressSync(Buffer.concat([PNG, Buffer.alloc(64_000_000)]))],
  ])("S-22 a bomb: %s", async (encoding, bomb) => {
    expect(bomb.length).toBeLessThan(100_000);
    const { port } = await files(sends(bomb, { "content-encoding": encoding }));
    const before = process.memoryUsage().rss;
    expect(await problemOf(get(`http://files.example:${port}/`, { rules: small }))).toBe("size");
    expect(process.memoryUsage().rss - before).toBeLessThan(30_000_000);
  });

  test("S-22 a packed body without end that unpacks to nothing", async () => {
    const nothing = gzipSync("");
    const { port } = await files((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).write(gzipSync(PNG));
      const more = (): void => {
        while (!response.destroyed && response.write(nothing));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    });
    expect(await problemOf(get(`http://files.example:${port}/`, { rules: small }))).toBe("size");
  });

  test.each([
    ["no packing it says it has", "gzip", PNG, "connection"],
    ["two layers", "gzip, gzip", gzipSync(gzipSync(PNG)), "encoding"],
    ["a packing nobody knows", "zstd", PNG, "encoding"],
  ])("S-22 %s", async (_, encoding, body, problem) => {
    const { port } = await files(sends(body, { "content-encoding": encoding }));
    expect(await problemOf(get(`http://files.example:${port}/`))).toBe(problem);
  });

  test("S-22 a byte now and then", async () => {
    const { port } = await files((_, response) => {
      response.writeHead(200).write(PNG);
      const timer = setInterval(() => response.write("x"), 10);
      response.on("close", () => clearInterval(timer));
    });
    const late = new MediaRefusal("timeout");
    const over = new AbortController();
    setTimeout(() => over.abort(late), 100);
    expect(await problemOf(get(`http://files.example:${port}/`, { signal: over.signal }))).toBe("timeout");
  });

  test("S-22 no head, and a head that comes a byte at a time", async () => {
    for (const trickles of [false, true]) {
      const server = createTcpServer((socket) => {
        socket.write("HTTP/1.1 200 OK\r\n");
        if (!trickles) return;
        const timer = setInterval(() => socket.write("x"), 10);
        socket.on("close", () => clearInterval(timer));
      });
      const port = await listen(server, PUBLIC);
      const promise = get(`http://files.example:${port}/`, { rules: { firstByteMs: 60 } });
      expect(await problemOf(promise)).toBe("timeout");
    }
  });

  test("S-22 a head of a megabyte", async () => {
    const server = createTcpServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nx: ${"x".repeat(1_000_000)}\r\n\r\n`);
    });
    const port = await listen(server, PUBLIC);
    expect(await problemOf(get(`http://files.example:${port}/`))).toBe("connection");
  });

  test.each([
    ["no body", 200, "", "empty"],
    ["no content", 204, "", "status"],
    ["not found", 404, PNG, "status"],
    ["not modified", 304, "", "status"],
    ["partly", 206, PNG, "status"],
    ["an error", 500, PNG, "status"],
  ])("S-22 %s", async (_, status, body, problem) => {
    const { port } = await files((_request, response) => response.writeHead(status).end(body));
    expect(await problemOf(get(`http://files.example:${port}/`))).toBe(problem);
  });

  test("S-22 fewer bytes than promised", async () => {
    const { port } = await files((_, response) => {
      response.writeHead(200, { "content-length": "1000" }).write(PNG);
      setImmediate(() => response.destroy());
    });
    expect(await problemOf(get(`http://files.example:${port}/`))).toBe("connection");
  });

  const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';

  test.each<[string, Buffer | string]>([
    ["a page", "<!doctype html><title>x</title>"],
    ["SVG with a script", SVG],
    ["SVG after a declaration", `<?xml version="1.0"?>${SVG}`],
    ["text", "root:x:0:0:root:/root:/bin/bash\n"],
    ["JSON of a metadata server", '{"access_token":"ya29.x"}'],
    ["a program", Buffer.from("7f454c46020101000000000000000000", "hex")],
    ["an archive", Buffer.from("504b0304140000000000", "hex")],
    ["a page that has a PDF further on", `<html>${"x".repeat(200)}%PDF-1.7`],
    ["a page that has a picture further on", Buffer.concat([Buffer.from("<script>"), PNG])],
    ["an empty file of zeros", Buffer.alloc(100)],
    ["one byte", "x"],
  ])("S-22 %s is no picture, whatever its server says", async (_, body) => {
    const { port } = await files(sends(body, { "content-type": "image/png" }));
    expect(await problemOf(get(`http://files.example:${port}/x.png`))).toBe("type");
  });

  test("S-22 what is two things at once is what its first bytes say", async () => {
    const polyglot = Buffer.from(`GIF89a/*\0\0\0\0\0\0*/=1;alert(1)//<script>alert(1)</script>`);
    const { port } = await files(sends(polyglot, { "content-type": "text/html" }));
    const url = `http://files.example:${port}/x.html`;
    expect((await get(url)).mimeType).toBe("image/gif");
    expect(await problemOf(get(url, { rules: { types: ["image/png"] } }))).toBe("type");
  });

  test("S-22 a file of the wrong type is left at its first bytes", async () => {
    let gone = false;
    const { port } = await files((_, response) => {
      response.writeHead(200).write("x".repeat(100));
      response.on("close", () => (gone = true));
    });
    expect(await problemOf(get(`http://files.example:${port}/`))).toBe("type");
    await vi.waitFor(() => expect(gone).toBe(true));
  });

  test("it ends with the request it is for, in every phase", async () => {
    const left = new Error("the client left");
    const server = createTcpServer();
    const port = await listen(server, PUBLIC);
    const url = `http://files.example:${port}/`;
    for (const phase of ["resolving", "waiting", "reading"] as const) {
      const over = new AbortController();
      const names: Network =
        phase === "resolving" ? { isPublic, resolve: () => new Promise<never>(() => {}) } : network();
      const connected = once(server, "connection");
      const ends = expect(get(url, { signal: over.signal, network: names })).rejects.toBe(left);
      if (phase !== "resolving") {
        const [socket] = (await connected) as [Socket];
        const closed = new Promise((ended) => socket.once("close", ended));
        socket.resume();
        if (phase === "reading") {
          await new Promise((sent) =>
            socket.write(Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\n\r\n"), PNG]), sent),
          );
        }
        over.abort(left);
        await closed;
      } else over.abort(left);
      await ends;
    }
    await expect(get(url, { signal: AbortSignal.abort(left) })).rejects.toBe(left);
  });
});

const warnings: Error[] = [];
process.on("warning", (warning) => warnings.push(warning));
afterEach(() => expect(warnings).toEqual([]));
