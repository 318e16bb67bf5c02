import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { configFolder } from "../../test/support/config-folder.ts";
import { SettingsError } from "../settings.ts";
import { ConfigError, describeProblem } from "./config-error.ts";
import type { ConfigFlags } from "./effective.ts";
import { type LoadedConfig, loadConfig, readConfig } from "./load.ts";
import { describeOrigin } from "./origin.ts";

/** Loads a text as `pollux.yaml`; places in messages are then `pollux.yaml:1:1`. */
function load(text: string, env: Record<string, string> = {}, flags: ConfigFlags = {}): LoadedConfig {
  return loadConfig(configFolder().write("pollux.yaml", text), env, flags);
}

/** Every problem, one a line, with the folder of the test taken off. */
function problems(text: string, env: Record<string, string> = {}): string[] {
  try {
    load(text, env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.replaceAll(/\S*\/(?=pollux\.yaml)/g, "").split("\n");
  }
  return [];
}

const emulator = "upstreams: { emu: { kind: emulator } }\n";

test("an empty file is the environment alone", () => {
  for (const text of ["", "# nothing\n", "---\n", "{}"]) {
    const { config, reason } = load(text, { GEMINI_API_KEY: "k" });
    expect(config.upstreams).toEqual({ "gemini-api": { kind: "gemini-api", apiKeys: ["k"] } });
    expect(config.server).toEqual({ host: "127.0.0.1", port: 4364, apiKeys: [] });
    expect(reason).toBe("GEMINI_API_KEY is set");
  }
});

test("every kind of upstream, with what is left out", () => {
  const { config, warnings } = load(`
upstreams:
  main: { kind: vertex, project: my-project }
  keys: { kind: gemini-api, apiKeys: [a, b] }
  llama: { kind: vertex-endpoint, project: 123456789012, location: europe-west4, endpoint: 1234567890123456789 }
  partner: { kind: vertex-openapi, project: p, location: us-central1, credentials: { kind: gcloud } }
  vllm: { kind: openai-compatible, baseUrl: "http://127.0.0.1:8000/v1/" }
  tiny: { kind: local, file: ./model.gguf }
  emu: { kind: emulator }
`);
  expect(config.upstreams).toEqual({
    main: { kind: "vertex", project: "my-project", location: "global", credentials: { kind: "adc" } },
    keys: { kind: "gemini-api", apiKeys: ["a", "b"] },
    llama: {
      kind: "vertex-endpoint",
      project: "123456789012",
      location: "europe-west4",
      // More digits than a number holds.
      endpoint: "1234567890123456789",
      credentials: { kind: "adc" },
    },
    partner: {
      kind: "vertex-openapi",
      project: "p",
      location: "us-central1",
      credentials: { kind: "gcloud" },
      repair: true,
    },
    vllm: { kind: "openai-compatible", baseUrl: "http://127.0.0.1:8000/v1", repair: false },
    tiny: { kind: "local", file: expect.stringMatching(/^\/.*\/model\.gguf$/), queue: 16 },
    emu: { kind: "emulator" },
  });
  expect(Object.keys(config.upstreams)).toEqual(["main", "keys", "llama", "partner", "vllm", "tiny", "emu"]);
  expect(warnings.map(({ message }) => message)).toEqual([
    expect.stringContaining("model.gguf does not exist"),
  ]);
});

test("routes and aliases, with what is left out", () => {
  const { config } = load(`
${emulator}models:
  gpt-4o: google/gemini-3.5-flash
  fast: { targets: [{ upstream: emu, model: gemini-3.5-flash }] }
routes:
  - { match: "google/*", targets: [{ upstream: emu, weight: 0.5, priority: 2 }], sticky: conversation }
`);
  expect(config.models).toEqual({
    "gpt-4o": "google/gemini-3.5-flash",
    fast: {
      targets: [{ upstream: "emu", model: "gemini-3.5-flash", weight: 1, priority: 1 }],
      choose: "weighted",
      sticky: "off",
    },
  });
  expect(config.routes).toEqual([
    {
      match: "google/*",
      targets: [{ upstream: "emu", weight: 0.5, priority: 2 }],
      choose: "weighted",
      sticky: "conversation",
    },
  ]);
});

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
      ["pollux.yaml:1:1 zzzzzz: unknown key; known are server, limits, upstreams, models, routes"],
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
    expect(problems(text)).toEqual(expected);
  });

  test.each<[string, string, string]>([
    ["no mapping", "- a\n", "pollux.yaml:1:1: must be a mapping of keys to values, like `server:`"],
    ["plain text", "hello", "pollux.yaml:1:1: must be a mapping of keys to values, like `server:`"],
    [
      "a key twice",
      "server: {}\nlimits: {}\nserver: {}\n",
      "pollux.yaml:3:1: the key server is there already; keep one of the two",
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
    expect(problems(text)[0]).toBe(expected);
  });

  test("everything at once, in the order of the file", () => {
    const told = problems(`
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
    const message = (path: string): string => {
      try {
        loadConfig(path, {});
      } catch (error) {
        if (error instanceof ConfigError) return error.message;
        throw error;
      }
      return "";
    };
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
      ["models.a: the alias leads back to itself: a -> a"],
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
    const told = problems(text).map((line) => line.replace(/^\S+ /, ""));
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
    expect(load(text).warnings.map(describeProblem)).toEqual([expect.stringMatching(expected)]);
  });
});

describe("references", () => {
  const openai = (field: string): string =>
    `upstreams:\n  o: { kind: openai-compatible, baseUrl: "https://x.example/v1", ${field} }\n`;

  test("variables stand in any value, and become the type that is wanted", () => {
    const { config } = load(
      `
server: { host: "\${HOST_PART}.\${DOMAIN:-local}", port: "\${PORT_NUMBER}" }
upstreams: { o: { kind: "\${KIND}", baseUrl: "https://\${NAME}/v1", repair: "\${REPAIR:-true}", models: ["\${M}", "$\${M}"] } }
limits:
  retryBudget: \${BUDGET:-0.5}
`,
      { HOST_PART: "a", PORT_NUMBER: "81", KIND: "openai-compatible", NAME: "n.example", M: "m1" },
    );
    expect(config.server).toMatchObject({ host: "a.local", port: 81 });
    expect(config.limits.retryBudget).toBe(0.5);
    expect(config.upstreams.o).toMatchObject({
      baseUrl: "https://n.example/v1",
      repair: true,
      models: ["m1", "${M}"],
    });
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ["${NONE}", {}, /the environment variable NONE is not set; set it, or write \$\{NONE:-default\}/],
    ["${EMPTY}", { EMPTY: "" }, /EMPTY is not set/],
    ["${toString}", {}, /toString is not set/],
    ["${__proto__}", {}, /__proto__ is not set/],
    ["${}", {}, /"\$\{\}" is not a reference/],
    ["${A B}", {}, /is not a reference/],
    ["${A", { A: "x" }, /is not a reference/],
    ["file:", {}, /needs a path/],
    ["file:none", {}, /none cannot be read \(ENOENT\)/],
    ["file:.", {}, /is not a file/],
  ])("refuses %s", (reference, env, expected) => {
    const told = problems(openai(`apiKey: "${reference}"`), env);
    expect(told).toEqual([expect.stringMatching(expected)]);
    expect(told[0]).toMatch(/^pollux\.yaml:2:\d+ upstreams\.o\.apiKey: /);
  });

  test("secrets from files, relative to the configuration", () => {
    const folder = configFolder();
    const key = folder.write("key", "s3cret\n");
    const loaded = loadConfig(folder.write("pollux.yaml", openai('apiKey: "file:${DIR:-.}/key"')), {});
    expect(loaded.config.upstreams.o).toMatchObject({ apiKey: "s3cret" });
    expect(loaded.dependsOn).toEqual([join(folder.path, "pollux.yaml"), key]);
    expect(loaded.warnings).toEqual([]);
  });

  test("a variable cannot point at a file", () => {
    const { config } = load(openai('apiKey: "${KEY}"'), { KEY: "file:/etc/hostname" });
    expect(config.upstreams.o).toMatchObject({ apiKey: "file:/etc/hostname" });
  });

  test("only secrets are read from files", () => {
    expect(load(openai('models: ["file:x"]')).config.upstreams.o).toMatchObject({ models: ["file:x"] });
  });

  test.each<[number, boolean]>([
    [0o600, false],
    [0o400, false],
    [0o640, true],
    [0o644, true],
  ])("a secret's file of mode %o warns: %s", (mode, warns) => {
    const folder = configFolder();
    folder.write("key", "s3cret", mode);
    folder.write("sa.json", "{}", mode);
    const file = folder.write(
      "pollux.yaml",
      `${openai('apiKey: "file:key"')}  v: { kind: vertex, credentials: { kind: service-account, file: sa.json } }`,
    );
    const told = loadConfig(file, {}).warnings.map(describeProblem);
    expect(told).toHaveLength(warns ? 2 : 0);
    if (warns) {
      expect(told[0]).toMatch(
        /upstreams\.o\.apiKey: .*key can be read by other users of this machine \(mode 06[04]{2}\); run `chmod 600 /,
      );
      expect(told[1]).toMatch(/upstreams\.v\.credentials\.file: .*sa\.json can be read/);
    }
  });

  test("no problem quotes a secret", () => {
    const folder = configFolder();
    folder.write("bad-key", "s3cret é");
    const texts = [
      openai("apiKey: s3creté"),
      openai('apiKey: "file:bad-key"'),
      openai('apiKey: "${SECRET}"'),
      openai("apiKey: { s3cret: 1 }"),
      'upstreams: { v: { kind: vertex, project: "${SECRET}", location: "${SECRET}", credentials: { kind: token, token: "s3cret é" } } }',
      openai('apiKey: "s3cret" s3cret'),
      openai('apiKey: "s3cret\\q"'),
    ];
    for (const text of texts) {
      let told = "";
      try {
        loadConfig(folder.write("pollux.yaml", text), { SECRET: "s3cret é" });
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        told = String(error);
      }
      expect(told).not.toBe("");
      // The key of a mapping is no value.
      expect(told.replace("apiKey.s3cret", "")).not.toContain("s3cret");
    }
  });
});

