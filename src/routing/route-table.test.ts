import { describe, expect, test } from "vitest";
import { configSchema } from "../config/schema.ts";
import type { ConfigInput } from "../config/schema.ts";
import { createRouteTable, resolveRoute } from "./route-table.ts";
import type { RouteTable } from "./route-table.ts";

function tableOf(input: ConfigInput): RouteTable {
  return createRouteTable(configSchema.parse(input));
}

const table = tableOf({
  upstreams: {
    main: { kind: "vertex", project: "my-project", location: "europe-west1" },
    keys: { kind: "gemini-api", apiKeys: ["key"] },
    vllm: {
      kind: "openai-compatible",
      baseUrl: "http://127.0.0.1:8000/v1",
      models: ["qwen3:8b", "meta/llama"],
    },
    tiny: { kind: "local", file: "/models/smol.gguf" },
    google: { kind: "emulator" },
  },
  models: {
    "gpt-4o": "google/gemini-3.5-flash",
    chain: "gpt-4o",
    "to-fast": "fast",
    "to-model": "qwen3:8b",
    "gemini-2.5-pro": "google/gemini-2.5-pro",
    fast: {
      targets: [
        { upstream: "main", model: "gemini-3.5-flash", weight: 3, location: "eu" },
        { upstream: "keys", model: "gemini-3.5-flash", priority: 2 },
        { upstream: "vllm" },
      ],
      choose: "latency",
      sticky: "conversation",
      locations: ["eu"],
    },
  },
  routes: [
    {
      match: "google/gemini-3.5-*",
      targets: [{ upstream: "main" }, { upstream: "keys", priority: 2 }],
      locations: ["europe-west1"],
    },
    { match: "llama-*", targets: [{ upstream: "vllm", model: "meta/llama" }] },
  ],
});

function targetsOf(model: string, of: RouteTable = table): string[] | undefined {
  return resolveRoute(model, of)?.targets.map(({ id }) => id);
}

