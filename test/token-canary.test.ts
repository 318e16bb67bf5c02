/**
 * S-28: credentials go to the configured Google hosts and nowhere else. A canary listens where a redirect, a credential
 * file or a neighbouring upstream would lead them, and writes down everything it is sent.
 */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { credentialsFromJson } from "../src/auth/credential-file.ts";
import { type Emulator, type ServiceAccountKey, startEmulator } from "../src/emulator/server.ts";
import { startConfigured } from "./support/configured-gateway.ts";
import { post, type RunningGateway } from "./support/running-gateway.ts";

const ASK = { model: "google/gemini-3.5-flash", messages: [{ role: "user", content: "Hi" }] };

interface Heard {
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

const heard: Heard[] = [];
const passedBy: Heard[] = [];
let canary: { server: Server; url: string };
/** Answers everything with a redirect to the canary. */
let detour: { server: Server; url: string };
let redirectStatus = 307;
let emulator: Emulator;
let key: ServiceAccountKey;

async function listener(
  log: Heard[],
  answer: (url: string) => [status: number, headers: Record<string, string>, body: string],
): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { url = "", headers } = request;
      log.push({ url, headers, body: Buffer.concat(chunks).toString() });
      const [status, sent, body] = answer(url);
      response.writeHead(status, sent).end(body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const COMPLETION = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "open",
  choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
});

beforeAll(async () => {
  canary = await listener(heard, () => [200, { "content-type": "application/json" }, COMPLETION]);
  detour = await listener(passedBy, (url) => [redirectStatus, { location: canary.url + url }, ""]);
  emulator = await startEmulator({ requireAuth: "strict", paceMs: 0, project: "tides" });
  key = await emulator.createServiceAccount({ project: "tides" });
});
beforeEach(() => {
  heard.length = 0;
  passedBy.length = 0;
});
afterAll(async () => {
  canary.server.close();
  detour.server.close();
  await emulator.close();
});

async function during(
  yaml: string,
  files: Record<string, object>,
  use: (gateway: RunningGateway) => Promise<void>,
) {
  const gateway = await startConfigured(yaml, { files });
  try {
    await use(gateway);
    expect(gateway.bugs).toEqual([]);
  } finally {
    await gateway.close();
  }
}

describe.each([302, 307])("a redirect %i", (status) => {
  beforeEach(() => {
    redirectStatus = status;
  });

  test.each([false, true])("of the model's host is not followed (stream: %s)", async (stream) => {
    const yaml = `upstreams: { main: { kind: vertex, project: tides, baseUrl: "${detour.url}", credentials: { kind: service-account, file: ./key.json } } }\n`;
    await during(yaml, { "key.json": key }, async (gateway) => {
      const response = await post(gateway, { ...ASK, stream });
      expect(response.status).toBe(502);
      // The configured host itself did get the token: the canary would have, had the redirect been followed.
      expect(passedBy[0]?.headers.authorization).toMatch(/^Bearer ya29\./);
      expect(heard).toEqual([]);
    });
  });

  test("of a Gemini key's host, a self-deployed endpoint's and an OpenAI-compatible server is not followed", async () => {
    const yaml = `
upstreams:
  keys: { kind: gemini-api, apiKeys: [a-key], baseUrl: "${detour.url}" }
  llama: { kind: vertex-endpoint, project: tides, location: us-central1, endpoint: "42", host: "${detour.url}", models: [llama], credentials: { kind: service-account, file: ./key.json } }
  vllm: { kind: openai-compatible, baseUrl: "${detour.url}/v1", apiKey: vllm-key, models: [open] }
`;
    await during(yaml, { "key.json": key }, async (gateway) => {
      for (const model of ["google/gemini-3.5-flash", "llama", "open"]) {
        await (await post(gateway, { ...ASK, model })).arrayBuffer();
      }
      const sent = passedBy.map(({ headers }) => headers["x-goog-api-key"] ?? headers.authorization);
      expect([...new Set(sent)]).toEqual([
        "a-key",
        expect.stringMatching(/^Bearer ya29\./),
        "Bearer vllm-key",
      ]);
      expect(heard).toEqual([]);
    });
  });

  const files: [name: string, file: () => object][] = [
    ["a service account", () => ({ ...key, token_uri: `${detour.url}/token` })],
    ["a login", () => ({ ...LOGIN, token_uri: `${detour.url}/token` })],
    [
      "an impersonation",
      () => ({
        type: "impersonated_service_account",
        service_account_impersonation_url: `${detour.url}/v1/projects/-/serviceAccounts/a@b.iam:generateAccessToken`,
        source_credentials: { ...LOGIN, token_uri: `${emulator.url}/token` },
      }),
    ],
    [
      "a federation",
      () => ({
        type: "external_account",
        audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        token_url: `${detour.url}/v1/token`,
        credential_source: {
          url: `${emulator.url}/computeMetadata/v1/project/project-id`,
          headers: { "metadata-flavor": "Google" },
        },
      }),
    ],
    [
      "a workforce login",
      () => ({
        type: "external_account_authorized_user",
        audience: "//iam.googleapis.com/locations/global/workforcePools/p/providers/q",
        client_id: "client",
        client_secret: "hush",
        refresh_token: "refresh",
        token_url: `${detour.url}/v1/oauthtoken`,
      }),
    ],
  ];
  test.each(files)("of the token endpoint of %s is not followed", async (_, file) => {
    const yaml = `upstreams: { main: { kind: vertex, project: tides, baseUrl: "${emulator.url}", credentials: { kind: file, file: ./file.json } } }\n`;
    await during(yaml, { "file.json": file() }, async (gateway) => {
      const response = await post(gateway, ASK);
      expect(response.status).toBe(502);
      expect(await response.json()).toMatchObject({ error: { code: "upstream_auth_error" } });
      expect(passedBy.length).toBeGreaterThan(0);
      expect(heard).toEqual([]);
    });
  });
});

