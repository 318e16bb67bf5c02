import { describe, expect, test } from "vitest";
import { GenerationQueue } from "./generation-queue.ts";

function queue(capacity: number): { queue: GenerationQueue; advance(ms: number): void } {
  let now = 0;
  return { queue: new GenerationQueue(capacity, () => now), advance: (ms) => (now += ms) };
}
const never = new AbortController().signal;

describe("GenerationQueue", () => {
  test("lets one in at a time, in the order they came", async () => {
    const { queue: line } = queue(5);
    const order: number[] = [];
    const first = await line.enter(never);
    const others = [1, 2, 3].map(async (number) => {
      const release = await line.enter(never);
      order.push(number);
      release();
    });
    expect(order).toEqual([]);
    first();
    await Promise.all(others);
    expect(order).toEqual([1, 2, 3]);
  });

  test("refuses at once beyond its bound, with a wait that follows what generations took", async () => {
    const { queue: line, advance } = queue(1);
    for (let round = 0; round < 40; round++) {
      const release = await line.enter(never);
      advance(200);
      release();
    }
    const release = await line.enter(never);
    const waiting = line.enter(never);
    await expect(line.enter(never)).rejects.toMatchObject({
      failure: { kind: "rate_limited", retryAfterMs: 200 },
    });
    release();
    (await waiting)();
  });

  test("with a bound of 0 nobody waits", async () => {
    const { queue: line } = queue(0);
    const release = await line.enter(never);
    await expect(line.enter(never)).rejects.toMatchObject({ failure: { kind: "rate_limited" } });
    release();
    await expect(line.enter(never)).resolves.toBeTypeOf("function");
  });

  test("whoever leaves the line makes room", async () => {
    const { queue: line } = queue(1);
    const release = await line.enter(never);
    const leaving = new AbortController();
    const left = line.enter(leaving.signal);
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    expect(line.waiting).toBe(0);
    const next = line.enter(never);
    release();
    await expect(next).resolves.toBeTypeOf("function");
  });

  test("ends a turn once, however often it is told", async () => {
    const { queue: line } = queue(2);
    const release = await line.enter(never);
    release();
    release();
    const second = await line.enter(never);
    let entered = false;
    const third = line.enter(never).then((end) => {
      entered = true;
      return end;
    });
    release();
    await Promise.resolve();
    expect(entered).toBe(false);
    second();
    (await third)();
    expect(entered).toBe(true);
  });

  test("does not let in who has left already", async () => {
    const { queue: line } = queue(1);
    await expect(line.enter(AbortSignal.abort(new Error("left")))).rejects.toThrow("left");
    await expect(line.enter(never)).resolves.toBeTypeOf("function");
  });
});
