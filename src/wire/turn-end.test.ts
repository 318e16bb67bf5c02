import { Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { corkForTurn } from "./turn-end.ts";

let now = 0;

beforeEach(() => {
  now += 1_000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  // After a pause the first calls wait for nothing; those after them are no rare ones.
  for (let call = 0; call < 4; call += 1) corkForTurn(new Written());
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** What is written in one piece is one entry. */
class Written extends Writable {
  readonly writes: string[] = [];

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.writes.push(chunk.toString());
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.writes.push(chunks.map(({ chunk }) => chunk.toString()).join(""));
    done();
  }
}

test("what is written in one turn leaves together at its end, also across promises", async () => {
  const stream = new Written();
  corkForTurn(stream);
  stream.write("a");
  corkForTurn(stream);
  await Promise.resolve();
  stream.write("b");
  expect(stream.writes).toEqual([]);
  await nextTurn();
  expect(stream.writes).toEqual(["ab"]);
  stream.write("c");
  expect(stream.writes).toEqual(["ab", "c"]);
});

test("a stream corked by another is left to it", async () => {
  const stream = new Written();
  stream.cork();
  corkForTurn(stream);
  stream.write("a");
  await nextTurn();
  expect(stream.writes).toEqual([]);
  stream.uncork();
  expect(stream.writes).toEqual(["a"]);
});

test("a stream that is destroyed meanwhile is no error", async () => {
  const stream = new Written();
  corkForTurn(stream);
  stream.write("a");
  stream.destroy();
  await nextTurn();
  expect(stream.writes).toEqual([]);
});

test("what is written at the end of a turn waits for the next one", async () => {
  const stream = new Written();
  const other = new Written();
  stream.once("drain", () => {});
  corkForTurn(stream);
  stream.write("a", () => {
    corkForTurn(other);
    other.write("b");
  });
  await nextTurn();
  expect([stream.writes, other.writes]).toEqual([["a"], []]);
  await nextTurn();
  expect(other.writes).toEqual(["b"]);
});

/** What has been written at once of one piece, at each of these times after the one before it, in milliseconds. */
function writtenAtOnce(...after: number[]): boolean[] {
  return after.map((ms) => {
    now += ms;
    const stream = new Written();
    corkForTurn(stream);
    stream.write("a");
    return stream.writes.length === 1;
  });
}

test("nothing waits where calls are rare, or are fast by chance", async () => {
  expect(writtenAtOnce(0.3, 0.3, 10, 0.1, 0.1, 0.1, 0.3, 0.1)).toEqual(Array(8).fill(true));
  await nextTurn();
});

test("many that follow each other fast wait, and however long the turn takes, those after them as well", async () => {
  expect(writtenAtOnce(0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 10)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
  await nextTurn();
  expect(writtenAtOnce(10)).toEqual([true]);
});
