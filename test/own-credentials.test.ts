/** Tokens that stop being accepted: one renewal and one repeat for all who need it, and what clients see otherwise. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI, { AuthenticationError, InternalServerError } from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startEmulator, type Emulator } from "../src/emulator/server.ts";
import { post, startGateway, type RunningGateway } from "./support/running-gateway.ts";

const ASK = {
  model: "google/gemini-3.8-flash",
  messages: [{ role: "user" as const, content: "Repeat after me: still here" }],
};
const ENDPOINT = "/v1/projects/emulated-project/locations/us-central1/endpoints/42/chat/completions";

let emulator: Emulator;
let folder: string;
let own: RunningGateway;
let passThrough: RunningGateway;

beforeAll(async () => {
  emulator = await startEmulator({ requireAuth: "strict", paceMs: 0 });
  folder = mkdtempSync(join(tmpdir(), "pollux-own-"));
  const key = await emulator.createServiceAccount({ project: "emulated-project" });
  writeFileSync(join(folder, "key.json"), JSON.stringify(key));
  passThrough = await startGateway({
    GOOGLE_CLOUD_PROJECT: "emulated-project",
    GOOGLE_VERTEX_BASE_URL: emulator.url,
    HOME: folder,
  });
});

// A new gateway each time: it will not renew a token twice in ten seconds.
beforeEach(async () => {
  emulator.clearRules();
  own = await startGateway({
    GOOGLE_APPLICATION_CREDENTIALS: join(folder, "key.json"),
    GOOGLE_VERTEX_BASE_URL: emulator.url,
  });
  return async () => {
    await own.close();
    expect(own.bugs).toEqual([]);
  };
});

afterAll(async () => {
  await passThrough.close();
  await emulator.close();
  rmSync(folder, { recursive: true });
});

/** Upstream calls made and tokens issued while `run` ran. */
async function cost(run: () => Promise<unknown>): Promise<{ calls: number; tokens: number }> {
  const modelCalls = (): number =>
    emulator.requests.filter(({ url }) => /generateContent|chat\/completions/i.test(url)).length;
  emulator.clearRequests();
  const issued = emulator.tokens.issued;
  await run();
  return { calls: modelCalls(), tokens: emulator.tokens.issued - issued };
}

async function answered(body: object, path = "/v1/chat/completions"): Promise<string> {
  const response = await post(own, body, { path });
  const text = await response.text();
  expect([response.status, text]).toEqual([200, expect.stringContaining("still here")]);
  return text;
}

describe("F-38 a token of the gateway's own that was revoked", () => {
  test.each([
    ["whole", ASK, undefined, 1],
    ["streamed", { ...ASK, stream: true }, undefined, 1],
    ["three times", { ...ASK, n: 3 }, undefined, 3],
    ["three streams", { ...ASK, n: 3, stream: true }, undefined, 3],
    ["an endpoint's", ASK, ENDPOINT, 1],
    ["an endpoint's stream", { ...ASK, stream: true }, ENDPOINT, 1],
  ])("is renewed once and the call repeated once: %s", async (_, body, path, calls) => {
    expect(await cost(() => answered(body, path))).toEqual({ calls, tokens: 1 });
    emulator.tokens.revokeAll();
    expect(await cost(() => answered(body, path))).toEqual({ calls: 2 * calls, tokens: 1 });
    expect(await cost(() => answered(body, path))).toEqual({ calls, tokens: 0 });
  });

  test("is renewed once for fifty requests", async () => {
    await answered(ASK);
    emulator.tokens.revokeAll();
    const fifty = (): Promise<unknown> =>
      Promise.all(Array.from({ length: 50 }, (_, i) => answered({ ...ASK, stream: i % 2 === 0 })));
    expect((await cost(fifty)).tokens).toBe(1);
  });

  test.each([false, true])(
    "is the operator's matter when that does not help (stream: %s)",
    async (stream) => {
      await answered(ASK);
      emulator.addRule({
        when: { path: "enerateContent" },
        then: { error: { code: 401, message: "Request had invalid credentials." } },
      });
      const openai = new OpenAI({ apiKey: "any", baseURL: `${own.url}/v1`, maxRetries: 2 });
      const spent = await cost(async () => {
        const error: unknown = await openai.chat.completions
          .create({ ...ASK, stream })
          .catch((e: unknown) => e);
        expect(error).toBeInstanceOf(InternalServerError);
        expect(error).toMatchObject({
          status: 502,
          code: "upstream_auth_error",
          type: "server_error",
          message: expect.stringContaining("invalid credentials"),
        });
        expect((error as InternalServerError).headers!.get("x-should-retry")).toBe("false");
      });
      expect(spent).toEqual({ calls: 2, tokens: 1 });
    },
  );

  test("inside a started stream cannot be renewed, and is told there", async () => {
    emulator.addRule({ then: { text: "One. Two. Three.", fault: "error-after=1:401" } });
    const text = await (await post(own, { ...ASK, stream: true })).text();
    expect(text).toContain('"code":"upstream_auth_error"');
    expect(text).not.toContain("[DONE]");
  });
});

describe("a caller's token", () => {
  test.each([
    ["whole", ASK, "/v1/chat/completions"],
    ["streamed", { ...ASK, stream: true }, "/v1/chat/completions"],
    ["an endpoint's", ASK, ENDPOINT],
  ])("that Google refuses is the caller's 401, asked once: %s", async (_, body, path) => {
    const spent = await cost(async () => {
      const response = await post(passThrough, body, { path, headers: { authorization: "Bearer stale" } });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: { type: "authentication_error" } });
    });
    expect(spent).toEqual({ calls: 1, tokens: 0 });
  });

  test("raises the SDK's AuthenticationError; without one nothing is sent", async () => {
    const openai = new OpenAI({ apiKey: "stale", baseURL: `${passThrough.url}/v1` });
    await expect(openai.chat.completions.create(ASK)).rejects.toBeInstanceOf(AuthenticationError);
    const spent = await cost(async () => {
      const response = await post(passThrough, ASK, { headers: { authorization: "" } });
      expect(response.status).toBe(401);
    });
    expect(spent.calls).toBe(0);
  });
});
