import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { AuthenticationError, OpenAI } from "openai";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createClient, withToken } from "./create-client.ts";

let origin: string;
let tokens = 0;
let lifetimeS = 3600;
let refused = new Set<string>();
const requests: { path: string; headers: IncomingHttpHeaders; body: string }[] = [];

/** Google, small: a token endpoint, and Vertex AI's Chat Completions endpoint, which checks the token. */
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    response.setHeader("content-type", "application/json");
    if (request.url === "/token") {
      tokens += 1;
      response.end(
        JSON.stringify({ access_token: `token-${tokens}`, expires_in: lifetimeS, token_type: "Bearer" }),
      );
      return;
    }
    requests.push({
      path: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    });
    if (refused.has(request.headers.authorization ?? "")) {
      response.writeHead(401).end(JSON.stringify({ error: { message: "token refused" } }));
      return;
    }
    const message = { role: "assistant", content: "blue", refusal: null };
    const choice = { index: 0, message, finish_reason: "stop", logprobs: null };
    response.end(
      JSON.stringify({ id: "1", object: "chat.completion", created: 1, model: "m", choices: [choice] }),
    );
  });
});

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  for (const name of ["GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_LOCATION", "OPENAI_BASE_URL"])
    vi.stubEnv(name, "");
  vi.stubEnv("GOOGLE_CLOUD_PROJECT", "env-project");
  vi.stubEnv("GOOGLE_VERTEX_BASE_URL", origin);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  tokens = 0;
  lifetimeS = 3600;
  refused = new Set();
  requests.length = 0;
});

const credentials = (changes: object = {}): object => ({
  type: "authorized_user",
  client_id: "id",
  client_secret: "hush",
  refresh_token: "refresh",
  quota_project_id: "billed",
  token_uri: `${origin}/token`,
  ...changes,
});
const question = {
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user" as const, content: "Why is the sky blue?" }],
};

test("talks to Vertex AI's Chat Completions endpoint as the signed-in user", async () => {
  vi.stubEnv("OPENAI_ORG_ID", "org");
  vi.stubEnv("OPENAI_PROJECT_ID", "openai-project");
  const client = await createClient({ credentials: credentials() });
  expect(client).toBeInstanceOf(OpenAI);
  const completion = await client.chat.completions.create(question);
  expect(completion.choices[0]?.message.content).toBe("blue");
  expect(requests[0]?.path).toBe(
    "/v1/projects/env-project/locations/global/endpoints/openapi/chat/completions",
  );
  expect(requests[0]?.headers).toMatchObject({
    authorization: "Bearer token-1",
    "x-goog-user-project": "billed",
  });
  expect(requests[0]?.headers).not.toHaveProperty("openai-organization");
  expect(requests[0]?.headers).not.toHaveProperty("openai-project");
  expect(JSON.parse(requests[0]?.body ?? "")).toMatchObject(question);
});

test("project, location and a self-deployed endpoint can be chosen", async () => {
  const client = await createClient({
    credentials: credentials(),
    project: "p",
    location: "us-east1",
    endpointId: "42",
  });
  await client.chat.completions.create(question);
  expect(requests[0]?.path).toBe("/v1/projects/p/locations/us-east1/endpoints/42/chat/completions");
});

test("Google's host, when nothing else is said", async () => {
  vi.stubEnv("GOOGLE_VERTEX_BASE_URL", "");
  const client = await createClient({ credentials: credentials(), location: "eu" });
  expect(client.baseURL).toBe(
    "https://aiplatform.eu.rep.googleapis.com/v1/projects/env-project/locations/eu/endpoints/openapi",
  );
});

test("a whole base URL, and the SDK's other options, are taken as they are", async () => {
  const client = await createClient({
    credentials: credentials(),
    baseURL: `${origin}/my/path`,
    maxRetries: 7,
    defaultHeaders: { "x-mine": "1" },
  });
  await client.chat.completions.create(question);
  expect(client.maxRetries).toBe(7);
  expect(requests[0]?.path).toBe("/my/path/chat/completions");
  expect(requests[0]?.headers["x-mine"]).toBe("1");
});