describe("flag, environment, file, default", () => {
  const text =
    "server: { host: 10.0.0.1, port: 1 }\nupstreams: { v: { kind: vertex }, g: { kind: gemini-api } }\n";
  const from = (loaded: LoadedConfig, ...path: string[]): string =>
    describeOrigin(loaded.originOf(path)).replace(/^.*\//, "");

  test("the file", () => {
    const loaded = load(text);
    expect(loaded.config.server).toMatchObject({ host: "10.0.0.1", port: 1 });
    expect(from(loaded, "server", "port")).toBe("pollux.yaml:1:33");
    expect(from(loaded, "server", "apiKeys")).toBe("default");
    expect(from(loaded, "limits", "timeouts", "idleMs")).toBe("default");
    expect(loaded.reason).toBe(loaded.file);
  });

  test("the environment wins over it, and flags over both", () => {
    const env = { HOST: "10.0.0.2", PORT: "2", POLLUX_API_KEYS: "a,b", POLLUX_RETRY_BUDGET: "0.5" };
    const loaded = load(text, env, { port: "3" });
    expect(loaded.config.server).toEqual({ host: "10.0.0.2", port: 3, apiKeys: ["a", "b"] });
    expect(loaded.config.limits.retryBudget).toBe(0.5);
    expect(from(loaded, "server", "host")).toBe("HOST");
    expect(from(loaded, "server", "port")).toBe("--port");
    expect(describeOrigin(loaded.originOf(["server", "apiKeys", 1]))).toBe("POLLUX_API_KEYS");
  });

  test("what the environment replaces need not be right", () => {
    const keys = 'server: { apiKeys: ["${NOT_SET}"] }\n';
    expect(load(keys, { POLLUX_API_KEYS: "k" }).config.server.apiKeys).toEqual(["k"]);
  });

  test("Google's variables fill in what an upstream leaves out, and replace nothing", () => {
    const loaded = load(
      "upstreams: { a: { kind: vertex, project: mine, location: us }, b: { kind: vertex }, c: { kind: vertex, apiKey: k } }",
      { GOOGLE_CLOUD_PROJECT: "ambient", GOOGLE_CLOUD_LOCATION: "eu", GEMINI_API_KEY: "k" },
    );
    expect(loaded.config.upstreams).toMatchObject({
      a: { project: "mine", location: "us" },
      b: { project: "ambient", location: "eu" },
      c: { location: "global" },
    });
    expect(from(loaded, "upstreams", "b", "project")).toBe("GOOGLE_CLOUD_PROJECT");
  });

  test("--upstream names the default, --project and --location change it", () => {
    const flags = { upstream: "v", project: "p", location: "eu" };
    const loaded = load("upstreams: { g: { kind: gemini-api }, v: { kind: vertex, project: x } }", {}, flags);
    expect(Object.keys(loaded.config.upstreams)).toEqual(["v", "g"]);
    expect(loaded.config.upstreams.v).toMatchObject({ project: "p", location: "eu" });
    expect(loaded.reason).toBe("--upstream is v");
  });

  test.each<[Record<string, string>, ConfigFlags, RegExp]>([
    [
      {},
      { upstream: "vv" },
      /--upstream: "vv" is not an upstream of the configuration file; did you mean "v"\?/,
    ],
    [{ POLLUX_UPSTREAM: "emulator" }, {}, /POLLUX_UPSTREAM: .*it has v, g\./],
    [{}, { upstream: "g", project: "p" }, /--project: the default upstream "g" takes none/],
    [{}, { emulatorScript: "s.yaml" }, /--emulator-script: .*no upstream of the kind emulator/],
    [{ PORT: "x" }, {}, /PORT: "x" is not a whole number/],
  ])("refuses %j %j", (env, flags, expected) => {
    expect(() => load(text, env, flags)).toThrow(SettingsError);
    expect(() => load(text, env, flags)).toThrow(expected);
  });

  test("allowed projects hold for every upstream that has them", () => {
    const { config } = load(text, { POLLUX_ALLOWED_PROJECTS: "a,b/eu" });
    expect(config.upstreams).toMatchObject({
      v: { allowedProjects: ["a", "b/eu"] },
      g: { allowedProjects: ["a", "b/eu"] },
    });
  });
});

describe("the environment alone", () => {
  test.each<[Record<string, string>, ConfigFlags, object]>([
    [{}, {}, { emulator: { kind: "emulator" } }],
    [{}, { emulatorScript: "/s.yaml" }, { emulator: { kind: "emulator", script: "/s.yaml" } }],
    [{ GOOGLE_API_KEY: "k" }, {}, { "gemini-api": { kind: "gemini-api", apiKeys: ["k"] } }],
    [
      { GOOGLE_CLOUD_PROJECT: "p", GOOGLE_CLOUD_QUOTA_PROJECT: "q" },
      { location: "eu" },
      {
        vertex: {
          kind: "vertex",
          project: "p",
          location: "eu",
          quotaProject: "q",
          credentials: { kind: "adc" },
        },
      },
    ],
    [
      { GOOGLE_APPLICATION_CREDENTIALS: "/k.json", GOOGLE_VERTEX_BASE_URL: "https://proxy.example/" },
      {},
      {
        vertex: {
          kind: "vertex",
          location: "global",
          baseUrl: "https://proxy.example",
          credentials: { kind: "file", file: "/k.json" },
        },
      },
    ],
    [
      { GOOGLE_GENAI_USE_VERTEXAI: "true", GOOGLE_API_KEY: "k", GOOGLE_CLOUD_LOCATION: "us" },
      {},
      { vertex: { kind: "vertex", apiKey: "k", location: "global", credentials: { kind: "adc" } } },
    ],
  ])("%j %j", (env, flags, expected) => {
    const { config, file, dependsOn } = readConfig(env, flags);
    expect(config.upstreams).toEqual(expected);
    expect({ file, dependsOn }).toEqual({ file: undefined, dependsOn: [] });
  });

  test("POLLUX_CONFIG names the file, --config another", () => {
    const folder = configFolder();
    const one = folder.write("one.yaml", "server: { port: 1 }");
    const two = folder.write("two.yaml", "server: { port: 2 }");
    expect(readConfig({ POLLUX_CONFIG: one }).config.server.port).toBe(1);
    expect(readConfig({ POLLUX_CONFIG: one }, {}, two).config.server.port).toBe(2);
    expect(readConfig({ POLLUX_CONFIG: " " }).file).toBeUndefined();
  });

  test("a variable that is no configuration is told by its name", () => {
    expect(() => readConfig({ GOOGLE_CLOUD_PROJECT: "not a project" })).toThrow(
      'GOOGLE_CLOUD_PROJECT upstreams.vertex.project: "not a project" is not a Google Cloud project',
    );
  });
});

test("the configuration is frozen, and callers' words find nothing in it", () => {
  const { config } = load(`${emulator}models: { constructor: x }`);
  expect(Object.isFrozen(config.upstreams.emu)).toBe(true);
  expect(config.upstreams["constructor"]).toBeUndefined();
  expect(config.models["constructor"]).toBe("x");
  expect(config.models["toString"]).toBeUndefined();
});

test("aliases repeat values, within bounds", () => {
  const { config } = load(
    `upstreams: { a: { kind: vertex, credentials: &c { kind: token, token: t } }, b: { kind: vertex, credentials: *c } }`,
  );
  expect(config.upstreams.b).toMatchObject({ credentials: { kind: "token", token: "t" } });
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x,x]",
    ..."bcdefgh".split("").map((name, index) => `${name}: &${name} [${`*${"abcdefg"[index]},`.repeat(10)}]`),
  ].join("\n");
  expect(problems(bomb)).toEqual([expect.stringMatching(/more than 50000 values; do aliases repeat/)]);
  expect(problems(`a: ${"[".repeat(5000)}`)[0]).toMatch(/nested/);
  expect(problems(`a: ${"[".repeat(30)}${"]".repeat(30)}`)[0]).toMatch(/nested more than 20 deep/);
});

