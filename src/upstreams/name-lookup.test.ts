import type { LookupFunction } from "node:net";
import { expect, test, vi } from "vitest";
import { createLookup } from "./name-lookup.ts";

const FOUND = [{ address: "127.0.0.1", family: 4 }];

function notFound(): NodeJS.ErrnoException {
  return Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
}

type Answer = Parameters<LookupFunction>[2];

/** A name server that answers when it is told to. */
function nameServer(): { asked: string[]; answers: Answer[]; lookup: LookupFunction } {
  const asked: string[] = [];
  const answers: Answer[] = [];
  return {
    asked,
    answers,
    lookup: (name, _options, callback) => {
      asked.push(name);
      answers.push(callback);
    },
  };
}

const all = { all: true };

test("asks once for those who want the same name at the same time, and each has a list of its own", () => {
  const server = nameServer();
  const lookup = createLookup(server.lookup, () => 0);
  const heard: unknown[] = [];
  for (let at = 0; at < 3; at += 1) lookup("a", all, (...answer) => heard.push(answer));
  lookup("b", all, (...answer) => heard.push(answer));
  expect(server.asked).toEqual(["a", "b"]);
  server.answers[0]!(null, FOUND);
  expect(heard).toEqual(Array.from({ length: 3 }, () => [null, FOUND, undefined]));
  const [first, second] = heard as [unknown, unknown[]][];
  expect(first![1]).not.toBe(second![1]);
  lookup("a", all, () => {});
  expect(server.asked).toEqual(["a", "b", "a"]);
});

test("another family is another question", () => {
  const server = nameServer();
  const lookup = createLookup(server.lookup, () => 0);
  lookup("a", { all: true, family: 4 }, () => {});
  lookup("a", { all: true, family: 6 }, () => {});
  lookup("a", { family: 6 }, () => {});
  expect(server.asked).toHaveLength(3);
});

test("a failure is remembered for a second, and told after the call has returned", async () => {
  let nowMs = 5_000;
  const server = nameServer();
  const lookup = createLookup(server.lookup, () => nowMs);
  lookup("gone", all, () => {});
  server.answers[0]!(notFound(), []);
  nowMs += 999;
  const callback = vi.fn<Answer>();
  lookup("gone", all, callback);
  expect(callback).not.toHaveBeenCalled();
  await vi.waitFor(() => expect(callback).toHaveBeenCalledOnce());
  expect(callback.mock.calls[0]![0]).toMatchObject({ code: "ENOTFOUND" });
  expect(server.asked).toHaveLength(1);
  nowMs += 1;
  lookup("gone", all, callback);
  expect(server.asked).toHaveLength(2);
  server.answers[1]!(null, FOUND);
  expect(callback).toHaveBeenLastCalledWith(null, FOUND, undefined);
});

test("names without end do not fill the memory", () => {
  const lookup = createLookup(
    (_name, _options, callback) => callback(notFound(), []),
    () => 0,
  );
  const before = process.memoryUsage().heapUsed;
  const long = "x".repeat(1_000);
  for (let at = 0; at < 100_000; at += 1) lookup(`${at}${long}`, all, () => {});
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(200 * 1024 * 1024);
});
