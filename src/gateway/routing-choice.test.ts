import { describe, expect, test } from "vitest";
import { scriptedGateway } from "../../test/support/scripted-upstream.ts";
import { configSchema, type ConfigInput } from "../config/schema.ts";
import { connectUpstream } from "../connect-upstream.ts";
import { createRouteTable } from "../routing/route-table.ts";
import type { UpstreamClient } from "../upstreams/upstream.ts";
import type { ConnectedUpstream } from "./connected-upstream.ts";
import type { Gateway } from "./gateway.ts";
import { chooseRoute, upstreamForScope, upstreamOf } from "./routing-choice.ts";

const credentials = { kind: "token", token: "a-token" } as const;
const client: UpstreamClient = {
  send: () => {
    throw new Error("nothing is to be sent");
  },
  close: () => Promise.resolve(),
};

async function gatewayOf(input: ConfigInput): Promise<Gateway> {
  const config = configSchema.parse(input);
  const upstreams = new Map<string, ConnectedUpstream>();
  for (const [name, each] of Object.entries(config.upstreams)) {
    upstreams.set(name, (await connectUpstream(name, each, { client })).upstream);
  }
  return scriptedGateway({ upstreams, routes: createRouteTable(config) });
}

const UPSTREAMS: NonNullable<ConfigInput["upstreams"]> = {
  keys: { kind: "gemini-api", apiKeys: ["key"] },
  express: { kind: "vertex", apiKey: "key", allowedProjects: ["*"] },
  main: { kind: "vertex", project: "p", location: "eu", credentials },
  other: { kind: "vertex", project: "q", location: "us", credentials, allowedProjects: ["q", "r/us"] },
  partner: {
    kind: "vertex-openapi",
    project: "p",
    location: "us-east5",
    credentials,
    models: ["meta/llama"],
  },
};

describe("a Vertex path", () => {
  test.each([
    ["p", "europe-west1", "main"],
    ["q", "us", "other"],
    ["r", "us", "other"],
    // Nobody but the key may be used for it, and that works in the global location only.
    ["r", "eu", "express"],
    ["p", "global", "express"],
  ])("project %s, location %s: %s", async (project, location, name) => {
    const gateway = await gatewayOf({ upstreams: UPSTREAMS });
    expect(upstreamForScope(gateway, { project, location }).name).toBe(name);
  });

  test("an API key's calls are processed in the global location, and fenced as such", async () => {
    const gateway = await gatewayOf({ upstreams: UPSTREAMS });
    const route = chooseRoute(gateway, "gemini-x", { project: "r", location: "eu" });
    expect(route.targets).toMatchObject([{ upstream: "express", location: "global" }]);
  });

  test("a partner's model goes to Google's own layer, in the caller's location", async () => {
    const gateway = await gatewayOf({ upstreams: UPSTREAMS });
    const route = chooseRoute(gateway, "meta/llama", { project: "p", location: "europe-west4" });
    expect(route.targets).toMatchObject([
      { upstream: "partner", model: "meta/llama", location: "europe-west4" },
    ]);
    const elsewhere = chooseRoute(gateway, "meta/llama", { project: "q", location: "us" });
    expect(elsewhere.targets).toMatchObject([{ upstream: "other" }]);
  });

  test("an alias keeps its model and its fence", async () => {
    const gateway = await gatewayOf({
      upstreams: UPSTREAMS,
      models: {
        fast: {
          targets: [
            { upstream: "partner", model: "meta/llama" },
            { upstream: "main", model: "gemini-x" },
          ],
          locations: ["eu"],
        },
      },
    });
    expect(chooseRoute(gateway, "fast", { project: "q", location: "us" })).toMatchObject({
      targets: [{ upstream: "other", model: "gemini-x", location: "us" }],
      locations: ["eu"],
    });
  });

  test("without an upstream of Google's there is nowhere to go", async () => {
    const gateway = await gatewayOf({
      upstreams: { vllm: { kind: "openai-compatible", baseUrl: "http://127.0.0.1:1/v1" } },
    });
    expect(() => upstreamForScope(gateway, { project: "p", location: "eu" })).toThrowError(/kind vertex/);
  });
});

test("no upstream at all is told in words", async () => {
  const gateway = await gatewayOf({});
  expect(() => chooseRoute(gateway, "m", undefined)).toThrowError(/No upstream is configured/);
  expect(() => chooseRoute(gateway, "m", { project: "p", location: "eu" })).toThrowError(
    /No upstream is configured/,
  );
});

test.each([[undefined], [7], [{}], [""]])(
  "a model of %j goes to the default upstream, to be refused there",
  async (model) => {
    const gateway = await gatewayOf({ upstreams: UPSTREAMS });
    expect(chooseRoute(gateway, model, undefined).targets).toMatchObject([{ upstream: "keys", model: "" }]);
  },
);

test("a target is never served by another upstream in place of its own", async () => {
  const gateway = await gatewayOf({ upstreams: UPSTREAMS });
  const [target] = chooseRoute(gateway, "main/gemini-x", undefined).targets;
  if (target === undefined) throw new Error("no target");
  expect(upstreamOf(gateway, target).name).toBe("main");
  expect(() => upstreamOf(gateway, { ...target, upstream: "gone" })).toThrowError(/gone/);
});
