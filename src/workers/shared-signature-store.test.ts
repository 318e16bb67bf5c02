import { expect, test } from "vitest";
import { fetchSignatures } from "../gateway/fetch-signatures.ts";
import { mintToolCallId } from "../gateway/ids.ts";
import { MemorySignatureStore } from "../signatures/memory-signature-store.ts";
import type { RememberedCall } from "../signatures/signature-store.ts";
import { type SharedCalls, SharedSignatureStore } from "./shared-signature-store.ts";

const CALL: RememberedCall = { name: "tide", model: "gemini-3.5-flash", signature: "c2lnbmVk" };

/** As the primary process keeps them. */
function shared(): SharedCalls & { asked: string[][] } {
  const store = new MemorySignatureStore({ now: Date.now });
  const asked: string[][] = [];
  return {
    asked,
    remember: (id, call) => store.remember(id, structuredClone(call)),
    recall: async (ids) => {
      asked.push([...ids]);
      return ids.flatMap((id) => {
        const call = store.recall(id);
        return call === undefined ? [] : [[id, call] as const];
      });
    },
  };
}

const conversation = (...ids: unknown[]): Record<string, unknown> => ({
  messages: [
    { role: "user", content: "When is high tide?" },
    { role: "assistant", tool_calls: ids.map((id) => ({ id, type: "function" })) },
  ],
});

test("a call that one process remembers is there for a request in another one", async () => {
  const all = shared();
  const [one, other] = [new SharedSignatureStore(all), new SharedSignatureStore(all)];
  const id = mintToolCallId();
  one.remember(id, CALL);
  expect(other.recall(id)).toBeUndefined();
  await fetchSignatures({ signatures: other }, conversation(id));
  expect(other.recall(id)).toEqual(CALL);
  // And is not asked for again.
  expect(fetchSignatures({ signatures: other }, conversation(id))).toBeUndefined();
  expect(fetchSignatures({ signatures: one }, conversation(id))).toBeUndefined();
  expect(all.asked).toEqual([[id]]);
});

test("only ids that can be known are asked for, each once", async () => {
  const all = shared();
  const store = new SharedSignatureStore(all);
  const id = mintToolCallId();
  await fetchSignatures(
    { signatures: store },
    conversation(id, id, "toolu_1", 5, null, "x".repeat(1_000_000)),
  );
  expect(all.asked).toEqual([[id]]);
  expect(store.recall(id)).toBeUndefined();
});

test.each([
  {},
  { messages: "none" },
  { messages: [null, 1, "text", {}, { tool_calls: {} }, { tool_calls: [null, 1, {}] }] },
  JSON.parse(
    '{"messages":[{"__proto__":{"tool_calls":[{"id":"call_AAAAAAAAAAAAAAAAAAAAAAAA"}]}}]}',
  ) as object,
])("nothing is waited for where there is none: %j", (body) => {
  expect(
    fetchSignatures({ signatures: new SharedSignatureStore(shared()) }, body as Record<string, unknown>),
  ).toBeUndefined();
});

test("one process alone waits for nothing", () => {
  const signatures = new MemorySignatureStore({ now: Date.now });
  expect(fetchSignatures({ signatures }, conversation(mintToolCallId()))).toBeUndefined();
});

test("a request goes on when the others cannot be asked", async () => {
  const store = new SharedSignatureStore({
    remember: () => {},
    recall: () => Promise.reject(new Error("gone")),
  });
  await expect(
    fetchSignatures({ signatures: store }, conversation(mintToolCallId())),
  ).resolves.toBeUndefined();
});
