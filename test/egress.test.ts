/** Where calls go, and what goes with them: only where the configuration says, and nothing of a caller's. Over sockets. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { configFrom, gatewayFrom } from "./support/gateway-from-yaml.ts";
import { sendText } from "./support/raw-http.ts";
import {
  recordingUpstream,
  type RecordingUpstream,
  type ScriptedResponse,
} from "./support/recording-upstream.ts";
import { post, type RunningGateway } from "./support/running-gateway.ts";

const ANSWER = JSON.stringify({
  candidates: [{ content: { role: "model", parts: [{ text: "Hi" }] }, finishReason: "STOP" }],
});
const COMPLETION = JSON.stringify({ object: "chat.completion", choices: [] });
const TOKEN = "canary-google-token";

// Without repeats: what is asked for once is sent once.
const UPSTREAMS = (url: string): string => `
limits: { retryBudget: 0 }
upstreams:
  vertex: { kind: vertex, project: my-project, location: us-central1, baseUrl: "${url}", credentials: { kind: token, token: ${TOKEN} }, allowedProjects: ["*"] }
  gemini: { kind: gemini-api, apiKeys: [${TOKEN}], baseUrl: "${url}" }
  partner: { kind: vertex-openapi, project: my-project, baseUrl: "${url}", models: [meta/m], credentials: { kind: token, token: ${TOKEN} } }
  deployed: { kind: vertex-endpoint, project: my-project, location: us-central1, endpoint: "42", host: "${url}", models: [d], credentials: { kind: token, token: ${TOKEN} } }
  vllm: { kind: openai-compatible, baseUrl: "${url}/v1", apiKey: ${TOKEN}, models: [v] }
`;
const ALIASES = `
models:
  to-vertex: vertex/gemini-2.5-flash
  to-gemini: gemini/gemini-2.5-flash
  to-partner: partner/meta/m
  to-deployed: deployed/d
  to-vllm: vllm/v
`;
const MODELS = ["to-vertex", "to-gemini", "to-partner", "to-deployed", "to-vllm"];

interface Scene {
  gateway: RunningGateway;
  upstream: RecordingUpstream;
}

async function scene(answer?: () => ScriptedResponse): Promise<Scene> {
  const upstream = await recordingUpstream(
    answer === undefined
      ? ({ url }) => ({ pieces: [url.includes(":generateContent") ? ANSWER : COMPLETION] })
      : answer,
  );
  const gateway = await gatewayFrom(UPSTREAMS(upstream.url) + ALIASES);
  onTestFinished(() => expect(gateway.bugs).toEqual([]));
  return { gateway, upstream };
}

/** Hears of every request that comes to it. */
async function canary(): Promise<{ url: string; host: string; heard: string[] }> {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
    response.end("{}");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `http://${host}`, host, heard };
}

const escape = (part: string): string => encodeURIComponent(part.toWellFormed());

const says = (model: string, more: object = {}): object => ({
  model,
  messages: [{ role: "user", content: "Hi" }],
  ...more,
});