const LOGIN = {
  type: "authorized_user",
  client_id: "client",
  client_secret: "hush",
  refresh_token: "1//refresh",
};

test("an OpenAI-compatible server beside Google's gets nothing of Google's, nor of the caller's", async () => {
  const yaml = `
upstreams:
  main: { kind: vertex, project: tides, baseUrl: "${emulator.url}", quotaProject: billed, credentials: { kind: service-account, file: ./key.json } }
  open: { kind: openai-compatible, baseUrl: "${canary.url}/v1", models: [open] }
  mended: { kind: openai-compatible, baseUrl: "${canary.url}/v1", models: [mended], repair: true }
`;
  await during(yaml, { "key.json": key }, async (gateway) => {
    expect((await post(gateway, ASK)).status).toBe(200);
    for (const model of ["open", "mended"]) {
      const response = await post(
        gateway,
        { ...ASK, model },
        {
          headers: {
            authorization: "Bearer ya29.callers-own",
            "x-goog-api-key": "callers-key",
            "x-goog-user-project": "callers-project",
            "x-pollux-api-key": "callers-access-key",
            cookie: "session=callers",
          },
        },
      );
      expect(response.status).toBe(200);
    }
    expect(heard).toHaveLength(2);
    for (const { headers, body } of heard) {
      expect(Object.keys(headers).filter((name) => /^authorization$|^cookie$|^x-/.test(name))).toEqual([]);
      expect(JSON.stringify(headers) + body).not.toMatch(/ya29|callers|billed|PRIVATE/);
    }
  });
});

describe("an address elsewhere", () => {
  const elsewhere = "http://example.com/token";
  test.each<[what: string, file: object]>([
    [
      "token_uri of a service account",
      { type: "service_account", client_email: "a@b", private_key: "key", token_uri: elsewhere },
    ],
    ["token_uri of a login", { ...LOGIN, token_uri: elsewhere }],
    ["token_url of a federation", { type: "external_account", token_url: elsewhere }],
    [
      "service_account_impersonation_url of a federation",
      { type: "external_account", service_account_impersonation_url: elsewhere },
    ],
    ["token_url of a workforce login", { type: "external_account_authorized_user", token_url: elsewhere }],
    [
      "service_account_impersonation_url",
      {
        type: "impersonated_service_account",
        service_account_impersonation_url: elsewhere,
        source_credentials: LOGIN,
      },
    ],
  ])("in the clear is refused before anything is sent: %s", (_, file) => {
    const withKey = "private_key" in file ? { ...file, private_key: key.private_key } : file;
    expect(() => credentialsFromJson(withKey, "the file f", "credentials")).toThrow(
      /not https.*example\.com/,
    );
  });

  test.each(["vertex", "gemini-api", "vertex-openapi"])("is refused as the base URL of %s", async (kind) => {
    const fetched = vi.spyOn(globalThis, "fetch");
    const yaml = `upstreams: { main: { kind: ${kind}, baseUrl: "http://example.com" } }\n`;
    await expect(startConfigured(yaml)).rejects.toThrow(/baseUrl/);
    expect(fetched).not.toHaveBeenCalled();
    fetched.mockRestore();
  });
});
