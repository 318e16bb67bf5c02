import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MemorySignatureStore } from "./memory-signature-store.ts";
import type { RememberedCall } from "./signature-store.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

function call(signature: string): RememberedCall {
  return { signature, name: "f", model: "m" };
}

/** A store and the clock it reads. */
function storeAt(options: { maxCalls?: number; maxBytes?: number; maxAgeMs?: number } = {}) {
  const clock = { ms: 0 };
  return { clock, store: new MemorySignatureStore({ now: () => clock.ms, ...options }) };
}

test("what was remembered is recalled whole, by its own id only", () => {
  const { store } = storeAt();
  const whole = { signature: "QUJD", upstreamId: "up1", name: "tide", model: "gemini-3.5-flash" };
  store.remember("call_1", whole);
  expect(store.recall("call_1")).toEqual(whole);
  expect(store.recall("call_2")).toBeUndefined();
});

test.each(["__proto__", "constructor", "toString", ""])("%j is an id like any other", (id) => {
  const { store } = storeAt();
  expect(store.recall(id)).toBeUndefined();
  store.remember(id, call("QUJD"));
  expect(store.recall(id)).toEqual(call("QUJD"));
});

test("beyond the count, the least recently used call goes", () => {
  const { store } = storeAt({ maxCalls: 2 });
  store.remember("a", call("AAAA"));
  store.remember("b", call("BBBB"));
  store.recall("a");
  store.remember("c", call("CCCC"));
  expect(store.recall("b")).toBeUndefined();
  expect(store.recall("a")).toEqual(call("AAAA"));
  expect(store.recall("c")).toEqual(call("CCCC"));
});

test("beyond the bytes, as many go as have to", () => {
  const { store } = storeAt({ maxBytes: 100 });
  store.remember("a", call("A".repeat(40)));
  store.remember("b", call("B".repeat(40)));
  store.remember("c", call("C".repeat(80)));
  expect(store.recall("a")).toBeUndefined();
  expect(store.recall("b")).toBeUndefined();
  expect(store.recall("c")).toEqual(call("C".repeat(80)));
  expect(store.bytes).toBeLessThanOrEqual(100);
});

test("a call larger than the whole store is not kept, and costs no other call its place", () => {
  const { store } = storeAt({ maxBytes: 100 });
  store.remember("a", call("AAAA"));
  store.remember("huge", call("H".repeat(101)));
  expect(store.recall("huge")).toBeUndefined();
  expect(store.recall("a")).toEqual(call("AAAA"));
});

test("a call is forgotten a day after its last use", () => {
  const { store, clock } = storeAt();
  store.remember("a", call("AAAA"));
  clock.ms = DAY_MS;
  expect(store.recall("a")).toEqual(call("AAAA"));
  clock.ms = 2 * DAY_MS;
  expect(store.recall("a")).toEqual(call("AAAA"));
  clock.ms = 3 * DAY_MS + 1;
  expect(store.recall("a")).toBeUndefined();
  expect(store.size).toBe(0);
  expect(store.bytes).toBe(0);
});

test("remembering again replaces, and later changes to the object do not reach the store", () => {
  const { store } = storeAt();
  const mine = call("AAAA");
  store.remember("a", call("ZZZZZZZZ"));
  store.remember("a", mine);
  mine.signature = "changed";
  expect(store.recall("a")).toEqual(call("AAAA"));
  expect(store.size).toBe(1);
  expect(store.bytes).toBe("a".length + "f".length + "m".length + "AAAA".length);
});

test("whatever happens, it stays within its bounds and never gives one id's call for another", () => {
  const step = fc.record({
    id: fc.constantFrom("a", "b", "c", "d", "e"),
    length: fc.nat(60),
    write: fc.boolean(),
    ms: fc.nat(50),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { store, clock } = storeAt({ maxCalls: 3, maxBytes: 100, maxAgeMs: 100 });
      const written = new Map<string, string>();
      for (const { id, length, write, ms } of steps) {
        clock.ms += ms;
        if (write) {
          const signature = id.repeat(length);
          store.remember(id, call(signature));
          written.set(id, signature);
        } else {
          const recalled = store.recall(id);
          if (recalled !== undefined) expect(recalled.signature).toBe(written.get(id));
        }
        expect(store.size).toBeLessThanOrEqual(3);
        expect(store.bytes).toBeLessThanOrEqual(100);
        expect(store.bytes >= 0).toBe(true);
      }
    }),
  );
});