test("S-24 no name leads to another host", async () => {
  const { gateway, upstream } = await scene();
  const other = await canary();
  const hostile = [
    `@${other.host}`,
    `@${other.host}/`,
    `x@${other.host}#`,
    `//${other.host}/`,
    `/../../../${other.host}`,
    `${other.host}#`,
    `${other.host}?`,
    `\\\\${other.host}\\`,
    "..%2f..%2f",
    "%2e%2e",
    `a\r\nHost: ${other.host}`,
    `a HTTP/1.1\r\nHost: ${other.host}\r\n\r\n`,
    "..;/",
    "a%00b",
  ];
  const name = fc.oneof(
    fc.constantFrom(...hostile),
    fc
      .tuple(
        fc.constantFrom(
          "google/",
          "gemini-",
          "models/",
          "endpoints/",
          "tunedModels/",
          "vllm/",
          "deployed/",
          "gemini/",
        ),
        fc.oneof(fc.constantFrom(...hostile), fc.webUrl()),
      )
      .map((parts) => parts.join("")),
    fc.string({ unit: "binary", maxLength: 30 }),
    fc.stringMatching(/^[a-z0-9@#?/\\.:%-]{1,20}$/),
    fc.constantFrom("gemini-2.5-flash", "us-central1", "my-project", "eu"),
  );
  const host = new URL(upstream.url).host;
  await fc.assert(
    fc.asyncProperty(name, name, name, name, async (model, project, location, endpoint) => {
      upstream.calls.length = 0;
      const parent = `/v1/projects/${escape(project)}/locations/${escape(location)}/endpoints`;
      await Promise.all([
        post(gateway, says(model)),
        post(gateway, says(model), { path: `${parent}/openapi/chat/completions` }),
        post(gateway, says("x"), { path: `${parent}/${escape(endpoint)}/chat/completions` }),
      ]);
      for (const call of upstream.calls) {
        expect(call.headers.host).toBe(host);
        // One request line, and nothing in it that another reader could take for something else.
        expect(call.url).toMatch(/^\/[A-Za-z0-9/._:~%-]+(?:\?alt=sse)?$/);
        expect(call.url).not.toMatch(/\.\.|%2e%2e|%2f|%5c|%0|\/\//i);
      }
    }),
    { numRuns: 60, seed: 24 },
  );
  expect(other.heard).toEqual([]);
});

test("S-24 the same, written into the request line as it is", async () => {
  const { gateway, upstream } = await scene();
  const other = await canary();
  const body = JSON.stringify(says("to-vertex"));
  for (const path of [
    `/v1/projects/a@${other.host}/locations/us-central1/endpoints/openapi/chat/completions`,
    `/v1/projects/a/locations/${other.host}%23/endpoints/openapi/chat/completions`,
    `/v1/projects/a/locations/us-central1/endpoints/..%2f..%2f@${other.host}/chat/completions`,
    `/v1/projects/a/locations/us-central1/endpoints/42%3f@${other.host}/chat/completions`,
    "/v1/projects/../locations/us-central1/endpoints/openapi/chat/completions",
    "/v1/projects/%2e%2e/locations/%2e%2e/endpoints/openapi/chat/completions",
    `/v1//${other.host}/chat/completions`,
    `http://${other.host}/v1/projects/%2e%2e/locations/a/endpoints/openapi/chat/completions`,
    `//${other.host}/v1/chat/completions`,
  ]) {
    const answer = await sendText(
      gateway.url,
      `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect([path, answer.slice(9, 12)]).toEqual([path, expect.stringMatching(/^40[0134]$/) as string]);
  }
  expect(upstream.calls).toEqual([]);
  expect(other.heard).toEqual([]);
});

test("S-24 a path that is good for another host goes to the host of the configuration all the same", async () => {
  const { gateway, upstream } = await scene();
  const other = await canary();
  const body = JSON.stringify(says("to-vertex"));
  const answer = await sendText(
    gateway.url,
    `POST ${other.url}/v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(upstream.calls[0]?.headers.host).toBe(new URL(upstream.url).host);
  expect(other.heard).toEqual([]);
});

describe("S-25 headers of callers", () => {
  const CALLERS: Record<string, string> = {
    authorization: "Bearer callers-secret",
    cookie: "session=callers-secret",
    "proxy-authorization": "Basic callers-secret",
    "x-api-key": "callers-secret",
    "api-key": "callers-secret",
    "x-goog-api-key": "callers-secret",
    "x-goog-user-project": "callers-secret",
    "x-goog-request-params": "callers-secret",
    "x-goog-iam-authorization-token": "callers-secret",
    "x-vertex-ai-llm-request-type": "callers-secret",
    "x-server-timeout": "600",
    "x-portkey-custom-host": "http://callers-secret.example",
    "x-portkey-provider": "callers-secret",
    "x-custom-host": "callers-secret.example",
    "x-base-url": "http://callers-secret.example",
    "x-forwarded-host": "callers-secret.example",
    "x-forwarded-for": "10.11.12.13",
    "x-forwarded-proto": "https",
    "x-original-url": "/callers-secret",
    "x-http-method-override": "DELETE",
    forwarded: "for=callers-secret",
    via: "1.1 callers-secret",
    "x-emulator-fault": "status=500",
    "x-stainless-lang": "callers-secret",
    "openai-organization": "callers-secret",
    "openai-beta": "callers-secret",
    "anthropic-version": "callers-secret",
    referer: "http://callers-secret.example/",
    "user-agent": "callers-secret/1.0",
    "accept-language": "callers-secret",
    te: "trailers",
    "x-anything": "callers-secret",
  };

  test.each(MODELS.flatMap((model) => [[model, false] as const, [model, true] as const]))(
    "S-25 %s, streamed %s",
    async (model, stream) => {
      const { gateway, upstream } = await scene();
      await (await post(gateway, says(model, { stream }), { headers: CALLERS })).text();
      const [call] = upstream.calls;
      expect(call?.method).toBe("POST");
      expect(JSON.stringify([call?.url, call?.headers])).not.toMatch(/callers-secret|10\.11\.12\.13|DELETE/);
      const expected = [
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "user-agent",
        "x-goog-api-key",
      ];
      expect(Object.keys(call?.headers ?? {}).filter((name) => !expected.includes(name))).toEqual([]);
    },
  );

  test("S-25 a header that the connection names is no other", async () => {
    const { gateway, upstream } = await scene();
    const body = JSON.stringify(says("to-vertex"));
    const answer = await sendText(
      gateway.url,
      `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close, authorization, x-secret\r\nX-Secret: callers-secret\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(upstream.calls[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(JSON.stringify(upstream.calls[0]?.headers)).not.toContain("callers-secret");
  });
});

describe("S-26 redirects of upstreams", () => {
  const rows = [301, 302, 303, 307, 308].flatMap((status) => MODELS.map((model) => [status, model] as const));

  test.each(rows)("S-26 %d to %s is followed by nobody", async (status, model) => {
    const other = await canary();
    const { gateway, upstream } = await scene(() => ({
      status,
      headers: { location: `${other.url}/v1/steal` },
      pieces: ['{"error":{"message":"moved"}}'],
    }));
    for (const stream of [false, true]) {
      const response = await post(gateway, says(model, { stream }));
      expect(response.status).toBeGreaterThanOrEqual(500);
      const text = await response.text();
      expect(JSON.parse(text)).toHaveProperty("error.message");
      expect(text + JSON.stringify([...response.headers])).not.toContain(other.host);
      expect(text).not.toContain(TOKEN);
    }
    expect(upstream.calls.length).toBeGreaterThan(1);
    expect(other.heard).toEqual([]);
  });

  test("S-26 neither where an upstream is asked what it has", async () => {
    const other = await canary();
    const upstream = await recordingUpstream(() => ({
      status: 307,
      headers: { location: `${other.url}/v1/models` },
      pieces: [],
    }));
    const gateway = await gatewayFrom(
      `upstreams: { vllm: { kind: openai-compatible, baseUrl: "${upstream.url}/v1", apiKey: ${TOKEN} } }`,
    );
    const response = await fetch(`${gateway.url}/v1/models`);
    await response.text();
    expect(upstream.calls.length).toBeGreaterThan(0);
    expect(upstream.calls[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(other.heard).toEqual([]);
  });
});

const twice = (model: string): string =>
  `{"model":"${model}","model":"to-vertex","messages":[{"role":"nobody"}],"temperature":"x","stream":true,` +
  `"messages":[{"role":"user","role":"user","content":"first","content":"last"}],"temperature":0.5,"stream":false}`;

test("S-33 a key twice: the gateway goes by the last, and sends what it went by", async () => {
  const { gateway, upstream } = await scene();
  const response = await post(gateway, twice("to-vllm"));
  expect([response.status, response.headers.get("x-pollux-attempts")]).toEqual([
    200,
    expect.stringContaining("vertex/") as string,
  ]);
  const [call] = upstream.calls;
  expect(call?.url).toContain(":generateContent");
  expect(JSON.parse(call?.body.toString() ?? "")).toMatchObject({
    contents: [{ role: "user", parts: [{ text: "last" }] }],
    generationConfig: { temperature: 0.5 },
  });
  // Validated by the last as well: a good one before it does not help.
  const refused = await post(gateway, twice("x").replace('"temperature":0.5', '"temperature":9'));
  expect(((await refused.json()) as { error: { param: string } }).error.param).toBe("temperature");

  // Bytes that go through name the model that the gateway chose by, as often as there is one.
  await post(gateway, '{"model":"to-vertex","messages":[],"model":"to-vllm"}');
  expect(upstream.calls.at(-1)?.body.toString()).toBe('{"model":"v","messages":[],"model":"v"}');
});

test("the configuration of these tests is one", () => {
  expect(Object.keys(configFrom(UPSTREAMS("http://127.0.0.1:1") + ALIASES).config.upstreams)).toHaveLength(5);
});
