/**
 * S-46: a canary in every place that something secret can be put, before upstreams that say everything back, and then
 * a look into everything the gateway lets out: its log, metrics, spans, the pages for operators, answers to others.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startEmulator, type Emulator } from "../src/emulator/server.ts";
import { sendRaw, sendText, type RawAnswer } from "./support/raw-http.ts";
import { servePollux, type ServedProcess } from "./support/served-process.ts";

/** The gateway's and its operator's: nobody is ever told. */
const OWN = {
  accessKey: "canary-access-key-5f2d8a",
  otherKey: "canary-other-access-key-77aa01",
  adminKey: "canary-admin-key-19fe55",
  upstreamKey: "canary-upstream-key-b81c04",
  geminiKey: "AIzaCanaryGeminiKey3c5d7e9f1a2b4c6d8e0f",
  collectorKey: "canary-collector-key-0d9e8f",
};
/** A caller's: told to nobody but, where an upstream says it back, the same caller. */
const CALLERS = {
  wrongKey: "canary-wrong-key-91c3e7",
  googleToken: "ya29.canary-token-2a9d4c6b8e",
  prompt: "canary prompt of a user 4b7e",
  argument: "canary-argument-c0ffee",
  header: "canary-header-value-3e3e3e",
  query: "canary-query-string-aa55aa",
  userinfo: "canary-userinfo-password-1b1b",
  user: "canary-end-user-id-6c6c6c",
};
const IMAGE = Buffer.from(`${CALLERS.prompt} as an image, long enough for a file of its own`).toString(
  "base64",
);

const body = (changes: object = {}): string =>
  JSON.stringify({
    model: "gemini-3.5-flash",
    messages: [
      { role: "system", content: CALLERS.prompt },
      {
        role: "user",
        content: [
          { type: "text", text: CALLERS.prompt },
          { type: "image_url", image_url: { url: `data:image/png;base64,${IMAGE}` } },
        ],
      },
      {
        role: "assistant",
        tool_calls: [
          { id: "c", type: "function", function: { name: "f", arguments: `{"a":"${CALLERS.argument}"}` } },
        ],
      },
      { role: "tool", tool_call_id: "c", content: CALLERS.argument },
      { role: "user", content: CALLERS.prompt },
    ],
    tools: [{ type: "function", function: { name: "f", description: CALLERS.prompt } }],
    user: CALLERS.user,
    metadata: { note: CALLERS.user },
    ...changes,
  });

const withUrl = (url: string): string =>
  body({ messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] });

/** Says back all it was sent, as an error in every form there is, by the path's first part. */
function sayBack(request: IncomingMessage, response: ServerResponse): void {
  let received = "";
  request.setEncoding("utf8").on("data", (text: string) => (received += text));
  request.on("end", () => {
    const mode = mode_;
    const message = `Bad request: ${JSON.stringify(request.headers)} ${received}`.slice(0, mode.length);
    const google = { error: { code: mode.status, message, status: "INVALID_ARGUMENT" } };
    const error =
      mode.form === "openai" ? { error: { message, type: "bad", code: "bad", param: null } } : google;
    if (mode.form === "stream") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`data: ${JSON.stringify(google)}\n\n`);
    } else if (mode.form === "page") {
      response.writeHead(mode.status, { "content-type": "text/html", "x-echo": "echo" });
      response.end(`<html><body>${message}</body></html>`);
    } else {
      response.writeHead(mode.status, { "content-type": "application/json" });
      response.end(JSON.stringify(error));
    }
  });
}

let mode_: { status: number; form: "google" | "openai" | "page" | "stream"; length: number } = {
  status: 400,
  form: "google",
  length: 10_000,
};

let folder: string;
let echo: Server;
let collector: Server;
let emulator: Emulator;
let pollux: ServedProcess;
let privateKey: string;
let spans = "";

