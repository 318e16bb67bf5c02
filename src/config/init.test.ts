import { describe, expect, test } from "vitest";
import { configFolder } from "../../test/support/config-folder.ts";
import { initialConfig } from "./init.ts";
import { type LoadedConfig, loadConfig } from "./load.ts";
import type { LocalServer } from "./local-servers.ts";
import { describeSurroundings, lookAround } from "./surroundings.ts";

const ollama: LocalServer = {
  product: "Ollama",
  name: "ollama",
  baseUrl: "http://127.0.0.1:11434/v1",
  models: ["qwen3:8b", "123", "null"],
};

interface Machine {
  env?: Record<string, string>;
  login?: object | string;
  servers?: LocalServer[];
}

/** The file written on such a machine, and what it loads as there. */
function init({ env = {}, login, servers = [] }: Machine): { text: string; loaded: LoadedConfig } {
  const folder = configFolder();
  const file =
    login === undefined
      ? undefined
      : folder.write("login.json", typeof login === "string" ? login : JSON.stringify(login));
  const text = initialConfig(lookAround(env, file, servers));
  return { text, loaded: loadConfig(folder.write("pollux.yaml", text), env) };
}

const login = { type: "authorized_user", quota_project_id: "login-project", refresh_token: "s3cret" };

describe("the file loads as it is, with the upstreams that were found, the best first", () => {
  test.each<[string, Machine, object]>([
    ["nothing", {}, { emulator: { kind: "emulator" } }],
    [
      "a project",
      { env: { GOOGLE_CLOUD_PROJECT: "p", GOOGLE_CLOUD_LOCATION: "eu" } },
      { vertex: { kind: "vertex", project: "p", location: "eu" } },
    ],
    ["a project of digits", { env: { GOOGLE_CLOUD_PROJECT: "123456" } }, { vertex: { project: "123456" } }],
    ["a login", { login }, { vertex: { kind: "vertex", project: "login-project", location: "global" } }],
    [
      "a service account",
      {
        env: { GOOGLE_APPLICATION_CREDENTIALS: "/k.json" },
        login: { type: "service_account", project_id: "sa" },
      },
      { vertex: { project: "sa" } },
    ],
    ["a login that is no JSON", { login: "s3cret" }, { emulator: { kind: "emulator" } }],
    [
      "a key",
      { env: { GEMINI_API_KEY: "s3cret" } },
      { "gemini-api": { kind: "gemini-api", apiKeys: ["s3cret"] } },
    ],
    ["a key and a login", { env: { GEMINI_API_KEY: "s3cret" }, login }, { "gemini-api": {}, vertex: {} }],
    [
      "a project and a key",
      { env: { GOOGLE_CLOUD_PROJECT: "p", GOOGLE_API_KEY: "s3cret" } },
      { vertex: {}, "gemini-api": { apiKeys: ["s3cret"] } },
    ],
    [
      "express mode",
      { env: { GOOGLE_GENAI_USE_VERTEXAI: "true", GOOGLE_API_KEY: "s3cret" } },
      { vertex: { apiKey: "s3cret" } },
    ],
    ["callers' keys", { env: { POLLUX_UPSTREAM: "gemini-api" } }, { "gemini-api": { apiKeys: [] } }],
    [
      "a local server",
      { servers: [ollama] },
      { ollama: { kind: "openai-compatible", models: ollama.models } },
    ],
    ["a login and a local server", { login, servers: [ollama] }, { vertex: {}, ollama: {} }],
    [
      "the emulator by name",
      { env: { POLLUX_UPSTREAM: "emulator", GEMINI_API_KEY: "s3cret" } },
      { emulator: {}, "gemini-api": {} },
    ],
  ])("%s", (_name, machine, upstreams) => {
    const { text, loaded } = init(machine);
    expect(loaded.config.upstreams).toMatchObject(upstreams);
    expect(Object.keys(loaded.config.upstreams)).toEqual(Object.keys(upstreams));
    expect(text).not.toContain("s3cret");
    expect(text.split("\n")[0]).toBe("# yaml-language-server: $schema=./pollux.schema.json");
    expect(loaded.warnings).toEqual([]);
  });
});

test("models of a server beside the default are routed to it", () => {
  const { config } = init({ env: { GEMINI_API_KEY: "k" }, servers: [ollama] }).loaded;
  expect(config.routes.map(({ match, targets }) => [match, targets[0]?.upstream])).toEqual([
    ["qwen3:8b", "ollama"],
    ["123", "ollama"],
    ["null", "ollama"],
  ]);
  expect(init({ servers: [ollama] }).loaded.config.models).toEqual({ "gpt-4o": "qwen3:8b" });
});

test("what is commented out loads too, once it is not", () => {
  for (const machine of [{}, { env: { GOOGLE_CLOUD_PROJECT: "p", GEMINI_API_KEY: "k" } }, { login }]) {
    const { text } = init(machine);
    const folder = configFolder();
    const routes = text.slice(text.indexOf("# routes:")).replaceAll(/^# /gm, "");
    const uncommented = `${text.slice(0, text.indexOf("# routes:"))}${routes}`;
    const { config } = loadConfig(folder.write("pollux.yaml", uncommented), { GEMINI_API_KEY: "k" });
    expect(config.routes).toHaveLength(1);
    expect(uncommented).not.toContain("# routes");
  }
});

test("no name of a file ends a comment", () => {
  const found = lookAround({ GOOGLE_CLOUD_PROJECT: "p" }, undefined, []);
  const text = initialConfig({
    ...found,
    login: { file: "/a\nserver: { port: 1 }", type: undefined, project: undefined },
  });
  expect(loadConfig(configFolder().write("pollux.yaml", text), {}).config.server.port).toBe(4364);
});

test("what was found is told, without secrets", () => {
  const folder = configFolder();
  const file = folder.write("login.json", JSON.stringify(login));
  const env = { GEMINI_API_KEY: "s3cret", POLLUX_API_KEYS: "s3cret", GOOGLE_CLOUD_LOCATION: "eu" };
  const models = Array.from({ length: 7 }, (_, index) => `m${index}`);
  expect(describeSurroundings(lookAround(env, file, [{ ...ollama, models }]))).toEqual([
    `Google credentials (authorized_user) in ${file}`,
    `project login-project, from ${file}`,
    "location eu, from GOOGLE_CLOUD_LOCATION",
    "a Gemini API key in GEMINI_API_KEY",
    "Ollama at http://127.0.0.1:11434/v1: m0, m1, m2, m3, m4 and 2 more",
    "access keys for callers in POLLUX_API_KEYS",
  ]);
});
