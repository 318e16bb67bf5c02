/** What a change of configuration keeps, and what it replaces. */
import { afterAll, expect, test } from "vitest";
import { composeGateway } from "../src/compose.ts";
import { readConfig, type Config } from "../src/config/config.ts";

const offline = readConfig({}).config;
const composed = await composeGateway(offline, { reportBug: () => {} });

afterAll(() => composed.close());

const changed = (limits: Partial<Config["limits"]>): Config => ({
  ...offline,
  limits: { ...offline.limits, ...limits },
});

test("upstreams that did not change stay connected, and what was learned of targets is kept", async () => {
  const before = composed.current;
  await composed.apply(changed({ maxBodyBytes: 5_000 }));
  expect(composed.current.limits.maxBodyBytes).toBe(5_000);
  expect(composed.current.upstreams.get("emulator")).toBe(before.upstreams.get("emulator"));
  expect(composed.current.router).toBe(before.router);
  // The old one is as it was for the requests that began under it.
  expect(before.limits.maxBodyBytes).toBe(offline.limits.maxBodyBytes);
});

test("a changed retry budget is in force at once", async () => {
  const before = composed.current.router;
  await composed.apply(changed({ retryBudget: 0 }));
  const { router } = composed.current;
  expect(router).not.toBe(before);
  const target = { id: "t", upstream: "u", model: "m", location: undefined, weight: 1, priority: 1 };
  const route = {
    name: "m",
    targets: [target],
    choose: "weighted",
    sticky: "off",
    locations: undefined,
  } as const;
  const plan = router.plan(route, { stickyKey: undefined, clientRetry: 0 });
  plan.first();
  expect(plan.next({ kind: "unavailable" })).toBeUndefined();
});
