import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { RequestLog } from "./request-log.ts";

const request = { method: "POST", url: "/a", headers: { "x-a": "1" } } as unknown as IncomingMessage;

test("the newest are kept, and all are counted", () => {
  const log = new RequestLog(2);
  for (const at of [1, 2, 3]) log.add(request, at);
  expect(log.kept.map((record) => record.at)).toEqual([2, 3]);
  expect(log.count).toBe(3);
  log.clear();
  expect([log.kept.length, log.count]).toEqual([0, 0]);
});

test("large bodies push the oldest out, and one that is too large is not kept", () => {
  const log = new RequestLog(100);
  const records = [1, 2, 3].map((at) => log.add(request, at));
  const half = 16 * 1024 * 1024;
  for (const record of records) log.keepBody(record, "body", half);
  expect(log.kept.map((record) => record.at)).toEqual([2, 3]);
  const huge = log.add(request, 4);
  log.keepBody(huge, "body", 4 * half);
  expect(huge.body).toBeUndefined();
  expect(log.kept).toHaveLength(3);
});

test("nothing is kept when nothing was asked for", () => {
  const log = new RequestLog(0);
  const record = log.add(request, 1);
  log.keepBody(record, "body", 4);
  expect([log.kept.length, log.count, record.body]).toEqual([0, 1, undefined]);
});
