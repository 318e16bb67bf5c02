/** What is wrong with a configuration, and where it is told to be. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { configFolder, loadText, problemsOf } from "../../test/support/config-folder.ts";
import { ConfigError, describeProblem } from "./config-error.ts";
import { loadConfig } from "./load.ts";

const emulator = "upstreams: { emu: { kind: emulator } }\n";

const message = (path: string): string => {
  try {
    loadConfig(path, {});
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "";
};

describe("what is wrong is told with its place", () => {
  test.each<[string, string, string[]]>([
    [
      "a misspelt key",
      "upstreams:\n  main:\n    kind: vertex\n    locaton: eu\n",
      ['pollux.yaml:4:5 upstreams.main.locaton: unknown key for the kind vertex; did you mean "location"?'],
    ],
    [
      "a key in another style",
      "server: { api_keys: [] }",
      ['pollux.yaml:1:11 server.api_keys: unknown key; did you mean "apiKeys"?'],
    ],
    [
      "a key of another kind",
      "upstreams: { k: { kind: vertex, threads: 2 } }",
      [
        expect.stringMatching(
          /^pollux.yaml:1:33 upstreams.k.threads: unknown key for the kind vertex; it belongs to local; known are kind, project,/,
        ) as string,
      ],
    ],
    [
      "a key like nothing",
      "zzzzzz: 1",
      [
        "pollux.yaml:1:1 zzzzzz: unknown key; known are server, limits, media, log, metrics, tracing, httpClient, upstreams, models, routes",
      ],
    ],
    [
      "an unknown kind",
      "upstreams: { k: { kind: vertx } }",
      [
        'pollux.yaml:1:25 upstreams.k.kind: "vertx" is not one of vertex, gemini-api, vertex-endpoint, vertex-openapi, openai-compatible, local, emulator; did you mean "vertex"?',
      ],
    ],
    [
      "no kind",
      "upstreams: { k: { project: p } }",
      [
        "pollux.yaml:1:14 upstreams.k.kind: is missing; give one of vertex, gemini-api, vertex-endpoint, vertex-openapi, openai-compatible, local, emulator",
      ],
    ],
    [
      "an upstream that is text",
      "upstreams: { k: vertex }",
      ['pollux.yaml:1:17 upstreams.k: must be a mapping, not "vertex"'],
    ],
    [
      "a missing field",
      "upstreams:\n  k: { kind: openai-compatible }",
      ["pollux.yaml:2:3 upstreams.k.baseUrl: is missing"],
    ],
    [
      "an empty value",
      "server:\n  host:\n",
      ["pollux.yaml:2:3 server.host: is empty; give it a value or remove it"],
    ],
    [
      "a wrong type",
      "server: { port: http }",
      ['pollux.yaml:1:17 server.port: must be a number, not "http"'],
    ],
    [
      "half a port",
      "server: { port: 80.5 }",
      ["pollux.yaml:1:17 server.port: must be a whole number, not 80.5"],
    ],
    [
      "a port out of range",
      "server: { port: 70000 }",
      ["pollux.yaml:1:17 server.port: must be at most 65535, not 70000"],
    ],
    [
      "no weight",
      `${emulator}routes: [{ match: x, targets: [{ upstream: emu, weight: 0 }] }]`,
      ["pollux.yaml:2:57 routes[0].targets[0].weight: must be more than 0, not 0"],
    ],
    [
      "a list that is none",
      "server: { apiKeys: secret-value }",
      ['pollux.yaml:1:20 server.apiKeys: must be a list, not "secret-value"'],
    ],
    [
      "a bad location",
      "upstreams: { k: { kind: vertex, location: Europe } }",
      [
        'pollux.yaml:1:43 upstreams.k.location: "Europe" is not a Google Cloud location; write `global`, `us`, `eu` or a region such as `europe-west1`',
      ],
    ],
    [
      "a bad upstream name",
      "upstreams: { 1st: { kind: emulator } }",
      [
        'pollux.yaml:1:14 upstreams["1st"]: "1st" is not a name: a letter, then letters, digits, `.`, `_` or `-`',
      ],
    ],
    [
      "credentials in the clear",
      'upstreams: { k: { kind: vertex, baseUrl: "http://proxy.example" } }',
      [
        "pollux.yaml:1:42 upstreams.k.baseUrl: http://proxy.example would send credentials in the clear; use https://, or http:// to 127.0.0.1 or localhost.",
      ],
    ],
    [
      "a bad choice",
      `${emulator}routes: [{ match: x, targets: [{ upstream: emu }], choose: latancy }]`,
      [
        'pollux.yaml:2:60 routes[0].choose: "latancy" is not one of weighted, latency; did you mean "latency"?',
      ],
    ],
    [
      "an alias that is a number and one that is a list",
      `${emulator}models: { a: [x], b: { targets: 1 } }`,
      [
        "pollux.yaml:2:14 models.a: must be a model id or a mapping with `targets`",
        "pollux.yaml:2:33 models.b.targets: must be a list, not 1",
      ],
    ],
    [
      "a bad kind of credentials",
      "upstreams: { k: { kind: vertex, credentials: { kind: gclod } } }",
      [
        'pollux.yaml:1:54 upstreams.k.credentials.kind: "gclod" is not one of adc, service-account, file, metadata, federation, gcloud, token, impersonate, caller; did you mean "gcloud"?',
      ],
    ],
    [
      "a key file left out",
      "upstreams: { k: { kind: vertex, credentials: { kind: service-account } } }",
      ["pollux.yaml:1:33 upstreams.k.credentials.file: is missing"],
    ],
  ])("%s", (_name, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });

  test.each<[string, string, string]>([
    ["no mapping", "- a\n", "pollux.yaml:1:1: must be a mapping of keys to values, like `server:`"],
    ["plain text", "hello", "pollux.yaml:1:1: must be a mapping of keys to values, like `server:`"],
    [
      "a key twice",
      "server: {}\nlimits: {}\nserver: {}\n",
      "pollux.yaml:3:1 server: the key server is there already; keep one of the two",
    ],
    ["a tab", "server:\n\thost: x\n", "pollux.yaml:2:1: a tab is used for indentation; use spaces"],
    [
      "a merge key",
      "server: &s { port: 1 }\nlimits:\n  <<: *s\n",
      'pollux.yaml:3:3 limits["<<"]: merge keys are not supported; write the keys out, or repeat a whole value by an alias',
    ],
    ["an alias to nothing", "server: *s\n", "pollux.yaml:1:9 server: no anchor &s stands before this alias"],
    [
      "an alias within itself",
      "models: &m { a: *m }\n",
      "pollux.yaml:1:17 models.a: the alias *m repeats what it stands in",
    ],
    [
      "a tag",
      "server: !ruby/object {}\n",
      "pollux.yaml:1:9: tags (`!name`) are not supported; quote the value if it begins with `!`",
    ],
    [
      "binary",
      "server: { host: !!binary aGk= }\n",
      "pollux.yaml:1:26 server.host: the tag !!binary is not supported",
    ],
    [
      "two documents",
      "server: {}\n---\nserver: {}\n",
      "pollux.yaml:2:1: a second document begins here (`---`); a configuration is one document",
    ],
    [
      "YAML 1.1",
      "%YAML 1.1\n---\nserver: {}\n",
      "pollux.yaml:1:1: YAML 1.1 is not supported; remove the %YAML line",
    ],
    ["__proto__", "models: { __proto__: x }", "pollux.yaml:1:11 models.__proto__: cannot be used as a key"],
    ["a list as key", "? [a]\n: 1\n", "pollux.yaml:1:3: a key must be plain text"],
    [
      "a value with a colon",
      "server: a: b\n",
      "pollux.yaml:1:9: not YAML: a value holding `: ` needs quotes, and a nested mapping a line of its own",
    ],
    [
      "a bare reference within brackets",
      "server: { host: ${HOST} }\n",
      'pollux.yaml:1:18: not YAML: within { } and [ ], a reference needs quotes: "${NAME}"',
    ],
    ["an open quote", "server: { host: 'x }\n", "pollux.yaml:2:1: not YAML: Missing closing 'quote"],
  ])("%s", (_name, text, expected) => {
    expect(problemsOf(text)[0]).toBe(expected);
  });

  test("everything at once, in the order of the file", () => {
    const told = problemsOf(`
server: { port: x }
upstreams:
  bad: { kind: vertex, projct: p }
  good: { kind: emulator }
models:
  a: b
  b: a
  c: { targets: [{ upstream: goood, model: m }] }
`);
    expect(told.map((line) => line.split(": ")[0])).toEqual([
      "pollux.yaml:2:17 server.port",
      "pollux.yaml:4:24 upstreams.bad.projct",
      "pollux.yaml:7:3 models.a",
      "pollux.yaml:8:3 models.b",
      "pollux.yaml:9:20 models.c.targets[0].upstream",
    ]);
  });

  test("a file that is none", () => {
    const folder = configFolder();
    expect(message(join(folder.path, "none.yaml"))).toMatch(
      /none\.yaml: there is no such file; `pollux init`/,
    );
    expect(message(folder.path)).toMatch(/is a folder/);
    expect(message(folder.write("latin.yaml", Buffer.from([0x61, 0x3a, 0x20, 0xe9])))).toMatch(/UTF-8/);
    expect(message(folder.write("big.yaml", "#".repeat(1024 * 1024 + 1)))).toMatch(/larger than/);
  });
});

describe("parts that do not fit each other", () => {
  const upstreams = `upstreams:
  v: { kind: vertex, project: p, location: europe-west1 }
  g: { kind: gemini-api }
  e: { kind: vertex-endpoint, project: p, location: us-central1, endpoint: 1 }
  o: { kind: openai-compatible, baseUrl: "http://127.0.0.1:1/v1" }
`;
  const target = (text: string): string => `${upstreams}models: { a: { targets: [${text}] } }`;
  test.each<[string, string, (string | RegExp)[]]>([
    [
      "an unknown upstream",
      target("{ upstream: w, model: m }"),
      ['models.a.targets[0].upstream: there is no upstream "w"; did you mean "v"?'],
    ],
    [
      "an upstream like none",
      target("{ upstream: nothing }"),
      ['there is no upstream "nothing"; there are v, g, e, o'],
    ],
    [
      "Gemini without a model",
      target("{ upstream: v }, { upstream: g }"),
      ["models.a.targets[0]: model is missing", "models.a.targets[1]: model is missing"],
    ],
    ["servers without a model", target("{ upstream: e }, { upstream: o }"), []],
    [
      "a location for the Gemini API",
      target("{ upstream: g, model: m, location: eu }"),
      ["models.a.targets[0].location: the Gemini API does not let callers choose"],
    ],
    [
      "an endpoint elsewhere",
      target("{ upstream: e, location: eu }"),
      ["models.a.targets[0].location: e answers only in us-central1"],
    ],
    [
      "the same twice",
      target("{ upstream: v, model: m }, { upstream: v, model: m, location: europe-west1 }"),
      ["models.a.targets[1]: is targets[0] again"],
    ],
    [
      "nothing inside the fence",
      `${upstreams}routes: [{ match: x, targets: [{ upstream: v }, { upstream: g }], locations: [us] }]`,
      ["routes[0].locations: no target is in us: nothing could answer"],
    ],
    [
      "one inside the fence",
      `${upstreams}routes: [{ match: x, targets: [{ upstream: v }, { upstream: g }], locations: [europe-west1] }]`,
      [],
    ],
    [
      "a declared location inside the fence",
      `${upstreams}routes: [{ match: x, targets: [{ upstream: o, location: eu }], locations: [eu] }]`,
      [],
    ],
    [
      "provisioned throughput of no Vertex",
      `${upstreams}routes: [{ match: x, targets: [{ upstream: g }], provisioned: first }]`,
      ["routes[0].provisioned: needs a target of the kind vertex"],
    ],
    [
      "an alias of itself",
      `${upstreams}models: { a: a }`,
      ["models.a: the aliases lead back to themselves: a -> a"],
    ],
    [
      "a loop of three, entered from outside",
      `${upstreams}models: { x: a, a: b, b: c, c: a }`,
      ["models.a: ", "models.b: ", "models.c: "],
    ],
    [
      "aliases one after another",
      `${upstreams}models: { a: b, b: c, c: google/gemini-3.5-flash, constructor: a, toString: constructor }`,
      [],
    ],
    [
      "a key and a project",
      "upstreams: { v: { kind: vertex, apiKey: k, project: p, quotaProject: q, location: eu, credentials: { kind: gcloud } } }",
      [
        "upstreams.v.project: does not go with apiKey",
        "upstreams.v.location: must be global",
        "upstreams.v.quotaProject:",
        "upstreams.v.credentials: does not go",
      ].sort(),
    ],
    [
      "a host of no endpoint",
      'upstreams: { v: { kind: vertex-endpoint, project: p, location: eu, host: "https://x.example" } }',
      ["upstreams.v.host: belongs to one endpoint"],
    ],
  ])("%s", (_name, text, expected) => {
    const told = problemsOf(text).map((line) => line.replace(/^\S+ /, ""));
    expect(told).toHaveLength(expected.length);
    for (const part of expected) expect(told).toContainEqual(expect.stringContaining(String(part)));
  });

  test.each<[string, string, RegExp]>([
    [
      "a target outside the fence",
      `${upstreams}routes: [{ match: x, targets: [{ upstream: v }, { upstream: g }], locations: [europe-west1] }]`,
      /routes\[0\]\.targets\[1\]: is never used: its location is not known/,
    ],
    [
      "a route after everything",
      `${upstreams}routes: [{ match: "*", targets: [{ upstream: v }] }, { match: x, targets: [{ upstream: v }] }]`,
      /routes\[1\]\.match: is never reached: routes\[0\]/,
    ],
    [
      "a key over plain http",
      'upstreams: { o: { kind: openai-compatible, baseUrl: "http://gpu.example/v1", apiKey: k } }',
      /upstreams\.o\.baseUrl: plain http to another machine/,
    ],
    [
      "a key file that is not there",
      "upstreams: { v: { kind: vertex, credentials: { kind: file, file: none.json } } }",
      /none\.json does not exist/,
    ],
  ])("warns of %s", (_name, text, expected) => {
    expect(loadText(text).warnings.map(describeProblem)).toEqual([expect.stringMatching(expected)]);
  });
});
