/** Each kind of credentials that a configuration may name, opened for real against the emulator's endpoints. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type Emulator, type ServiceAccountKey, startEmulator } from "../src/emulator/server.ts";
import { startConfigured, type ConfiguredOptions } from "./support/configured-gateway.ts";
import { post, type RunningGateway } from "./support/running-gateway.ts";

const ASK = { model: "google/gemini-3.5-flash", messages: [{ role: "user", content: "Hi" }] };
const ACCOUNT = "lent@tides.iam.gserviceaccount.com";

let emulator: Emulator;
let folder: string;
let key: ServiceAccountKey;

beforeAll(async () => {
  emulator = await startEmulator({ requireAuth: "strict", paceMs: 0, apiKeys: ["a-key"], project: "tides" });
  folder = mkdtempSync(join(tmpdir(), "pollux-kinds-"));
  key = await emulator.createServiceAccount({ project: "tides" });
});
afterAll(async () => {
  await emulator.close();
  rmSync(folder, { recursive: true });
});
afterEach(() => vi.unstubAllEnvs());

const login = (): object => ({
  type: "authorized_user",
  client_id: "client",
  client_secret: "hush",
  refresh_token: "1//refresh",
  quota_project_id: "tides",
  token_uri: `${emulator.url}/token`,
});
const impersonationUrl = (): string =>
  `${emulator.url}/v1/projects/-/serviceAccounts/${ACCOUNT}:generateAccessToken`;
const federation = (more: object = {}): object => ({
  type: "external_account",
  audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  token_url: `${emulator.url}/v1/token`,
  ...more,
});

interface Case {
  name: string;
  credentials: string;
  options: () => ConfiguredOptions;
  status: object;
  /** Tokens issued for one request, by grant. */
  grants: object;
}

const CASES: readonly Case[] = [
  {
    name: "adc: the file that GOOGLE_APPLICATION_CREDENTIALS names",
    credentials: "{ kind: adc }",
    options: () => ({ files: { "key.json": key } }),
    status: { kind: "service-account", project: "tides", found_in: /^GOOGLE_APPLICATION_CREDENTIALS \(/ },
    grants: { service_account: 1 },
  },
  {
    name: "service-account",
    credentials: "{ kind: service-account, file: key.json }",
    options: () => ({ files: { "key.json": key } }),
    status: { kind: "service-account", project: "tides", found_in: /^configuration \(.*key\.json\)$/ },
    grants: { service_account: 1 },
  },
  {
    name: "file: a login",
    credentials: "{ kind: file, file: login.json }",
    options: () => ({ files: { "login.json": login() } }),
    status: { kind: "user-login", principal: null, project: "tides", quota_project: "tides" },
    grants: { refresh_token: 1 },
  },
  {
    name: "file: another account, lent to a login",
    credentials: "{ kind: file, file: lent.json }",
    options: () => ({
      files: {
        "lent.json": {
          type: "impersonated_service_account",
          service_account_impersonation_url: impersonationUrl(),
          source_credentials: login(),
        },
      },
    }),
    status: { kind: "impersonation", principal: ACCOUNT },
    grants: { refresh_token: 1, impersonation: 1 },
  },
  {
    name: "gcloud",
    credentials: "{ kind: gcloud }",
    options: () => ({ files: { "application_default_credentials.json": login() } }),
    status: { kind: "user-login", found_in: /^gcloud login \(/ },
    grants: { refresh_token: 1 },
  },
  {
    name: "metadata",
    credentials: "{ kind: metadata }",
    options: () => ({}),
    status: {
      kind: "metadata",
      principal: "emulated@tides.iam.gserviceaccount.com",
      project: "tides",
      found_in: /^metadata server$/,
    },
    grants: { metadata: 1 },
  },
  {
    name: "federation: the foreign token in a file",
    credentials: "{ kind: federation, file: federation.json }",
    options: () => ({
      files: {
        "federation.json": federation({ credential_source: { file: "SUBJECT" } }),
        "subject.txt": "eyJ.foreign.token",
      },
    }),
    status: { kind: "federation", principal: /workloadIdentityPools/ },
    grants: { sts: 1 },
  },
  {
    name: "federation: for a service account, the foreign token from an address",
    credentials: "{ kind: federation, file: federation.json }",
    options: () => ({
      files: {
        "federation.json": federation({
          service_account_impersonation_url: impersonationUrl(),
          credential_source: {
            url: `${emulator.url}/computeMetadata/v1/project/project-id`,
            headers: { "metadata-flavor": "Google" },
          },
        }),
      },
    }),
    status: { kind: "federation", principal: ACCOUNT },
    grants: { sts: 1, impersonation: 1 },
  },
  {
    name: "impersonate, from a service account",
    credentials: `{ kind: impersonate, serviceAccount: ${ACCOUNT}, source: { kind: service-account, file: key.json } }`,
    options: () => ({ files: { "key.json": key }, credentials: { iamEndpoint: emulator.url } }),
    status: { kind: "impersonation", principal: ACCOUNT },
    grants: { service_account: 1, impersonation: 1 },
  },
];

describe.each(CASES)("$name", ({ credentials, options, status, grants }) => {
  test("signs in once, and says so", async () => {
    const before = emulator.tokens.issuedByGrant;
    const gateway = await opened(credentials, options());
    try {
      for (let n = 0; n < 3; n += 1) {
        const response = await post(gateway, ASK);
        expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("assistant")]);
      }
      const after = emulator.tokens.issuedByGrant;
      const changes = Object.entries(after)
        .map(([grant, count]) => [grant, count - before[grant as keyof typeof before]] as const)
        .filter(([, count]) => count !== 0);
      expect(Object.fromEntries(changes)).toEqual(grants);

      const [entry] = await authStatus(gateway);
      expect(entry).toMatchObject(
        Object.fromEntries(
          Object.entries(status).map(([name, value]: [string, unknown]) => [
            name,
            value instanceof RegExp ? expect.stringMatching(value) : value,
          ]),
        ),
      );
      expect(entry?.token).toMatchObject({ issued: 1, failures: 0, last_error: null });
      const { expires_at: expires, renews_at: renews } = entry?.token ?? {};
      expect(Date.parse(expires ?? "") - Date.now()).toBeGreaterThan(50 * 60_000);
      expect(Date.parse(renews ?? "")).toBeLessThan(Date.parse(expires ?? ""));
      expect(JSON.stringify(entry)).not.toMatch(/ya29|hush|1\/\/refresh|eyJ|PRIVATE KEY/);
      expect(gateway.bugs).toEqual([]);
    } finally {
      await gateway.close();
    }
  });
});

