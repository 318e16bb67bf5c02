import { createVerify, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile, mkdir } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { findGoogleCredentials, gcloudLoginFile, type GoogleCredentials } from "./google-credentials.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

interface Asked {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

let origin: string;
let directory: string;
const asked: Asked[] = [];
/** Status and body for the next questions; the last one repeats. */
let answers: { status: number; body: object; headers?: Record<string, string> }[] = [];
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    asked.push({ path: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks).toString() });
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? { status: 500, body: {} };
    response.writeHead(answer.status, {
      "content-type": "application/json",
      "metadata-flavor": "Google",
      ...answer.headers,
    });
    response.end(JSON.stringify(answer.body));
  });
});

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  directory = await mkdtemp(join(tmpdir(), "pollux-credentials-"));
});
afterAll(async () => {
  server.close();
  await rm(directory, { recursive: true });
});
afterEach(() => {
  asked.length = 0;
  answers = [];
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const issues = (token: string, expires_in = 3600): { status: number; body: object } => ({
  status: 200,
  body: { access_token: token, expires_in, token_type: "Bearer" },
});
const serviceAccount = (changes: object = {}): object => ({
  type: "service_account",
  project_id: "file-project",
  private_key_id: "key-1",
  private_key: privateKey,
  client_email: "robot@file-project.iam.gserviceaccount.com",
  token_uri: `${origin}/token`,
  ...changes,
});
const userLogin = (changes: object = {}): object => ({
  type: "authorized_user",
  client_id: "id",
  client_secret: "hush",
  refresh_token: "1//refresh-secret",
  quota_project_id: "quota-project",
  token_uri: `${origin}/token`,
  ...changes,
});
const decode = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString());
const never = (): Promise<boolean> => Promise.resolve(false);

async function written(json: object | string, name = "credentials.json"): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, typeof json === "string" ? json : JSON.stringify(json));
  return path;
}

async function loginIn(home: string): Promise<string> {
  const gcloud = join(home, ".config", "gcloud");
  await mkdir(gcloud, { recursive: true });
  const path = join(gcloud, "application_default_credentials.json");
  await writeFile(path, JSON.stringify(userLogin()));
  return path;
}

async function find(json: object): Promise<GoogleCredentials> {
  const found = await findGoogleCredentials({ credentials: json, env: {}, hasMetadataServer: never });
  if (found === undefined) throw new Error("nothing found");
  return found;
}

describe("a service account", () => {
  test("asks its own token_uri with a signed assertion", async () => {
    answers = [issues("ya29.one")];
    const credentials = await find(serviceAccount());
    expect(await credentials.headers(undefined)).toEqual({ authorization: "Bearer ya29.one" });
    expect(credentials).toMatchObject({
      project: "file-project",
      description: "service account robot@file-project.iam.gserviceaccount.com",
    });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.path).toBe("/token");
    const form = new URLSearchParams(asked[0]?.body);
    expect(form.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    const [header = "", claims = "", signature = ""] = (form.get("assertion") ?? "").split(".");
    expect(decode(header)).toEqual({ alg: "RS256", typ: "JWT", kid: "key-1" });
    const now = Math.floor(Date.now() / 1000);
    const decoded = decode(claims) as { iat: number; exp: number };
    expect(decoded).toMatchObject({
      iss: "robot@file-project.iam.gserviceaccount.com",
      scope: "https://www.googleapis.com/auth/cloud-platform",
      aud: `${origin}/token`,
    });
    expect(decoded.exp - decoded.iat).toBe(3600);
    expect(decoded.iat).toBeLessThanOrEqual(now);
    expect(decoded.exp).toBeGreaterThan(now + 3000);
    const verify = createVerify("RSA-SHA256").update(`${header}.${claims}`);
    expect(verify.verify(publicKey, signature, "base64url")).toBe(true);
  });

  test("keeps its token, and gets another when Google refuses it", async () => {
    answers = [issues("ya29.one"), issues("ya29.two")];
    const credentials = await find(serviceAccount());
    const headers = await Promise.all(Array.from({ length: 20 }, () => credentials.headers(undefined)));
    expect(asked).toHaveLength(1);
    const renewed = await Promise.all(headers.map((sent) => credentials.renew(sent)));
    expect(renewed).toEqual(Array(20).fill(true));
    expect(asked).toHaveLength(2);
    expect(await credentials.token()).toBe("ya29.two");
  });

  test("a short life is believed: the next call after it asks again", async () => {
    answers = [issues("ya29.one", 60), issues("ya29.two")];
    const credentials = await find(serviceAccount());
    expect(await credentials.token()).toBe("ya29.one");
    const now = Date.now.bind(Date);
    vi.spyOn(Date, "now").mockImplementation(() => now() + 61_000);
    expect(await credentials.token()).toBe("ya29.two");
  });

  test("the quota project goes with every call", async () => {
    answers = [issues("t")];
    const credentials = await find(serviceAccount({ quota_project_id: "billed" }));
    expect(await credentials.headers(undefined)).toEqual({
      authorization: "Bearer t",
      "x-goog-user-project": "billed",
    });
  });

  test("does not follow a redirect with its assertion", async () => {
    answers = [{ status: 307, body: {}, headers: { location: `${origin}/thief` } }];
    await expect((await find(serviceAccount())).token()).rejects.toThrow(/issued no access token/);
    expect(asked.map(({ path }) => path)).not.toContain("/thief");
  });
});

