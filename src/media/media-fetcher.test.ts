import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { mediaSchema } from "../config/media-schema.ts";
import { MediaFetcher } from "./media-fetcher.ts";
import { MediaRefusal } from "./media-refusal.ts";
import { Turns } from "./turns.ts";

const GIF = Buffer.from("GIF89a and more");

describe("files of requests", () => {
  let waiting: { url: string; response: ServerResponse }[] = [];
  let most = 0;
  const server = createServer((request, response) => {
    waiting.push({ url: request.url ?? "", response });
    most = Math.max(most, waiting.length);
    response.on("close", () => {
      waiting = waiting.filter((one) => one.response !== response);
    });
  });
  let origin = "";
  const never = new AbortController().signal;

  beforeEach(async () => {
    most = 0;
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    origin = `http://files.example:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  function fetcher(rules: object = {}, maxRequestBytes = 1e6): MediaFetcher {
    const { port } = server.address() as AddressInfo;
    return new MediaFetcher(mediaSchema.parse({ ports: [port], parallel: 3, ...rules }), maxRequestBytes, {
      isPublic: () => true,
      resolve: () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]),
    });
  }

  const urls = (count: number): string[] => Array.from({ length: count }, (_, index) => `${origin}/${index}`);

  function answerAll(): void {
    for (const { response } of waiting) if (!response.writableEnded) response.end(GIF);
  }

  test("so many at a time for one caller, others beside them", async () => {
    const all = fetcher();
    const mine = all.fetchAll(urls(5), "me", never);
    const more = all.fetchAll(urls(5), "me", never);
    const theirs = all.fetchAll(urls(2), "someone else", never);
    await vi.waitFor(() => expect(waiting).toHaveLength(5));
    let done = false;
    void Promise.all([mine, more, theirs]).then(() => (done = true));
    await vi.waitFor(() => {
      answerAll();
      expect(done).toBe(true);
    });
    expect([...(await mine).keys()].toSorted()).toEqual(urls(5));
    expect(`${(await theirs).get(`${origin}/1`)?.data}`).toBe(GIF.toString("base64"));
    expect(most).toBe(5);
  });

  test("the first that cannot be had ends the others, and those that wait never begin", async () => {
    const promise = fetcher().fetchAll(urls(10), "me", never);
    const refused = expect(promise).rejects.toThrow(MediaRefusal);
    await vi.waitFor(() => expect(waiting).toHaveLength(3));
    waiting[0]?.response.writeHead(404).end();
    await refused;
    await vi.waitFor(() => expect(waiting).toEqual([]));
    expect(most).toBe(3);
  });

  test("S-22 a request has so long for all of them, its turn included", async () => {
    const slow = fetcher({ totalMs: 60, parallel: 1 });
    const blocking = slow.fetchAll(urls(1), "me", never).catch((error: unknown) => error);
    await expect(slow.fetchAll(urls(2), "me", never)).rejects.toThrow("timeout");
    expect(await blocking).toBeInstanceOf(MediaRefusal);
  });

  test("S-22 a request has so many bytes for all of them", async () => {
    const few = fetcher({}, GIF.length * 2 + 1).fetchAll(urls(3), "me", never);
    const refused = expect(few).rejects.toThrow("size");
    await vi.waitFor(() => expect(waiting).toHaveLength(3));
    answerAll();
    await refused;
  });

  test("the client's leaving ends them", async () => {
    const left = new Error("left");
    const over = new AbortController();
    const refused = expect(fetcher().fetchAll(urls(5), "me", over.signal)).rejects.toBe(left);
    await vi.waitFor(() => expect(waiting).toHaveLength(3));
    over.abort(left);
    await refused;
    await vi.waitFor(() => expect(waiting).toEqual([]));
    await expect(fetcher().fetchAll(urls(5), "me", AbortSignal.abort(left))).rejects.toBe(left);
  });
});

describe("turns", () => {
  const never = new AbortController().signal;

  test("nothing is kept of callers who have had theirs", async () => {
    const turns = new Turns(1);
    const first = await turns.next("a", never);
    const over = new AbortController();
    const leaves = turns.next("a", over.signal);
    const second = turns.next("a", never);
    over.abort(new Error("left"));
    await expect(leaves).rejects.toThrow("left");
    first();
    (await second)();
    expect(turns.callers).toBe(0);
    await expect(turns.next("b", over.signal)).rejects.toThrow("left");
    expect(turns.callers).toBe(0);
  });
});
