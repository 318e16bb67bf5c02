import { Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { atTurnEnd, corkForTurn } from "./turn-end.ts";

let now = 0;

beforeEach(() => {
  now += 1_000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  // The first call after a pause waits for nothing; those after it are no rare ones.
  corkForTurn(new Written());
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

test("what is asked for at the end of a turn is done in the next one", async () => {
  const done: string[] = [];
  const again = { onTurnEnd: () => done.push("again") };
  atTurnEnd({
    onTurnEnd() {
      done.push("first");
      atTurnEnd(again);
    },
  });
  atTurnEnd({ onTurnEnd: () => done.push("second") });
  expect(done).toEqual([]);
  await nextTurn();
  expect(done).toEqual(["first", "second"]);
  await nextTurn();
  expect(done).toEqual(["first", "second", "again"]);
});

test("nothing waits where calls are rare", async () => {
  const stream = new Written();
  const done: string[] = [];
  now += 0.3;
  corkForTurn(stream);
  stream.write("a");
  now += 0.3;
  atTurnEnd({ onTurnEnd: () => done.push("first") });
  expect([stream.writes, done]).toEqual([["a"], ["first"]]);
  now += 0.1;
  atTurnEnd({ onTurnEnd: () => done.push("second") });
  // However long this turn takes: what came before goes first.
  now += 10;
  atTurnEnd({ onTurnEnd: () => done.push("third") });
  expect(done).toEqual(["first"]);
  await nextTurn();
  expect(done).toEqual(["first", "second", "third"]);
});
