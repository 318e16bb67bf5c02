import { expect, test } from "vitest";
import { checkListen, isLoopback, readSettings, SettingsError } from "./settings.ts";

const file = { GOOGLE_APPLICATION_CREDENTIALS: "/k.json" };
const project = { GOOGLE_CLOUD_PROJECT: "p" };
const key = { GEMINI_API_KEY: "k" };
const vertexTrue = { GOOGLE_GENAI_USE_VERTEXAI: "true" };
const vertexFalse = { GOOGLE_GENAI_USE_VERTEXAI: "false" };

test.each<[string, Record<string, string>, string]>([
  ["nothing", {}, "emulator"],
  ["empty variables", { GOOGLE_CLOUD_PROJECT: "", GEMINI_API_KEY: " ", POLLUX_UPSTREAM: "" }, "emulator"],
  ["only a location", { GOOGLE_CLOUD_LOCATION: "us" }, "emulator"],
  ["a gcloud login alone", { HOME: "/home/somebody-signed-in" }, "emulator"],
  ["a Gemini key", key, "gemini-api"],
  ["a Google key", { GOOGLE_API_KEY: "k" }, "gemini-api"],
  ["a project", project, "vertex"],
  ["a credential file", file, "vertex"],
  ["a project and a key", { ...project, ...key }, "vertex"],
  ["a credential file and a key", { ...file, ...key }, "vertex"],
  ["vertex asked for", vertexTrue, "vertex"],
  ["vertex asked for with 1", { GOOGLE_GENAI_USE_VERTEXAI: "1" }, "vertex"],
  ["vertex asked for in capitals", { GOOGLE_GENAI_USE_VERTEXAI: "TRUE" }, "vertex"],
  ["enterprise asked for", { GOOGLE_GENAI_USE_ENTERPRISE: "true" }, "vertex"],
  [
    "enterprise wins over vertex",
    { GOOGLE_GENAI_USE_ENTERPRISE: "false", ...vertexTrue, ...key },
    "gemini-api",
  ],
  ["vertex asked for with a key", { ...vertexTrue, ...key }, "express"],
  ["vertex asked for with a key and a project", { ...vertexTrue, ...key, ...project }, "vertex"],
  ["vertex asked for with a key and a file", { ...vertexTrue, ...key, ...file }, "vertex"],
  ["vertex refused, a project", { ...vertexFalse, ...project }, "emulator"],
  ["vertex refused, a project and a key", { ...vertexFalse, ...project, ...key }, "gemini-api"],
  ["the emulator by name", { POLLUX_UPSTREAM: "emulator", ...vertexTrue, ...project, ...key }, "emulator"],
  ["vertex by name", { POLLUX_UPSTREAM: "vertex", ...vertexFalse }, "vertex"],
  ["vertex by name with a key", { POLLUX_UPSTREAM: "vertex", ...key }, "express"],
  ["the Gemini API by name", { POLLUX_UPSTREAM: "gemini-api", ...vertexTrue, ...project }, "gemini-api"],
])("%s", (_name, env, expected) => {
  const { upstream } = readSettings(env);
  const express = upstream.kind === "vertex" && upstream.apiKey !== undefined;
  expect(express ? "express" : upstream.kind).toBe(expected);
  expect(upstream.reason).not.toBe("");
});

test("the settings of an empty environment", () => {
  const settings = readSettings({});
  expect(settings).toMatchObject({ host: "127.0.0.1", port: 4364, apiKeys: [], allowedProjects: undefined });
  expect(settings.maxBodyBytes).toBe(50_000_000);
  expect(settings.timeouts).toEqual({ connectMs: 5_000, firstByteMs: 570_000, idleMs: 600_000, totalMs: 0 });
});

