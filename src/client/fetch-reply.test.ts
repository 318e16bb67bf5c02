import { describe, expect, test, vi } from "vitest";
import { SILENT_OBSERVER } from "../observe/observer.ts";
import { RequestRecord } from "../observe/request-record.ts";
import { FetchReply } from "./fetch-reply.ts";

function record(): RequestRecord {
  return new RequestRecord("req_1", 0, SILENT_OBSERVER);
}

function reply(): { reply: FetchReply; abort: AbortController } {
  const abort = new AbortController();
  return { reply: new FetchReply(abort.signal, record()), abort };
}

describe("a response", () => {
  test("has the head, and the text as UTF-8", async () => {
    const { reply: whole } = reply();
    whole.head(429, { "retry-after": "7" });
    whole.write("grün ");
    whole.end(Buffer.from("🎒"));
    const response = await whole.response;
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "7"]);
    expect(await response.text()).toBe("grün 🎒");
    expect(whole.closed).toBe(true);
  });

  test("is there as soon as its head is", async () => {
    const { reply: begun } = reply();
    begun.head(200, {});
    expect((await begun.response).status).toBe(200);
    expect([begun.headSent, begun.closed]).toEqual([true, false]);
  });

  test("is broken, not ended, when the connection would be", async () => {
    const { reply: broken } = reply();
    broken.head(200, {});
    broken.write("half");
    const response = await broken.response;
    broken.destroy();
    await expect(response.text()).rejects.toThrow("terminated");
  });

  test("is not there at all when that happens before its head", async () => {
    const { reply: broken } = reply();
    broken.destroy();
    await expect(broken.response).rejects.toThrow("terminated");
    broken.head(200, {});
    expect(broken.headSent).toBe(false);
  });
});

describe("backpressure", () => {
  test("F-05 write says when the reader is behind, onDrain when it has caught up", async () => {
    const { reply: slow } = reply();
    const drained = vi.fn();
    slow.head(200, {});
    const reader = (await slow.response).body!.getReader();
    slow.onDrain(drained);
    expect(slow.write("one")).toBe(false);
    expect(slow.write("two")).toBe(false);
    await reader.read();
    expect(drained).not.toHaveBeenCalled();
    await reader.read();
    expect(drained).toHaveBeenCalledTimes(1);
    // A reader that waits is ahead.
    const waiting = reader.read();
    expect(slow.write("three")).toBe(true);
    expect(Buffer.from((await waiting).value!).toString()).toBe("three");
  });
});

describe("onClose is called once", () => {
  test.each([
    ["when the answer is complete", (answer: FetchReply) => answer.end()],
    ["when it is broken off", (answer: FetchReply) => answer.destroy()],
    ["when the reader cancels", async (answer: FetchReply) => (await answer.response).body!.cancel()],
    ["when the caller aborts", (_answer: FetchReply, abort: AbortController) => abort.abort()],
  ])("%s", async (_, close) => {
    const { reply: answer, abort } = reply();
    const closed = vi.fn();
    answer.onClose(closed);
    answer.head(200, {});
    await close(answer, abort);
    expect(answer.closed).toBe(true);
    answer.end();
    answer.destroy();
    abort.abort();
    expect(closed).toHaveBeenCalledTimes(1);
    const late = vi.fn();
    answer.onClose(late);
    expect(late).toHaveBeenCalledTimes(1);
  });
});

describe("an abort", () => {
  test("before the head is the promise's reason", async () => {
    const { reply: answer, abort } = reply();
    const reason = new Error("changed my mind");
    abort.abort(reason);
    await expect(answer.response).rejects.toBe(reason);
  });

  test("before the request is one too", async () => {
    const answer = new FetchReply(AbortSignal.abort(), record());
    const closed = vi.fn();
    answer.onClose(closed);
    await expect(answer.response).rejects.toMatchObject({ name: "AbortError" });
    expect(closed).toHaveBeenCalledTimes(1);
  });

  test.each([false, true])("in the middle is the reader's error (all was written: %s)", async (written) => {
    const { reply: answer, abort } = reply();
    answer.head(200, {});
    answer.write("x");
    if (written) answer.end();
    const response = await answer.response;
    abort.abort();
    await expect(response.text()).rejects.toMatchObject({ name: "AbortError" });
    expect(answer.write("y")).toBe(true);
  });

  test("after the answer was read changes nothing", async () => {
    const { reply: answer, abort } = reply();
    answer.head(200, {});
    answer.end("done");
    expect(await (await answer.response).text()).toBe("done");
    abort.abort();
  });
});
