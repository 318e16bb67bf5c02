import * as fc from "fast-check";
import { expect, test } from "vitest";
import { configFolder, loadText, problemsOf } from "../../test/support/config-folder.ts";
import { ConfigError } from "./config-error.ts";
import { loadConfig } from "./load.ts";

const emulator = "upstreams: { emu: { kind: emulator } }\n";

test("an empty file is the environment alone", () => {
  for (const text of ["", "# nothing\n", "---\n", "{}"]) {
    const { config, reason } = loadText(text, { GEMINI_API_KEY: "k" });
    expect(config.upstreams).toEqual({ "gemini-api": { kind: "gemini-api", apiKeys: ["k"] } });
    expect(config.server).toEqual({
      host: "127.0.0.1",
      port: 4364,
      workers: "1",
      apiKeys: [],
      adminKeys: [],
    });
    expect(reason).toBe("GEMINI_API_KEY is set");
  }
});

test("every kind of upstream, with what is left out", () => {
  const { config, warnings } = loadText(`
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
  const { config } = loadText(`
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

test("the configuration is frozen, and callers' words find nothing in it", () => {
  const { config } = loadText(`${emulator}models: { constructor: x }`);
  expect(Object.isFrozen(config.upstreams.emu)).toBe(true);
  expect(config.upstreams["constructor"]).toBeUndefined();
  expect(config.models["constructor"]).toBe("x");
  expect(config.models["toString"]).toBeUndefined();
});

test("aliases repeat values, within bounds", () => {
  const { config } = loadText(
    `upstreams: { a: { kind: vertex, credentials: &c { kind: token, token: t } }, b: { kind: vertex, credentials: *c } }`,
  );
  expect(config.upstreams.b).toMatchObject({ credentials: { kind: "token", token: "t" } });
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x,x]",
    ..."bcdefgh".split("").map((name, index) => `${name}: &${name} [${`*${"abcdefg"[index]},`.repeat(10)}]`),
  ].join("\n");
  expect(problemsOf(bomb)).toEqual([expect.stringMatching(/more than 50000 values; do aliases repeat/)]);
  expect(problemsOf(`a: ${"[".repeat(5000)}`)[0]).toMatch(/nested/);
  expect(problemsOf(`a: ${"[".repeat(30)}${"]".repeat(30)}`)[0]).toMatch(/nested more than 20 deep/);
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