test("everything set", () => {
  const settings = readSettings({
    HOST: "0.0.0.0",
    PORT: "0",
    POLLUX_WORKERS: "auto",
    POLLUX_API_KEYS: " one, two ,,",
    POLLUX_ADMIN_KEYS: "three",
    POLLUX_ALLOWED_PROJECTS: "a, b/eu ,*",
    POLLUX_MAX_BODY_BYTES: "1024",
    POLLUX_CONNECT_TIMEOUT_MS: "1",
    POLLUX_FIRST_BYTE_TIMEOUT_MS: "2",
    POLLUX_IDLE_TIMEOUT_MS: "3",
    POLLUX_TOTAL_TIMEOUT_MS: "4",
    POLLUX_UPSTREAM_CONNECTIONS: "5",
    POLLUX_HTTP_CLIENT: "http1",
    POLLUX_RETRY_BUDGET: "0.5",
    POLLUX_LOG_LEVEL: "warn",
    POLLUX_LOG_REQUESTS: "errors",
    POLLUX_METRICS_PORT: "9464",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/",
    OTEL_EXPORTER_OTLP_HEADERS: "Authorization=Bearer%2Dsecret, x-team = a%3Db",
    GOOGLE_CLOUD_PROJECT: "p",
    GOOGLE_CLOUD_LOCATION: "europe-west1",
    GOOGLE_CLOUD_QUOTA_PROJECT: "q",
    GOOGLE_APPLICATION_CREDENTIALS: "/k.json",
    GOOGLE_VERTEX_BASE_URL: "https://proxy.example/google/",
  });
  expect(settings).toEqual({
    host: "0.0.0.0",
    port: 0,
    workers: "auto",
    apiKeys: ["one", "two"],
    adminKeys: ["three"],
    allowedProjects: [
      { project: "a", location: undefined },
      { project: "b", location: "eu" },
      { project: "*", location: undefined },
    ],
    maxBodyBytes: 1024,
    timeouts: { connectMs: 1, firstByteMs: 2, idleMs: 3, totalMs: 4 },
    upstreamConnections: 5,
    httpClient: "http1",
    retryBudget: 0.5,
    log: { level: "warn", requests: "errors" },
    metricsPort: 9464,
    tracing: {
      endpoint: "http://collector:4318/v1/traces",
      headers: { authorization: "Bearer-secret", "x-team": "a=b" },
    },
    upstream: {
      kind: "vertex",
      reason: "GOOGLE_APPLICATION_CREDENTIALS is set",
      project: "p",
      location: "europe-west1",
      apiKey: undefined,
      baseUrl: "https://proxy.example/google",
      credentialsFile: "/k.json",
      quotaProject: "q",
    },
  });
});

test("flags win over variables", () => {
  const env = {
    HOST: "10.0.0.1",
    PORT: "1",
    POLLUX_WORKERS: "1",
    POLLUX_UPSTREAM: "emulator",
    GOOGLE_CLOUD_LOCATION: "us",
  };
  const settings = readSettings(env, {
    host: "::1",
    port: 2,
    workers: 4,
    upstream: "vertex",
    project: "q",
    location: "eu",
  });
  expect(settings).toMatchObject({
    host: "::1",
    port: 2,
    workers: "4",
    upstream: { kind: "vertex", project: "q", location: "eu" },
  });
});

test("GOOGLE_API_KEY wins over GEMINI_API_KEY", () => {
  expect(readSettings({ GOOGLE_API_KEY: "google", GEMINI_API_KEY: "gemini" }).upstream).toMatchObject({
    apiKey: "google",
    reason: "GOOGLE_API_KEY is set",
  });
});