test("a fixed token, and the caller's own", async () => {
  const { access_token: token } = (await (
    await fetch(`${emulator.url}/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "refresh_token",
        client_id: "a",
        client_secret: "b",
        refresh_token: "c",
      }),
    })
  ).json()) as { access_token: string };
  const fixed = await opened(`{ kind: token, token: "\${TOKEN}" }`, { env: { TOKEN: token } });
  const caller = await opened("{ kind: caller }", {});
  try {
    expect((await post(fixed, ASK)).status).toBe(200);
    expect((await post(caller, ASK)).status).toBe(401);
    expect((await post(caller, ASK, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    expect(await authStatus(fixed)).toMatchObject([{ kind: "token", token: null }]);
    expect(await authStatus(caller)).toMatchObject([{ kind: "caller", found_in: null, token: null }]);
    expect(JSON.stringify(await authStatus(fixed))).not.toContain(token);
  } finally {
    await fixed.close();
    await caller.close();
  }
});

test("API keys, and what needs nothing", async () => {
  const gateway = await startConfigured(`
upstreams:
  express: { kind: vertex, apiKey: a-key, baseUrl: "${emulator.url}" }
  keys: { kind: gemini-api, apiKeys: [a-key, b-key], baseUrl: "${emulator.url}" }
  vllm: { kind: openai-compatible, baseUrl: "${emulator.url}/v1" }
  emu: { kind: emulator }
`);
  try {
    expect((await post(gateway, ASK)).status).toBe(200);
    expect(await authStatus(gateway)).toMatchObject([
      { upstream: "express", kind: "api-key", token: null },
      { upstream: "keys", kind: "api-key", description: "2 Gemini API keys in turn" },
      { upstream: "vllm", kind: "none" },
      { upstream: "emu", kind: "none" },
    ]);
  } finally {
    await gateway.close();
  }
});

test("GET /admin/auth asks for an admin key where there are keys", async () => {
  const gateway = await startConfigured(
    "server: { apiKeys: [access], adminKeys: [s3cret] }\nupstreams: { emu: { kind: emulator } }\n",
  );
  const ask = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${gateway.url}/admin/auth`, { headers });
  try {
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: "Bearer wrong" })).status).toBe(401);
    expect((await ask({ authorization: "Bearer access" })).status).toBe(401);
    expect((await ask({ authorization: "Bearer s3cret" })).status).toBe(200);
  } finally {
    await gateway.close();
  }
});

interface Entry {
  kind: string;
  token: { issued: number; expires_at: string; renews_at: string } | null;
}

async function authStatus(gateway: RunningGateway): Promise<Entry[]> {
  const response = await fetch(`${gateway.url}/admin/auth`);
  expect(response.status).toBe(200);
  return ((await response.json()) as { data: Entry[] }).data;
}

/** Where the environment or a file has to name another file, its path is known only here. */
async function opened(credentials: string, options: ConfiguredOptions): Promise<RunningGateway> {
  vi.stubEnv("GCE_METADATA_HOST", new URL(emulator.url).host);
  for (const [name, content] of Object.entries(options.files ?? {})) {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    writeFileSync(join(folder, name), text.replace("SUBJECT", join(folder, "subject.txt")), { mode: 0o600 });
  }
  return startConfigured(
    `upstreams:\n  main: { kind: vertex, project: tides, baseUrl: "${emulator.url}", credentials: ${credentials.replace(/file: (\S+\.json)/, `file: ${folder}/$1`)} }\n`,
    {
      ...options,
      files: {},
      env: {
        ...options.env,
        ...(credentials.includes("adc") ? { GOOGLE_APPLICATION_CREDENTIALS: `${folder}/key.json` } : {}),
        CLOUDSDK_CONFIG: folder,
      },
    },
  );
}
