import { describe, expect, test } from "vitest";
import { configFolder, loadText } from "../../test/support/config-folder.ts";
import { SettingsError } from "../settings.ts";
import type { ConfigFlags } from "./effective.ts";
import { type LoadedConfig, readConfig } from "./load.ts";
import { describeOrigin } from "./origin.ts";

const from = (loaded: LoadedConfig, ...path: string[]): string =>
  describeOrigin(loaded.originOf(path)).replace(/^.*\//, "");

describe("flag, environment, file, default", () => {
  const text =
    "server: { host: 10.0.0.1, port: 1 }\nupstreams: { v: { kind: vertex }, g: { kind: gemini-api } }\n";
  test("the file", () => {
    const loaded = loadText(text);
    expect(loaded.config.server).toMatchObject({ host: "10.0.0.1", port: 1 });
    expect(from(loaded, "server", "port")).toBe("pollux.yaml:1:33");
    expect(from(loaded, "server", "apiKeys")).toBe("default");
    expect(from(loaded, "limits", "timeouts", "idleMs")).toBe("default");
    expect(loaded.reason).toBe(loaded.file);
  });

  test("the environment wins over it, and flags over both", () => {
    const env = {
      HOST: "10.0.0.2",
      PORT: "2",
      POLLUX_WORKERS: "4",
      POLLUX_API_KEYS: "a,b",
      POLLUX_ADMIN_KEYS: "c",
      POLLUX_RETRY_BUDGET: "0.5",
    };
    const loaded = loadText(text, env, { port: "3" });
    expect(loaded.config.server).toEqual({
      host: "10.0.0.2",
      port: 3,
      workers: "4",
      apiKeys: ["a", "b"],
      adminKeys: ["c"],
    });
    expect(loaded.config.limits.retryBudget).toBe(0.5);
    expect(from(loaded, "server", "host")).toBe("HOST");
    expect(from(loaded, "server", "port")).toBe("--port");
    expect(describeOrigin(loaded.originOf(["server", "apiKeys", 1]))).toBe("POLLUX_API_KEYS");
  });

  test("workers are a number or a word, wherever they stand", () => {
    const inFile = (value: string): string => loadText(`server: { workers: ${value} }`).config.server.workers;
    expect([inFile("3"), inFile('"3"'), inFile("auto")]).toEqual(["3", "3", "auto"]);
    const loaded = loadText("server: { workers: 3 }", { POLLUX_WORKERS: "4" }, { workers: "auto" });
    expect(loaded.config.server.workers).toBe("auto");
    expect(from(loaded, "server", "workers")).toBe("--workers");
  });

  test("what the environment replaces need not be right", () => {
    const keys = 'server: { apiKeys: ["${NOT_SET}"] }\n';
    expect(loadText(keys, { POLLUX_API_KEYS: "k" }).config.server.apiKeys).toEqual(["k"]);
  });

  test("Google's variables fill in what an upstream leaves out, and replace nothing", () => {
    const loaded = loadText(
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
    const loaded = loadText(
      "upstreams: { g: { kind: gemini-api }, v: { kind: vertex, project: x } }",
      {},
      flags,
    );
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
    expect(() => loadText(text, env, flags)).toThrow(SettingsError);
    expect(() => loadText(text, env, flags)).toThrow(expected);
  });

  test("allowed projects hold for every upstream that has them", () => {
    const { config } = loadText(text, { POLLUX_ALLOWED_PROJECTS: "a,b/eu" });
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
