/** Every path, every refusal: what a client can reach and what it gets when it may not. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startConfigured } from "./support/configured-gateway.ts";
import { sendRaw, sendText } from "./support/raw-http.ts";
import { post, startGateway, type RunningGateway } from "./support/running-gateway.ts";

const HELLO = { model: "google/gemini-2.5-flash", messages: [{ role: "user", content: "Hello there" }] };
const SCOPE = "projects/some-project/locations/us-central1/endpoints";

let gateway: RunningGateway;
let guarded: RunningGateway;

beforeAll(async () => {
  gateway = await startGateway();
  guarded = await startConfigured(`
server: { apiKeys: [key-one, key-two] }
limits: { maxBodyBytes: 2000, failedKeysPerSecond: 1000 }
upstreams: { emulator: { kind: emulator } }`);
});

afterAll(async () => {
  await gateway.close();
  await guarded.close();
  expect([...gateway.bugs, ...guarded.bugs]).toEqual([]);
});

interface ErrorAnswer {
  error: { message: string; type: string; param: string | null; code: string | null };
}

async function expectError(
  response: Response,
  status: number,
  code: string | null,
): Promise<ErrorAnswer["error"]> {
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  expect(response.headers.get("x-request-id")).toMatch(/^req_\w{24}$/);
  const { error } = (await response.json()) as ErrorAnswer;
  expect(Object.keys(error).toSorted()).toEqual(["code", "message", "param", "type"]);
  expect(error.code).toBe(code);
  expect(error.message.length).toBeGreaterThan(10);
  return error;
}

describe("paths to the one handler", () => {
  test.each([
    "/v1/chat/completions",
    "/chat/completions",
    "/v1/chat/completions?api-version=1",
    "/v1/chat/completions/",
    "/v1beta/openai/chat/completions",
    `/v1/${SCOPE}/openapi/chat/completions`,
    `/v1beta1/${SCOPE}/openapi/chat/completions`,
  ])("%s", async (path) => {
    const response = await post(gateway, HELLO, { path });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-request-id")).toMatch(/^req_\w{24}$/);
    const completion = (await response.json()) as { object: string; model: string };
    expect(completion).toMatchObject({ object: "chat.completion", model: HELLO.model });
  });

  test("the project and location of a Vertex path are honoured", async () => {
    await post(gateway, HELLO, { path: `/v1/${SCOPE}/openapi/chat/completions` });
    const last = gateway.composed.emulator!.requests.at(-1)!;
    expect(last.url).toContain(
      "/projects/some-project/locations/us-central1/publishers/google/models/gemini-2.5-flash",
    );
  });

  test.each([
    ["v1", { messages: HELLO.messages }],
    ["v1beta1", { model: "gemma-2-9b-it", messages: HELLO.messages }],
  ])("a self-deployed endpoint under %s", async (version, body) => {
    const response = await post(gateway, body, { path: `/${version}/${SCOPE}/1234567890/chat/completions` });
    expect(response.status).toBe(200);
    const completion = (await response.json()) as { choices: { message: { content: string } }[] };
    expect(completion.choices[0]!.message.content.length).toBeGreaterThan(0);
    const last = gateway.composed.emulator!.requests.at(-1)!;
    expect(last.url).toContain(`/${version}/${SCOPE}/1234567890/chat/completions`);
    expect(last.body).toEqual(body);
  });

  test("a self-deployed endpoint streams", async () => {
    const response = await post(
      gateway,
      { stream: true, messages: HELLO.messages },
      { path: `/v1beta1/projects/p1-abc/locations/global/endpoints/42/chat/completions` },
    );
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const text = await response.text();
    expect(text.match(/^data: \{/gm)!.length).toBeGreaterThan(2);
    expect(text.trimEnd().endsWith("data: [DONE]")).toBe(true);
  });
});

describe("S-24 ids that are no ids", () => {
  test.each([
    ["project", `/v1/projects/a%2Fb/locations/us-central1/endpoints/openapi/chat/completions`],
    ["project", `/v1/projects/..%2f..%2fx/locations/us-central1/endpoints/openapi/chat/completions`],
    ["location", `/v1/projects/some-project/locations/evil.example%23/endpoints/openapi/chat/completions`],
    ["location", `/v1/projects/some-project/locations/a%40b/endpoints/openapi/chat/completions`],
    ["endpoint", `/v1/projects/some-project/locations/us-central1/endpoints/1%3Fx/chat/completions`],
    ["endpoint", `/v1/projects/some-project/locations/us-central1/endpoints/%0d%0aHost:x/chat/completions`],
  ])("%s in %s", async (param, path) => {
    const before = gateway.composed.emulator!.requestCount;
    const error = await expectError(await post(gateway, HELLO, { path }), 400, null);
    expect(error.param).toBe(param);
    expect(gateway.composed.emulator!.requestCount).toBe(before);
  });

  test.each(["google/../../x", "gemini?x=1", "gemini-2.5-flash#", "a\\b", "gemini%2f", "x\r\ny", ""])(
    "model %j",
    async (model) => {
      const before = gateway.composed.emulator!.requestCount;
      const error = await expectError(await post(gateway, { ...HELLO, model }), 400, null);
      expect(error.param).toBe("model");
      expect(gateway.composed.emulator!.requestCount).toBe(before);
    },
  );
});

describe("models", () => {
  test("the list has what OpenAI's clients and OpenRouter's read", async () => {
    const response = await fetch(`${gateway.url}/v1/models`);
    const list = (await response.json()) as { object: string; data: Record<string, unknown>[] };
    expect(list.object).toBe("list");
    expect(list.data.length).toBeGreaterThan(10);
    const flash = list.data.find(({ id }) => id === "google/gemini-3.5-flash")!;
    expect(flash).toMatchObject({ object: "model", owned_by: "google", context_length: 1_048_576 });
    expect(flash["supported_parameters"]).toContain("reasoning_effort");
    // What the model refuses is not listed for it.
    expect(flash["supported_parameters"]).not.toContain("logprobs");
    const older = list.data.find(({ id }) => id === "google/gemini-2.5-flash")!;
    expect(older["supported_parameters"]).toContain("logprobs");
    expect(flash["architecture"]).toMatchObject({ output_modalities: ["text"] });
  });

  test.each([
    "google/gemini-3.5-flash",
    "google%2Fgemini-3.5-flash",
    "gemini-3.5-flash",
    "models/gemini-3.5-flash",
  ])("one model as %s", async (id) => {
    const response = await fetch(`${gateway.url}/v1/models/${id}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ id: "google/gemini-3.5-flash", object: "model" });
  });

  test("an unknown one is a 404 that names the nearest", async () => {
    const error = await expectError(
      await fetch(`${gateway.url}/v1/models/gemini-3.5-flahs`),
      404,
      "model_not_found",
    );
    expect(error.message).toContain("gemini-3.5-flash");
  });
});

describe("health and interface", () => {
  test.each(["/healthz", "/readyz"])("%s", async (path) => {
    const response = await fetch(gateway.url + path);
    expect(response.status).toBe(200);
    expect(response.headers.get("x-request-id")).toMatch(/^req_/);
  });

  test("answers are what /openapi.json says they are", async () => {
    const document = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, unknown>;
      components: { schemas: Record<string, object> };
    };
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths)).toContain("/v1/models/{model}");
    const ajv = new Ajv2020({ strict: false });
    const valid = (name: string, value: unknown): void => {
      const validate = ajv.compile(document.components.schemas[name]!);
      validate(value);
      expect(validate.errors ?? []).toEqual([]);
    };
    valid("ModelList", await (await fetch(`${gateway.url}/v1/models`)).json());
    valid("ChatCompletionRequest", HELLO);
    valid("ChatCompletion", await (await post(gateway, HELLO)).json());
    valid("Error", await (await post(gateway, {})).json());
    const stream = await (await post(gateway, { ...HELLO, stream: true })).text();
    const frames = stream.split("\n\n").filter((frame) => frame.startsWith("data: {"));
    expect(frames.length).toBeGreaterThan(2);
    for (const frame of frames) valid("ChatCompletionChunk", JSON.parse(frame.slice(6)));
  });
});

describe("refusals, all in OpenAI's shape", () => {
  test("404", async () => {
    await expectError(await fetch(`${gateway.url}/v1/nothing`), 404, "unknown_url");
    await expectError(await post(gateway, HELLO, { path: "/v1/completions/more" }), 404, "unknown_url");
  });

  test.each([
    ["GET", "/v1/chat/completions", "POST"],
    ["DELETE", "/v1/models", "GET, HEAD"],
    ["PUT", `/v1/${SCOPE}/openapi/chat/completions`, "POST"],
    ["POST", "/v1/models", "GET, HEAD"],
  ])("405 for %s %s", async (method, path, allow) => {
    const response = await fetch(gateway.url + path, { method });
    await expectError(response, 405, "method_not_allowed");
    expect(response.headers.get("allow")).toBe(allow);
  });

  test("S-42 TRACE and CONNECT", async () => {
    const { status, body } = await sendRaw(gateway.url, { method: "TRACE", path: "/v1/models" });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(JSON.parse(body)).toHaveProperty("error.message");
    const answer = await sendText(
      gateway.url,
      "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 405 /);
    expect(answer).toContain('"code":"method_not_allowed"');
  });

  test.each([
    ["an announced body", { "content-length": "3000" }],
    ["a chunked body", { "transfer-encoding": "chunked" }],
  ])("S-30 413 for %s over the limit", async (_, headers) => {
    const { status, body } = await sendRaw(guarded.url, {
      method: "POST",
      path: "/v1/chat/completions",
      headers: { ...headers, authorization: "Bearer key-one", "content-type": "application/json" },
      body: ["x".repeat(3000)],
    });
    expect(status).toBe(413);
    expect(JSON.parse(body)).toMatchObject({
      error: { code: "request_too_large", type: "invalid_request_error" },
    });
  });

  test.each([
    ["text/plain", 415],
    ["multipart/form-data; boundary=x", 415],
    ["application/json; charset=latin1", 415],
    ["application/json; charset=UTF-8", 200],
    ["application/vnd.api+json", 200],
    ["application/x-www-form-urlencoded", 200],
  ])("S-43 content-type %s", async (type, status) => {
    const response = await post(gateway, HELLO, { headers: { "content-type": type } });
    expect(response.status).toBe(status);
  });

  test("a web page of another origin cannot post a form", async () => {
    const response = await post(gateway, HELLO, {
      headers: { "content-type": "application/x-www-form-urlencoded", origin: "https://evil.example" },
    });
    await expectError(response, 415, "unsupported_media_type");
  });

  test("S-40 compressed bodies", async () => {
    await expectError(
      await post(gateway, HELLO, { headers: { "content-encoding": "gzip" } }),
      415,
      "unsupported_media_type",
    );
  });

  test("431 for headers over the limit", async () => {
    const answer = await sendText(
      gateway.url,
      `GET /v1/models HTTP/1.1\r\nHost: localhost\r\nx-big: ${"a".repeat(20_000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain('"code":"headers_too_large"');
  });

  test.each([
    ["both lengths", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["two lengths", "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"],
    ["an unknown coding", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"],
  ])("S-41 %s", async (_, rest) => {
    const answer = await sendText(
      gateway.url,
      `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n${rest}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"error"');
  });
});

describe("access", () => {
  test.each([["Bearer key-one"], ["bearer key-two"], ["Bearer  key-two"]])(
    "a good key: %s",
    async (authorization) => {
      expect((await post(guarded, HELLO, { headers: { authorization } })).status).toBe(200);
    },
  );

  test.each([
    [""],
    ["Bearer"],
    ["Bearer "],
    ["Bearer key-three"],
    ["Bearer key-one,key-two"],
    ["Basic a2V5LW9uZQ=="],
    ["key-one"],
  ])("S-01 a bad key: %j", async (authorization) => {
    const error = await expectError(
      await post(guarded, HELLO, { headers: { authorization } }),
      401,
      "invalid_api_key",
    );
    expect(error.message).not.toContain("key-");
  });

  test("S-02 metacharacters in a key", async () => {
    for (const key of ["'%20OR%201=1--", "%00", "{{7*7}}", "key-one%00"]) {
      await expectError(
        await post(guarded, HELLO, { headers: { authorization: `Bearer ${key}` } }),
        401,
        "invalid_api_key",
      );
    }
  });

  test("the models need a key too, health does not", async () => {
    await expectError(await fetch(`${guarded.url}/v1/models`), 401, "invalid_api_key");
    expect((await fetch(`${guarded.url}/healthz`)).status).toBe(200);
  });

  test("S-13 without keys only localhost is answered", async () => {
    for (const path of ["/v1/models", "/healthz"]) {
      const { status, body } = await sendRaw(gateway.url, {
        method: "GET",
        path,
        headers: { host: "evil.example" },
      });
      expect(status).toBe(403);
      expect(JSON.parse(body)).toMatchObject({ error: { code: "host_not_allowed" } });
    }
    const { status } = await sendRaw(gateway.url, {
      method: "POST",
      path: "/v1/chat/completions",
      headers: { host: "evil.example:80", "content-type": "application/json" },
      body: [JSON.stringify(HELLO)],
    });
    expect(status).toBe(403);
    expect(
      (await sendRaw(gateway.url, { method: "GET", path: "/healthz", headers: { host: "localhost:9999" } }))
        .status,
    ).toBe(200);
  });

  test("S-15 listening for others without a key is refused, with the fix", async () => {
    await expect(startGateway({ HOST: "0.0.0.0" })).rejects.toThrow(/POLLUX_API_KEYS/);
  });
});