async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pollux-canaries-"));
  echo = createServer(sayBack);
  collector = createServer((request, response) => {
    request.setEncoding("utf8").on("data", (text: string) => (spans += text));
    request.on("end", () => response.end("{}"));
  });
  const echoed = `http://127.0.0.1:${await portOf(echo)}`;
  emulator = await startEmulator({ requireAuth: "strict", paceMs: 0 });
  const key = (await emulator.createServiceAccount({ project: "emulated-project" })) as {
    private_key: string;
  };
  privateKey = key.private_key.split("\n")[1]!;
  expect(privateKey.length).toBeGreaterThan(40);
  writeFileSync(join(folder, "key.json"), JSON.stringify(key), { mode: 0o600 });
  const file = join(folder, "pollux.yaml");
  writeFileSync(
    file,
    `
server: { apiKeys: [${OWN.accessKey}, ${OWN.otherKey}], adminKeys: [${OWN.adminKey}] }
limits: { retryBudget: 0 }
tracing:
  endpoint: http://127.0.0.1:${await portOf(collector)}/v1/traces
  headers: { authorization: ${OWN.collectorKey} }
upstreams:
  google: { kind: vertex, project: p-1, baseUrl: "${echoed}", credentials: { kind: service-account, file: key.json } }
  callers: { kind: vertex, project: p-2, baseUrl: "${echoed}", credentials: { kind: caller } }
  key: { kind: gemini-api, baseUrl: "${echoed}", apiKeys: [${OWN.geminiKey}] }
  own: { kind: openai-compatible, baseUrl: "${echoed}/v1", apiKey: ${OWN.upstreamKey}, models: [own-model] }
  mended: { kind: openai-compatible, baseUrl: "${echoed}/v1", apiKey: ${OWN.upstreamKey}, models: [mended-model], repair: true }
`,
    { mode: 0o600 },
  );
  pollux = await servePollux({}, ["--config", file]);
}, 60_000);

afterAll(async () => {
  await pollux.stop();
  await emulator.close();
  echo.close();
  collector.close();
  rmSync(folder, { recursive: true });
}, 60_000);

function expectNone(text: string, canaries: Iterable<string>): void {
  for (const canary of canaries) expect(text).not.toContain(canary);
}

function ask(text: string, headers: Record<string, string> = {}, path?: string): Promise<RawAnswer> {
  return sendRaw(pollux.url, {
    path: path ?? `/v1/chat/completions?key=${CALLERS.query}`,
    headers: {
      authorization: `Bearer ${OWN.accessKey}`,
      "x-canary": CALLERS.header,
      "user-agent": CALLERS.header,
      cookie: `session=${CALLERS.header}`,
      baggage: `who=${CALLERS.header}`,
      tracestate: `t=${CALLERS.header}`,
      ...headers,
    },
    body: [text],
  });
}

/** What an answer may not hold whoever it is for. */
function refused(answer: RawAnswer): void {
  const told = answer.body + JSON.stringify(answer.headers);
  expect(told).toContain('"error"');
  expectNone(told, [...Object.values(OWN), privateKey, CALLERS.header, CALLERS.query]);
}

const STATUSES = [400, 401, 403, 404, 429, 500, 503];
const MODELS = ["google/gemini-3.5-flash", "key/gemini-3.5-flash", "own-model", "mended-model"];

describe("S-46 upstreams that say back all they are sent", () => {
  test.each(
    MODELS.flatMap((model) => (["google", "openai", "page"] as const).map((form) => [model, form] as const)),
  )("%s, as %s", async (model, form) => {
    for (const status of STATUSES) {
      for (const stream of [false, true]) {
        for (const length of [10_000, 300]) {
          mode_ = { status, form, length };
          refused(await ask(body({ model, stream })));
        }
      }
    }
  });

  test.each(MODELS.filter((model) => model !== "own-model"))("%s, inside a stream", async (model) => {
    mode_ = { status: 400, form: "stream", length: 10_000 };
    refused(await ask(body({ model, stream: true })));
    refused(await ask(body({ model })));
  });

  test("a caller's own token", async () => {
    const headers = {
      authorization: `Bearer ${CALLERS.googleToken}`,
      "x-pollux-api-key": OWN.accessKey,
    };
    for (const status of STATUSES) {
      mode_ = { status, form: "google", length: 10_000 };
      const answer = await ask(body({ model: "callers/gemini-3.5-flash" }), headers);
      refused(answer);
      expectNone(answer.body, [CALLERS.googleToken]);
    }
  });
});