describe("resolveRoute", () => {
  test.each([
    {
      why: "an alias of a model",
      model: "gpt-4o",
      targets: ["main/google/gemini-3.5-flash@europe-west1", "keys/google/gemini-3.5-flash"],
    },
    {
      why: "an alias of an alias",
      model: "chain",
      targets: ["main/google/gemini-3.5-flash@europe-west1", "keys/google/gemini-3.5-flash"],
    },
    {
      why: "an alias that is a route",
      model: "fast",
      targets: ["main/gemini-3.5-flash@eu", "keys/gemini-3.5-flash", "vllm/fast"],
    },
    {
      why: "an alias of one",
      model: "to-fast",
      targets: ["main/gemini-3.5-flash@eu", "keys/gemini-3.5-flash", "vllm/fast"],
    },
    { why: "an alias of a listed model", model: "to-model", targets: ["vllm/qwen3:8b"] },
    {
      why: "a pattern",
      model: "google/gemini-3.5-pro",
      targets: ["main/google/gemini-3.5-pro@europe-west1", "keys/google/gemini-3.5-pro"],
    },
    {
      why: "a pattern, by the bare name",
      model: "gemini-3.5-pro",
      targets: ["main/gemini-3.5-pro@europe-west1", "keys/gemini-3.5-pro"],
    },
    {
      why: "a pattern, by another name",
      model: "models/gemini-3.5-pro",
      targets: ["main/models/gemini-3.5-pro@europe-west1", "keys/models/gemini-3.5-pro"],
    },
    { why: "a pattern that names its model", model: "llama-4", targets: ["vllm/meta/llama"] },
    { why: "a listed model", model: "qwen3:8b", targets: ["vllm/qwen3:8b"] },
    { why: "a listed model with a slash", model: "meta/llama", targets: ["vllm/meta/llama"] },
    { why: "a local model by its file's name", model: "smol", targets: ["tiny/smol"] },
    { why: "a direct address", model: "keys/gemini-2.0", targets: ["keys/gemini-2.0"] },
    { why: "a direct address of a model with a slash", model: "vllm/org/model", targets: ["vllm/org/model"] },
    {
      why: "a direct address, patterns first",
      model: "google/gemini-3.5-x",
      targets: ["main/google/gemini-3.5-x@europe-west1", "keys/google/gemini-3.5-x"],
    },
    {
      why: "a direct address of an upstream called google",
      model: "google/other",
      targets: ["google/other"],
    },
    { why: "the default upstream", model: "gemini-2.0", targets: ["main/gemini-2.0@europe-west1"] },
    {
      why: "no upstream of that name",
      model: "nobody/gemini-2.0",
      targets: ["main/nobody/gemini-2.0@europe-west1"],
    },
    { why: "an upstream and no model", model: "keys/", targets: ["main/keys/@europe-west1"] },
    { why: "a slash first", model: "/keys", targets: ["main//keys@europe-west1"] },
    { why: "names of Object.prototype", model: "constructor", targets: ["main/constructor@europe-west1"] },
    { why: "names of Object.prototype", model: "__proto__/x", targets: ["main/__proto__/x@europe-west1"] },
    { why: "an empty id", model: "", targets: undefined },
  ])("$why: $model", ({ model, targets }) => {
    expect(targetsOf(model)).toEqual(targets);
  });

  test("a route carries what was configured", () => {
    expect(resolveRoute("fast", table)).toMatchObject({
      name: "fast",
      choose: "latency",
      sticky: "conversation",
      locations: ["eu"],
      targets: [
        { weight: 3, priority: 1, location: "eu" },
        { weight: 1, priority: 2, location: undefined },
        { weight: 1, priority: 1, location: undefined },
      ],
    });
    expect(resolveRoute("to-fast", table)?.name).toBe("to-fast");
    expect(resolveRoute("chain", table)?.locations).toEqual(["europe-west1"]);
    expect(resolveRoute("keys/gemini-2.0", table)).toMatchObject({ sticky: "off", locations: undefined });
  });

  test("a fence around every model holds for direct addresses and the default, too", () => {
    const fenced = tableOf({
      upstreams: {
        us: { kind: "vertex", project: "my-project", location: "us" },
        eu: { kind: "vertex", project: "my-project", location: "eu" },
      },
      routes: [{ match: "*", targets: [{ upstream: "eu" }], locations: ["eu"] }],
    });
    for (const model of [
      "us/gemini-x",
      "gemini-x",
      "projects/p/locations/us/publishers/google/models/gemini-x",
    ]) {
      expect(resolveRoute(model, fenced)).toMatchObject({ locations: ["eu"], targets: [{ location: "eu" }] });
    }
  });

  test("a fence around some models holds for their direct addresses, too, and for no others", () => {
    const fenced = tableOf({
      upstreams: {
        us: { kind: "vertex", project: "my-project", location: "us" },
        eu: { kind: "vertex", project: "my-project", location: "eu" },
      },
      models: { mine: "us/gemini-x" },
      routes: [{ match: "google/gemini-*", targets: [{ upstream: "eu" }], locations: ["eu"] }],
    });
    for (const model of ["us/gemini-x", "us/google/gemini-x", "us/models/gemini-x", "mine"]) {
      expect(resolveRoute(model, fenced)).toMatchObject({ locations: ["eu"], targets: [{ location: "us" }] });
    }
    expect(resolveRoute("us/other", fenced)?.locations).toBeUndefined();
  });

  test("provisioned throughput goes before shared capacity of the same priority", () => {
    const provisioned = tableOf({
      upstreams: { main: { kind: "vertex", project: "my-project" }, keys: { kind: "gemini-api" } },
      models: {
        paid: {
          targets: [
            { upstream: "main", model: "gemini-x", location: "eu" },
            { upstream: "main", model: "gemini-x", location: "us" },
            { upstream: "keys", model: "gemini-x", priority: 2 },
          ],
          provisioned: "first",
        },
      },
    });
    const targets = resolveRoute("paid", provisioned)?.targets ?? [];
    expect(
      [...targets].sort((a, b) => a.priority - b.priority).map(({ id, requestType }) => [id, requestType]),
    ).toEqual([
      ["main/gemini-x@eu#dedicated", "dedicated"],
      ["main/gemini-x@us#dedicated", "dedicated"],
      ["main/gemini-x@eu#shared", "shared"],
      ["main/gemini-x@us#shared", "shared"],
      ["keys/gemini-x", undefined],
    ]);
  });

  test("aliases in a circle, which the configuration's checks refuse, end all the same", () => {
    const circle = tableOf({
      upstreams: { main: { kind: "vertex", project: "my-project" } },
      models: { a: "b", b: "c", c: "b", self: "self" },
    });
    for (const name of ["a", "b", "c", "self"]) expect(targetsOf(name, circle)).toHaveLength(1);
  });

  test("without upstreams there is no route", () => {
    expect(resolveRoute("gemini-x", tableOf({}))).toBeUndefined();
  });

  test("remembers a bounded number of the names callers made up", () => {
    for (let index = 0; index < 5_000; index += 1) resolveRoute(`made-up-${index}`, table);
    expect(table.made.size).toBeLessThanOrEqual(1024);
    expect(resolveRoute("made-up-4999", table)).toBe(resolveRoute("made-up-4999", table));
  });
});