test("one token serves all calls until it is old; then the next call has a new one", async () => {
  lifetimeS = 60;
  const client = await createClient({ credentials: credentials() });
  await Promise.all(Array.from({ length: 10 }, () => client.chat.completions.create(question)));
  expect(tokens).toBe(1);
  lifetimeS = 3600;
  const now = Date.now.bind(Date);
  vi.spyOn(Date, "now").mockImplementation(() => now() + 61_000);
  await client.chat.completions.create(question);
  expect(requests.at(-1)?.headers.authorization).toBe("Bearer token-2");
});

test("a refused token is replaced and the request repeated, unseen by the SDK", async () => {
  const client = await createClient({ credentials: credentials(), maxRetries: 0 });
  await client.chat.completions.create(question);
  refused.add("Bearer token-1");
  const completion = await client.chat.completions.create(question);
  expect(completion.choices[0]?.message.content).toBe("blue");
  expect(requests.map(({ headers }) => headers.authorization)).toEqual([
    "Bearer token-1",
    "Bearer token-1",
    "Bearer token-2",
  ]);
  expect(requests[2]?.body).toBe(requests[1]?.body);
});

test("a token refused again is the caller's to see", async () => {
  refused = new Set(["Bearer token-1", "Bearer token-2"]);
  const client = await createClient({ credentials: credentials(), maxRetries: 0 });
  await expect(client.chat.completions.create(question)).rejects.toBeInstanceOf(AuthenticationError);
  expect(requests).toHaveLength(2);
});

test("the class can be passed in", async () => {
  class Mine extends OpenAI {}
  const client = await createClient({ credentials: credentials(), OpenAI: Mine });
  expect(client).toBeInstanceOf(Mine);
});

test("S-28: the token goes to its own host only", async () => {
  const sent: string[] = [];
  const send = withToken(
    {
      headers: () => Promise.resolve({ authorization: "Bearer secret" }),
      renew: () => Promise.resolve(false),
    },
    "https://aiplatform.googleapis.com",
    (input) => {
      sent.push(String(input));
      return Promise.resolve(new Response("ok"));
    },
  );
  await send("https://aiplatform.googleapis.com/v1/x");
  for (const url of [
    "https://evil.example/v1/x",
    "http://aiplatform.googleapis.com/v1/x",
    "https://aiplatform.googleapis.com:8443/",
  ]) {
    await expect(send(url)).rejects.toThrow(/was not sent/);
  }
  await expect(send(new Request("https://evil.example/"))).rejects.toThrow(/was not sent/);
  expect(sent).toEqual(["https://aiplatform.googleapis.com/v1/x"]);
});

test("a body that can be read only once is not repeated", async () => {
  let calls = 0;
  const send = withToken(
    { headers: () => Promise.resolve({ authorization: "Bearer t" }), renew: () => Promise.resolve(true) },
    origin,
    () => {
      calls += 1;
      return Promise.resolve(new Response("no", { status: 401 }));
    },
  );
  const stream = new Blob(["x"]).stream();
  expect((await send(origin, { method: "POST", body: stream, duplex: "half" } as RequestInit)).status).toBe(
    401,
  );
  expect(calls).toBe(1);
  await send(origin, { method: "POST", body: "x" });
  expect(calls).toBe(3);
});

test.each<[string, Parameters<typeof createClient>[0], Record<string, string>, RegExp]>([
  ["no project", {}, { GOOGLE_CLOUD_PROJECT: "" }, /pass `project`, or set GOOGLE_CLOUD_PROJECT/],
  ["a project that cannot be one", { project: "a/../b" }, {}, /project: "a\/\.\.\/b" is not a valid project/],
  ["a location that cannot be one", { location: "evil.example/" }, {}, /location/],
  ["an endpoint that cannot be one", { endpointId: "1?x" }, {}, /endpoint/],
  ["a base URL in the clear", { baseURL: "http://proxy.example/v1" }, {}, /baseURL.*in the clear/],
  ["a key file that is not there", { keyFilename: "/nowhere.json" }, {}, /\/nowhere\.json cannot be read/],
])("refuses %s", async (_name, options, env, message) => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const login =
    options?.keyFilename === undefined ? { credentials: credentials({ quota_project_id: "" }) } : {};
  await expect(createClient({ ...login, ...options })).rejects.toThrow(message);
});

test("nobody signed in: says how", async () => {
  vi.stubEnv("HOME", "/nowhere");
  vi.stubEnv("CLOUDSDK_CONFIG", "");
  vi.stubEnv("METADATA_SERVER_DETECTION", "none");
  await expect(createClient()).rejects.toThrow(/gcloud auth application-default login/);
});