describe("S-46 requests that are refused", () => {
  test.each<[string, () => Promise<RawAnswer>]>([
    ["a wrong key", () => ask(body(), { authorization: `Bearer ${CALLERS.wrongKey}` })],
    ["a wrong key as Basic", () => ask(body(), { authorization: `Basic ${CALLERS.wrongKey}` })],
    [
      "a key in the address",
      () => ask(body(), { authorization: "" }, `/v1/chat/completions?key=${CALLERS.wrongKey}`),
    ],
    ["no JSON", () => ask(`{"messages": ${CALLERS.prompt}`)],
    [
      "a password in an image's address",
      () => ask(withUrl(`ftp://user:${CALLERS.userinfo}@example.com/a.png`)),
    ],
    ["an unknown path", () => ask(body(), {}, `/v1/unknown?key=${CALLERS.query}`)],
    ["another media type", () => ask(body(), { "content-type": `text/${CALLERS.header}`.slice(0, 5) })],
    ["a wrong field", () => ask(body({ temperature: CALLERS.prompt, reasoning_effort: CALLERS.argument }))],
  ])("%s", async (_, send) => {
    const answer = await send();
    refused(answer);
    expectNone(answer.body, [CALLERS.wrongKey, CALLERS.userinfo]);
  });

  test("that are no HTTP", async () => {
    const answer = await sendText(
      pollux.url,
      `POST /v1/chat/completions?key=${CALLERS.query} HTTP/1.1\r\nAuthorization: Bearer ${OWN.accessKey}\r\nBad header ${CALLERS.header}\r\n\r\n${CALLERS.prompt}`,
    );
    expect(answer).toContain("refused.http");
    expectNone(answer, [...Object.values(OWN), ...Object.values(CALLERS)]);
  });
});

describe("S-46 after all of that", () => {
  const everything = (): string[] => [
    ...Object.values(OWN),
    ...Object.values(CALLERS),
    privateKey,
    IMAGE,
    IMAGE.slice(0, 40),
  ];

  test.each([
    "/metrics",
    "/admin/config",
    "/admin/auth",
    "/admin/routing",
    "/openapi.json",
    "/readyz",
    "/v1/models",
  ])("%s holds none", async (path) => {
    const key = /^\/(?:admin|metrics)/.test(path) ? OWN.adminKey : OWN.accessKey;
    const response = await fetch(pollux.url + path, { headers: { authorization: `Bearer ${key}` } });
    const text = await response.text();
    expect([response.status, text.length > 10]).toEqual([200, true]);
    expectNone(text + JSON.stringify([...response.headers]), everything());
    // Nor the access token that the service account was given.
    expect(text).not.toMatch(/ya29\./);
  });

  test("the log and the spans hold none, and tell of every request", async () => {
    await pollux.stop();
    const printed = pollux.printed();
    expectNone(printed, everything());
    expect(printed).not.toMatch(/ya29\.|BEGIN PRIVATE KEY|Bearer [\w.-]{8}/);
    const lines = printed.split("\n").filter((line) => line.startsWith("{"));
    const requests = lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === "request");
    expect(requests.length).toBeGreaterThan(350);
    const outcomes = new Set(requests.map(({ outcome }) => outcome));
    for (const outcome of [
      "upstream_refused",
      "upstream_error",
      "upstream_auth",
      "refused.access",
      "refused.http",
    ]) {
      expect(outcomes).toContain(outcome);
    }
    // What the operator needs is there all the same.
    expect(requests.some(({ upstream_said: said }) => String(said).includes("Bad request"))).toBe(true);
    expect(spans).toContain("gen_ai.request.model");
    expectNone(spans, everything());
  });
});