test("any text is a configuration or a ConfigError, never anything else", () => {
  const folder = configFolder();
  const piece = fc.constantFrom(
    "server:",
    "upstreams:",
    "models:",
    "routes:",
    "  a:",
    "    kind: vertex",
    "    - ",
    "{",
    "}",
    "[",
    "]",
    ": ",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "${A}",
    "file:",
    "'",
    '"',
    "\n",
    "\t",
    "#",
    "|",
    ">",
    "? ",
    "~",
    "1e9",
    "kind: ",
    "targets: ",
    "match: ",
    "__proto__: ",
    "constructor: ",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 25 }), (pieces) => {
      const file = folder.write("pollux.yaml", pieces.join(""));
      try {
        expect(loadConfig(file, { A: "x" }).config.server.port).toBeTypeOf("number");
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        expect(error.problems.length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 500 },
  );
});

test("any values are a configuration or a ConfigError", () => {
  const folder = configFolder();
  const key = fc.constantFrom(
    "kind",
    "targets",
    "upstream",
    "a",
    "server",
    "upstreams",
    "models",
    "routes",
    "match",
    "credentials",
    "apiKeys",
    "limits",
    "timeouts",
    "constructor",
  );
  const scalar = fc.oneof(
    fc.constantFrom("vertex", "a", "gemini-api", "adc", "", null, 0, -1, true),
    fc.string({ maxLength: 4 }),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      scalar,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(key, value), (config) => {
      try {
        loadConfig(folder.write("pollux.yaml", JSON.stringify(config)), {});
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        for (const { message } of error.problems)
          expect(message).not.toMatch(/undefined|\[object|Invalid input/);
      }
    }),
    { numRuns: 500 },
  );
});
