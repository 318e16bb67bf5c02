/** What an operator may ask a running gateway. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startConfigured } from "./support/configured-gateway.ts";
import { post, startGateway, type RunningGateway } from "./support/running-gateway.ts";

let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startConfigured(`server: { apiKeys: [users-key], adminKeys: [very-secret-key] }
limits: { failedKeysPerSecond: 1000 }
upstreams: { emulator: { kind: emulator } }`);
});

afterAll(async () => {
  await gateway.close();
  expect(gateway.bugs).toEqual([]);
});

const ask = (path: string, key = "very-secret-key"): Promise<Response> =>
  fetch(gateway.url + path, { headers: { authorization: `Bearer ${key}` } });

test.each(["/admin/auth", "/admin/config", "/admin/routing"])(
  "S-08 %s needs an admin key, and a user's is none",
  async (path) => {
    expect((await ask(path, "wrong")).status).toBe(401);
    expect((await ask(path, "users-key")).status).toBe(401);
    expect((await fetch(gateway.url + path)).status).toBe(401);
    const response = await ask(path);
    expect(response.status).toBe(200);
    expect(await response.text()).not.toContain("very-secret-key");
  },
);

test.each([
  "/admin/auth/",
  "//admin/auth",
  "/admin/%61uth",
  "/ADMIN/auth",
  "/admin/auth;a=b",
  "/v1/../admin/auth",
])("S-08 no spelling gets around the key: %s", async (path) => {
  for (const key of ["wrong", "users-key"]) expect([401, 404]).toContain((await ask(path, key)).status);
});

test("the configuration is shown with its secrets masked", async () => {
  expect(await (await ask("/admin/config")).json()).toMatchObject({
    server: { apiKeys: ["***"], adminKeys: ["***"] },
    upstreams: { emulator: { kind: "emulator" } },
  });
});

test("routing tells what was learned of each target", async () => {
  const answer = await post(
    gateway,
    { model: "google/gemini-2.5-flash", messages: [{ role: "user", content: "Hi" }] },
    { headers: { authorization: "Bearer users-key" } },
  );
  expect(answer.headers.get("x-pollux-attempts")).toBe("emulator/google/gemini-2.5-flash");
  await answer.text();
  const state = (await (await ask("/admin/routing")).json()) as { data: object[]; retry_budgets: object[] };
  expect(state.data).toMatchObject([
    { id: "emulator/google/gemini-2.5-flash", circuit: "closed", successes: 1, failures: 0, inFlight: 0 },
  ]);
  expect(state.retry_budgets).toMatchObject([{ upstream: "emulator", offered: 1, retries: 0 }]);
});

test("S-08 without admin keys no key opens it, and an admin key opens nothing else", async () => {
  const closed = await startGateway({ POLLUX_API_KEYS: "users-key" });
  for (const path of ["/admin/auth", "/admin/config", "/admin/routing"]) {
    const response = await fetch(closed.url + path, { headers: { authorization: "Bearer users-key" } });
    expect(response.status).toBe(401);
    expect(((await response.json()) as { error: { message: string } }).error.message).toContain(
      "POLLUX_ADMIN_KEYS",
    );
  }
  await closed.close();
  for (const path of ["/v1/models", "/v1/models/gemini-3.5-flash"]) {
    expect((await ask(path)).status).toBe(401);
    expect((await ask(path, "users-key")).status).toBe(200);
  }
});

test("on this machine alone, with no key of any kind, it is open", async () => {
  const open = await startGateway();
  expect((await fetch(`${open.url}/admin/config`)).status).toBe(200);
  await open.close();
});

test("S-50 what needs no key tells nothing of upstreams", async () => {
  for (const path of ["/healthz", "/readyz"]) {
    expect(Object.keys((await (await fetch(gateway.url + path)).json()) as object)).toEqual(["status"]);
  }
});
