/** What an operator may ask a running gateway. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { post, startGateway, type RunningGateway } from "./support/running-gateway.ts";

let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startGateway({ POLLUX_API_KEYS: "very-secret-key" });
});

afterAll(async () => {
  await gateway.close();
  expect(gateway.bugs).toEqual([]);
});

const ask = (path: string, key = "very-secret-key"): Promise<Response> =>
  fetch(gateway.url + path, { headers: { authorization: `Bearer ${key}` } });

test.each(["/admin/auth", "/admin/config", "/admin/routing"])("%s needs an access key", async (path) => {
  expect((await ask(path, "wrong")).status).toBe(401);
  expect((await fetch(gateway.url + path)).status).toBe(401);
  const response = await ask(path);
  expect(response.status).toBe(200);
  expect(await response.text()).not.toContain("very-secret-key");
});

test.each([
  "/admin/auth/",
  "//admin/auth",
  "/admin/%61uth",
  "/ADMIN/auth",
  "/admin/auth;a=b",
  "/v1/../admin/auth",
])("S-08 no spelling gets around the key: %s", async (path) => {
  expect([401, 404]).toContain((await ask(path, "wrong")).status);
});

test("the configuration is shown with its secrets masked", async () => {
  expect(await (await ask("/admin/config")).json()).toMatchObject({
    server: { apiKeys: ["***"] },
    upstreams: { emulator: { kind: "emulator" } },
  });
});

test("routing tells what was learned of each target", async () => {
  const answer = await post(
    gateway,
    { model: "google/gemini-2.5-flash", messages: [{ role: "user", content: "Hi" }] },
    { headers: { authorization: "Bearer very-secret-key" } },
  );
  expect(answer.headers.get("x-pollux-attempts")).toBe("emulator/google/gemini-2.5-flash");
  await answer.text();
  const state = (await (await ask("/admin/routing")).json()) as { data: object[]; retry_budgets: object[] };
  expect(state.data).toMatchObject([
    { id: "emulator/google/gemini-2.5-flash", circuit: "closed", successes: 1, failures: 0, inFlight: 0 },
  ]);
  expect(state.retry_budgets).toMatchObject([{ upstream: "emulator", offered: 1, retries: 0 }]);
});