test.each<[Record<string, string>, string, RegExp]>([
  [{ PORT: "http" }, "PORT", /"http" is not a whole number from 0 to 65535/],
  [{ PORT: "70000" }, "PORT", /70000/],
  [{ PORT: "-1" }, "PORT", /-1/],
  [{ PORT: "1e3" }, "PORT", /1e3/],
  [{ PORT: "12.5" }, "PORT", /12\.5/],
  [{ POLLUX_WORKERS: "0" }, "POLLUX_WORKERS", /"0" is neither a whole number from 1 to 999 nor auto/],
  [{ POLLUX_MAX_BODY_BYTES: "5MB" }, "POLLUX_MAX_BODY_BYTES", /5MB/],
  [{ POLLUX_IDLE_TIMEOUT_MS: "99999999999999" }, "POLLUX_IDLE_TIMEOUT_MS", /from 0 to/],
  [{ POLLUX_RETRY_BUDGET: "20%" }, "POLLUX_RETRY_BUDGET", /"20%" is not a number from 0 to 1/],
  [{ POLLUX_RETRY_BUDGET: "1.1" }, "POLLUX_RETRY_BUDGET", /1\.1/],
  [{ POLLUX_UPSTREAM: "openai" }, "POLLUX_UPSTREAM", /emulator, vertex, gemini-api/],
  [{ GOOGLE_GENAI_USE_VERTEXAI: "maybe" }, "GOOGLE_GENAI_USE_VERTEXAI", /true or false/],
  [{ POLLUX_ALLOWED_PROJECTS: "a/b/c" }, "POLLUX_ALLOWED_PROJECTS", /a\/b\/c/],
  [{ POLLUX_ALLOWED_PROJECTS: "a/" }, "POLLUX_ALLOWED_PROJECTS", /project\/location/],
  [{ ...vertexTrue, GOOGLE_VERTEX_BASE_URL: "proxy" }, "GOOGLE_VERTEX_BASE_URL", /not a URL/],
  [
    { ...vertexTrue, GOOGLE_VERTEX_BASE_URL: "http://proxy.example" },
    "GOOGLE_VERTEX_BASE_URL",
    /in the clear/,
  ],
  [
    { ...vertexTrue, GOOGLE_VERTEX_BASE_URL: "http://127.0.0.1.evil.example" },
    "GOOGLE_VERTEX_BASE_URL",
    /clear/,
  ],
  [{ ...vertexTrue, GOOGLE_VERTEX_BASE_URL: "ftp://127.0.0.1" }, "GOOGLE_VERTEX_BASE_URL", /in the clear/],
  [{ ...vertexTrue, GOOGLE_VERTEX_BASE_URL: "https://a@b.example" }, "GOOGLE_VERTEX_BASE_URL", /no user/],
  [{ ...key, GOOGLE_GEMINI_BASE_URL: "https://b.example?x=1" }, "GOOGLE_GEMINI_BASE_URL", /query/],
])("refuses %j", (env, variable, message) => {
  const error = catchError(() => readSettings(env));
  expect(error).toBeInstanceOf(SettingsError);
  expect(error).toMatchObject({ variable, message: expect.stringMatching(message) });
});

test.each(["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", "https://x.example/a/b"])(
  "takes the base URL %s",
  (url) => {
    expect(readSettings({ ...key, GOOGLE_GEMINI_BASE_URL: `${url}/` }).upstream).toMatchObject({
      baseUrl: url,
    });
  },
);

test("no message holds a secret", () => {
  const secret = "s3cr3t\u00e9value";
  for (const env of [
    { POLLUX_API_KEYS: `good,${secret}` },
    { ...vertexTrue, GOOGLE_VERTEX_BASE_URL: `https://user:${secret}@x.example` },
    { ...vertexTrue, GOOGLE_VERTEX_BASE_URL: `https://x.example?key=${secret}` },
  ]) {
    const error = catchError(() => readSettings(env));
    expect(error).toBeInstanceOf(SettingsError);
    expect(String(error)).not.toContain("s3cr3t");
  }
});

test.each<[string, boolean]>([
  ["127.0.0.1", true],
  ["127.1.2.3", true],
  ["localhost", true],
  ["LOCALHOST", true],
  ["::1", true],
  ["[::1]", true],
  ["0.0.0.0", false],
  ["::", false],
  ["10.0.0.1", false],
  ["127.0.0.1.example", false],
  ["localhost.example", false],
  ["", false],
])("loopback: %s is %s", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

test("listening beyond this machine needs an access key", () => {
  expect(() => checkListen({ host: "0.0.0.0", apiKeys: [] })).toThrow(/POLLUX_API_KEYS.*127\.0\.0\.1/s);
  expect(() => checkListen({ host: "0.0.0.0", apiKeys: ["k"] })).not.toThrow();
  expect(() => checkListen({ host: "127.0.0.1", apiKeys: [] })).not.toThrow();
});

function catchError(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