describe("other kinds of file", () => {
  test("a user login refreshes, with the project to bill", async () => {
    answers = [issues("ya29.user")];
    const credentials = await find(userLogin());
    expect(credentials.project).toBe("quota-project");
    expect(await credentials.headers(undefined)).toEqual({
      authorization: "Bearer ya29.user",
      "x-goog-user-project": "quota-project",
    });
    const form = new URLSearchParams(asked[0]?.body);
    expect(Object.fromEntries(form)).toEqual({
      grant_type: "refresh_token",
      client_id: "id",
      client_secret: "hush",
      refresh_token: "1//refresh-secret",
    });
  });

  test("GOOGLE_CLOUD_QUOTA_PROJECT wins over the file's", async () => {
    answers = [issues("t")];
    const credentials = await findGoogleCredentials({
      credentials: userLogin(),
      env: { GOOGLE_CLOUD_QUOTA_PROJECT: "other" },
    });
    expect(await credentials?.headers(undefined)).toMatchObject({ "x-goog-user-project": "other" });
  });

  test("a service account is impersonated with the source's token", async () => {
    answers = [
      issues("source-token"),
      {
        status: 200,
        body: { accessToken: "target-token", expireTime: new Date(Date.now() + 3_600_000).toISOString() },
      },
    ];
    const credentials = await find({
      type: "impersonated_service_account",
      service_account_impersonation_url: `${origin}/v1/projects/-/serviceAccounts/target@p.iam.gserviceaccount.com:generateAccessToken`,
      delegates: ["d@p.iam.gserviceaccount.com"],
      source_credentials: userLogin(),
    });
    expect(await credentials.token()).toBe("target-token");
    expect(asked[1]?.headers.authorization).toBe("Bearer source-token");
    expect(JSON.parse(asked[1]?.body ?? "")).toEqual({
      delegates: ["d@p.iam.gserviceaccount.com"],
      scope: ["https://www.googleapis.com/auth/cloud-platform"],
      lifetime: "3600s",
    });
    expect(credentials.description).toContain("target@p.iam.gserviceaccount.com impersonated by user login");
  });

  test("workload identity federation exchanges the subject token", async () => {
    answers = [
      {
        status: 200,
        body: { access_token: "federated", expires_in: 3600, token_type: "Bearer", issued_token_type: "x" },
      },
    ];
    const credentials = await find({
      type: "external_account",
      audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: `${origin}/sts`,
      credential_source: { file: await written("the-subject-token", "subject") },
    });
    expect(await credentials.token()).toBe("federated");
    expect(asked[0]?.path).toBe("/sts");
    expect(new URLSearchParams(asked[0]?.body).get("subject_token")).toBe("the-subject-token");
    answers = [
      { status: 200, body: { access_token: "federated-2", expires_in: 3600, token_type: "Bearer" } },
    ];
    expect(await credentials.renew({ authorization: "Bearer federated" })).toBe(true);
    expect(await credentials.token()).toBe("federated-2");
  });

  test("the metadata server of Google's own machines", async () => {
    vi.stubEnv("GCE_METADATA_HOST", new URL(origin).host);
    answers = [issues("machine-token")];
    const found = await findGoogleCredentials({
      env: { HOME: directory },
      hasMetadataServer: () => Promise.resolve(true),
    });
    expect(await found?.headers(undefined)).toEqual({ authorization: "Bearer machine-token" });
    const paths = asked.map(({ path }) => path.split("?")[0]);
    // The first three are asked at once.
    expect([...paths.slice(0, 3).toSorted(), ...paths.slice(3)]).toEqual([
      "/computeMetadata/v1/instance/service-accounts/default/email",
      "/computeMetadata/v1/instance/service-accounts/default/scopes",
      "/computeMetadata/v1/project/project-id",
      "/computeMetadata/v1/instance/service-accounts/default/token",
    ]);
    expect(asked[1]?.headers["metadata-flavor"]).toBe("Google");
  });
});

describe("where they are looked for", () => {
  test("the named file, before the login", async () => {
    const path = await written(serviceAccount());
    await loginIn(directory);
    const found = await findGoogleCredentials({
      env: { GOOGLE_APPLICATION_CREDENTIALS: path, HOME: directory },
    });
    expect(found?.description).toContain("service account");
  });

  test("the login of gcloud, also in CLOUDSDK_CONFIG", async () => {
    const path = await loginIn(directory);
    expect((await findGoogleCredentials({ env: { HOME: directory } }))?.description).toBe("user login");
    const config = { CLOUDSDK_CONFIG: join(path, ".."), HOME: "/nowhere" };
    expect((await findGoogleCredentials({ env: config }))?.description).toBe("user login");
    expect(gcloudLoginFile({})).toBeUndefined();
  });

  test("nowhere: nothing, and no error", async () => {
    const env = { HOME: join(directory, "nobody") };
    expect(await findGoogleCredentials({ env, hasMetadataServer: never })).toBeUndefined();
  });
});

