import { describe, expect, test } from "vitest";
import { ScriptedCall } from "../../test/support/scripted-upstream.ts";
import { GatewayError } from "../errors.ts";
import { openaiModelListing } from "../upstreams/model-listing.ts";
import type { ModelListing } from "../upstreams/openai-upstream.ts";
import { Discovery } from "./discovery.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const list = (...ids: unknown[]): object => ({ object: "list", data: ids.map((id) => ({ id })) });

function discovery(listing: ModelListing = openaiModelListing("http://upstream/v1")) {
  const calls: ScriptedCall[] = [];
  let now = 0;
  let renewals = 0;
  const subject = new Discovery({
    client: {
      send(request, receiver) {
        const call = new ScriptedCall(request, receiver);
        calls.push(call);
        return call;
      },
      close: () => Promise.resolve(),
    },
    at: {
      authorize: () => Promise.resolve({ authorization: `Bearer ${renewals}` }),
      renew: () => Promise.resolve((renewals += 1) === 1),
    },
    listing,
    now: () => now,
  });
  return { subject, calls, pass: (ms: number) => (now += ms) };
}

describe("Discovery", () => {
  test("asks nothing until somebody asks it, then once for all, and not again for a minute", async () => {
    const { subject, calls, pass } = discovery();
    await turn();
    expect(calls).toHaveLength(0);
    const all = Promise.all(Array.from({ length: 50 }, () => subject.models()));
    await turn();
    expect(calls).toHaveLength(1);
    expect(calls[0]?.request).toMatchObject({
      origin: "http://upstream",
      path: "/v1/models",
      method: "GET",
      headers: { authorization: "Bearer 0" },
      timeouts: { totalMs: 3_000 },
    });
    calls[0]?.answer(list("a", "org/b:8b"));
    for (const found of await all) expect(found).toEqual([{ id: "a" }, { id: "org/b:8b" }]);
    pass(59_999);
    expect(await subject.models()).toHaveLength(2);
    expect(calls).toHaveLength(1);
  });

  test("what is known is told while it is asked for anew", async () => {
    const { subject, calls, pass } = discovery();
    const first = subject.models();
    await turn();
    calls[0]?.answer(list("old"));
    await first;
    pass(60_001);
    expect(await subject.models()).toEqual([{ id: "old" }]);
    await turn();
    calls[1]?.answer(list("new"));
    await turn();
    expect(await subject.models()).toEqual([{ id: "new" }]);
    expect(calls).toHaveLength(2);
  });

  test.each<[string, (call: ScriptedCall | undefined) => void]>([
    ["a refusal", (call) => call?.refuse(500)],
    ["no connection", (call) => call?.break(new GatewayError({ kind: "unavailable" }, "refused"))],
    ["a page", (call) => call?.accept().send("<html>").end()],
  ])("%s is nothing found, for five seconds", async (_, fail) => {
    const { subject, calls, pass } = discovery();
    const first = subject.models();
    await turn();
    fail(calls[0]);
    expect(await first).toEqual([]);
    pass(4_999);
    expect(await Promise.race([subject.models(), turn().then(() => "waits")])).toEqual([]);
    expect(calls).toHaveLength(1);
    pass(2);
    const second = subject.models();
    await turn();
    calls[1]?.answer(list("a"));
    expect(await second).toEqual([{ id: "a" }]);
  });

  test("a failure keeps what was known", async () => {
    const { subject, calls, pass } = discovery();
    const first = subject.models();
    await turn();
    calls[0]?.answer(list("a"));
    await first;
    pass(60_001);
    await subject.models();
    await turn();
    calls[1]?.refuse(503);
    await turn();
    expect(await subject.models()).toEqual([{ id: "a" }]);
  });

  test("a refused token is renewed once", async () => {
    const { subject, calls } = discovery();
    const found = subject.models();
    await turn();
    calls[0]?.refuse(401);
    await turn();
    expect(calls[1]?.request.headers).toEqual({ authorization: "Bearer 1" });
    calls[1]?.answer(list("a"));
    expect(await found).toEqual([{ id: "a" }]);
  });

  test("pages are followed, to an end", async () => {
    const pages: (string | undefined)[] = [];
    const { subject, calls } = discovery({
      ...openaiModelListing("http://upstream/v1"),
      address(page) {
        pages.push(page);
        return { origin: "http://upstream", path: "/models" };
      },
    });
    const found = subject.models();
    for (let index = 0; index < 12; index += 1) {
      await turn();
      calls[index]?.answer({ ...list(`m${index}`), nextPageToken: `p${index}` });
    }
    expect(await found).toHaveLength(10);
    expect(pages.slice(0, 3)).toEqual([undefined, "p0", "p1"]);
  });

  test.each<[unknown]>([
    [null],
    [[]],
    [{}],
    [{ data: "x" }],
    [{ data: [null, 1, { id: 7 }, { id: "a b" }, { id: "" }] }],
  ])("%j lists nothing", async (body) => {
    const { subject, calls } = discovery();
    const found = subject.models();
    await turn();
    calls[0]?.answer(body);
    expect(await found).toEqual([]);
  });
});
