import { spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { logSink, sharedLogSink } from "./log-sink.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pollux-log-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const line = (at: number): string => `{"line":${at},"text":"${"x".repeat(100)}"}\n`;

test("lines come whole and in order", async () => {
  const path = join(folder, "all.log");
  const fd = openSync(path, "w");
  const sink = logSink(fd);
  let expected = "";
  for (let at = 0; at < 5000; at += 1) {
    sink.write(line(at));
    expected += line(at);
  }
  sink.write("grün 🎒\n");
  await sink.flush(10_000);
  closeSync(fd);
  expect(readFileSync(path, "utf8")).toBe(`${expected}grün 🎒\n`);
  expect(sink.dropped).toBe(0);
});

test("lines of a busy gateway are gathered: far fewer writes than lines, and none waits for long", async () => {
  const path = join(folder, "busy.log");
  const fd = openSync(path, "w");
  const sink = logSink(fd);
  const sizes = new Set<number>();
  let at = 0;
  const begun = performance.now();
  // Each turn would be a write of its own.
  while (at < 2_000) {
    sink.write(line(at));
    at += 1;
    sizes.add(fstatSync(fd).size);
    await new Promise((resolve) => setImmediate(resolve));
  }
  // 100 ms apart, but for where there is much to write; and a look may fall into the middle of a write.
  expect(sizes.size).toBeLessThan((performance.now() - begun) / 100 + 60);
  await vi.waitFor(() => expect(readFileSync(path, "utf8")).toContain(line(at - 1)), 10_000);
  closeSync(fd);
});

test("the last words come after all that was to be written, at once", () => {
  const path = join(folder, "crash.log");
  const fd = openSync(path, "w");
  const sink = logSink(fd);
  sink.write(line(1));
  sink.write(line(2));
  sink.lastWords("last\n");
  expect(readFileSync(path, "utf8")).toBe(`${line(1)}${line(2)}last\n`);
  sink.write(line(3));
  sink.lastWords("very last\n");
  expect(readFileSync(path, "utf8")).toBe(`${line(1)}${line(2)}last\n${line(3)}very last\n`);
  closeSync(fd);
});

describe("a pipe", () => {
  /** Both ends of a pipe, neither of which blocks. */
  function pipe(name: string): { read: number; write: number } {
    const path = join(folder, name);
    expect(spawnSync("mkfifo", [path]).status).toBe(0);
    const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return { read, write: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) };
  }

  function readAll(fd: number): string {
    const buffer = Buffer.alloc(1 << 20);
    let text = "";
    for (;;) {
      try {
        const count = readSync(fd, buffer);
        if (count === 0) return text;
        text += buffer.toString("utf8", 0, count);
      } catch {
        return text;
      }
    }
  }

  test("F-69 that nobody reads costs no more than the buffer, and goes on once it is read", async () => {
    const { read, write } = pipe("unread");
    const sink = logSink(write, 10_000);
    const begun = performance.now();
    for (let at = 0; at < 20_000; at += 1) {
      sink.write(line(at));
      if (at % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(sink.dropped).toBeGreaterThan(15_000);
    const dropped = sink.dropped;

    let text = "";
    await vi.waitFor(() => {
      text += readAll(read);
      const lines = text.split("\n").length - 1;
      expect(lines + dropped).toBe(20_000);
    }, 10_000);
    // What did come is whole and in order.
    const came = text.split("\n").slice(0, -1);
    const numbers = came.map((each) => Number(/\d+/.exec(each)?.[0]));
    expect(came).toEqual(numbers.map((at) => line(at).trimEnd()));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    sink.write(line(7));
    await sink.flush(10_000);
    expect(readAll(read)).toBe(line(7));
    expect(sink.dropped).toBe(dropped);
    closeSync(read);
    closeSync(write);
  });

  test("whose reader is gone takes no more lines, and nothing is thrown", async () => {
    const { read, write } = pipe("gone");
    const sink = logSink(write);
    closeSync(read);
    sink.write(line(1));
    sink.write(line(2));
    await sink.flush(10_000);
    sink.write(line(3));
    expect(sink.dropped).toBeGreaterThan(0);
    closeSync(write);
  });

  test("that is stuck holds a flush no longer than it may", async () => {
    const { read, write } = pipe("stuck");
    const sink = logSink(write, 1 << 20);
    for (let at = 0; at < 2_000; at += 1) sink.write(line(at));
    const begun = performance.now();
    await sink.flush(100);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(90);
    // It would block.
    sink.lastWords("last\n");
    expect(readAll(read)).not.toContain("last");
    closeSync(read);
    closeSync(write);
  });
});

test("a pipe that others write to as well never holds a part of a line, not even when it is full", async () => {
  const path = join(folder, "shared");
  expect(spawnSync("mkfifo", [path]).status).toBe(0);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const sink = sharedLogSink(fd);
  sink.write(line(0));
  await sink.flush(10_000);
  for (let at = 1; at < 2_000; at += 1) sink.write(line(at));
  const chunk = Buffer.alloc(1024 * 1024);
  let read = "";
  // More than a pipe holds, so it has been full in between.
  while (!read.includes(line(1_999))) {
    await sink.flush(100);
    const piece = chunk.toString("utf8", 0, readSync(fd, chunk));
    expect(piece.endsWith("\n")).toBe(true);
    read += piece;
  }
  closeSync(fd);
  expect(read).toBe(Array.from({ length: 2_000 }, (_, at) => line(at)).join(""));
});