describe("files that cannot be used", () => {
  test.each<[string, object | string, RegExp]>([
    ["not JSON", "{oops", /not valid JSON/],
    ["not an object", "[1]", /not a JSON object/],
    ["no type", {}, /has no type/],
    ["an unknown type", { type: "gdch_service_account" }, /does not know.*gdch_service_account.*Known are/],
    ["no private key", { type: "service_account", client_email: "a@b" }, /has no private_key/],
    [
      "a damaged private key",
      { type: "service_account", client_email: "a@b", private_key: "SECRET-BYTES" },
      /not a PEM private key/,
    ],
    [
      "token_uri in the clear",
      {
        type: "service_account",
        client_email: "a@b",
        private_key: privateKey,
        token_uri: "http://tokens.example/",
      },
      /token_uri that is not https.*tokens\.example/,
    ],
    [
      "token_uri of another scheme",
      {
        type: "service_account",
        client_email: "a@b",
        private_key: privateKey,
        token_uri: "file:///etc/passwd",
      },
      /not https/,
    ],
    [
      "token_uri not a URL",
      { type: "service_account", client_email: "a@b", private_key: privateKey, token_uri: "tokens" },
      /not a URL/,
    ],
    ["a field of another type", { type: "authorized_user", client_id: 5 }, /client_id that is not a string/],
    [
      "token_url in the clear",
      { type: "external_account", token_url: "http://sts.example/" },
      /token_url that is not https/,
    ],
    [
      "an incomplete federation",
      { type: "external_account", audience: "x", token_url: "https://sts.googleapis.com/v1/token" },
      /incomplete/,
    ],
    ["no source", { type: "impersonated_service_account" }, /source_credentials\) is not a JSON object/],
    ["__proto__", '{"__proto__": {"type": "authorized_user"}}', /has no type/],
  ])("%s", async (_name, contents, message) => {
    const path = await written(contents, "bad.json");
    const outcome = findGoogleCredentials({ env: { GOOGLE_APPLICATION_CREDENTIALS: path } });
    await expect(outcome).rejects.toMatchObject({
      name: "SettingsError",
      variable: "GOOGLE_APPLICATION_CREDENTIALS",
      message: expect.stringMatching(message),
    });
    const text = String(await outcome.catch(String));
    expect(text).toContain(path);
    expect(text).not.toContain("SECRET");
    expect(text).not.toContain("PRIVATE KEY");
  });

  test("a file that is not there", async () => {
    const env = { GOOGLE_APPLICATION_CREDENTIALS: "/nowhere/key.json" };
    await expect(findGoogleCredentials({ env })).rejects.toThrow(
      /\/nowhere\/key\.json cannot be read \(ENOENT\)/,
    );
  });
});

describe("an issuer that refuses", () => {
  test.each<[string, object, number, object, RegExp, boolean | undefined]>([
    [
      "an expired login",
      {},
      400,
      { error: "invalid_grant", error_description: "Token has been expired or revoked: 1//refresh-secret" },
      /gcloud auth application-default login/,
      false,
    ],
    ["an unknown client", {}, 401, { error: "invalid_client" }, /invalid_client/, false],
    [
      "a refusal of impersonation",
      {},
      403,
      { error: { code: 403, status: "PERMISSION_DENIED", message: "nope" } },
      /roles\/iam\.serviceAccountTokenCreator/,
      false,
    ],
    ["something else", {}, 404, { hello: "world" }, /status 404/, false],
  ])("%s is explained without a secret", async (_name, changes, status, body, message, shouldRetry) => {
    answers = [{ status, body }];
    const credentials = await find(userLogin(changes));
    const error = (await Promise.resolve(credentials.headers(undefined)).catch(
      (thrown: unknown) => thrown,
    )) as Error;
    expect(error).toMatchObject({
      name: "GatewayError",
      failure: { kind: "upstream", status: 502, code: "upstream_auth_error", shouldRetry },
      message: expect.stringMatching(message),
    });
    expect(error.cause).toBeUndefined();
    expect(JSON.stringify([error.message, error.stack, error])).not.toMatch(/refresh-secret|hush/);
  });

  test("a key that is not accepted is not a matter of signing in", async () => {
    answers = [
      { status: 400, body: { error: "invalid_grant", error_description: "Invalid JWT Signature." } },
    ];
    await expect((await find(serviceAccount())).token()).rejects.toThrow(
      /robot@.*this key of it still exist.*clock/,
    );
  });

  test("an issuer that cannot be reached", async () => {
    const credentials = await find(userLogin({ token_uri: "http://127.0.0.1:1/token" }));
    await expect(credentials.token()).rejects.toThrow(/127\.0\.0\.1:1 could not be reached \(ECONNREFUSED\)/);
  });
});
