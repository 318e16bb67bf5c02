import { bearer } from "./token-endpoints.ts";
import { createSign } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createServiceAccountFile, startEmulator, type Emulator, type ServiceAccountKey } from "../server.ts";

const START = 1_800_000_000_000;
let now = START;
let emulator: Emulator;
let account: ServiceAccountKey;
beforeAll(async () => {
  emulator = await startEmulator({ requireAuth: "strict", project: "tides", now: () => now });
  account = await emulator.createServiceAccount({ project: "tides" });
});
beforeEach(() => {
  now = START;
  emulator.clearRules();
});
afterAll(() => emulator.close());

function jwt(claims: object = {}, key = account, alg = "RS256"): string {
  const seconds = now / 1000;
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ alg, typ: "JWT", kid: key.private_key_id })}.${encode({
    iss: key.client_email,
    scope: "https://www.googleapis.com/auth/cloud-platform",
    aud: key.token_uri,
    iat: seconds,
    exp: seconds + 3600,
    ...claims,
  })}`;
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(key.private_key, "base64url")}`;
}

async function post(path: string, form: Record<string, string>): Promise<[number, Record<string, unknown>]> {
  const answer = await fetch(emulator.url + path, { method: "POST", body: new URLSearchParams(form) });
  return [answer.status, (await answer.json()) as Record<string, unknown>];
}

const assertion = (token: string) =>
  post("/token", { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: token });

async function isAccepted(token: unknown): Promise<boolean> {
  const answer = await fetch(`${emulator.url}/v1beta1/publishers/google/models`, {
    headers: { authorization: `Bearer ${String(token)}` },
  });
  return answer.status === 200;
}

test("a signed assertion buys a token that Vertex takes until it expires", async () => {
  const [status, granted] = await assertion(jwt());
  expect(status).toBe(200);
  expect(granted).toMatchObject({ token_type: "Bearer", expires_in: 3600 });
  expect(await isAccepted(granted["access_token"])).toBe(true);
  now += 3600 * 1000;
  expect(await isAccepted(granted["access_token"])).toBe(false);
});

test("Google's own audience is right too, as some libraries ignore token_uri there", async () => {
  expect((await assertion(jwt({ aud: "https://oauth2.googleapis.com/token" })))[0]).toBe(200);
});

test.each([
  ["another algorithm", () => jwt({}, account, "HS256"), "invalid_grant", /RS256/],
  [
    "another key",
    async () => jwt({ iss: account.client_email }, (await otherAccount()).key),
    "invalid_grant",
    /Invalid JWT Signature\./,
  ],
  ["an unknown account", () => jwt({ iss: "nobody@x" }), "invalid_grant", /account not found/],
  ["no scope", () => jwt({ scope: "" }), "invalid_scope", /Invalid OAuth scope/],
  [
    "another audience",
    () => jwt({ aud: "https://example.com/token" }),
    "invalid_grant",
    /Failed audience check/,
  ],
  [
    "an expired assertion",
    () => jwt({ iat: now / 1000 - 7200, exp: now / 1000 - 3600 }),
    "invalid_grant",
    /short-lived token/,
  ],
  ["one for two hours", () => jwt({ exp: now / 1000 + 7200 }), "invalid_grant", /short-lived token/],
  [
    "one from the future",
    () => jwt({ iat: now / 1000 + 900, exp: now / 1000 + 1800 }),
    "invalid_grant",
    /short-lived token/,
  ],
  ["no JWT", () => "abc", "invalid_request", /not a JWT/],
])("%s is refused", async (_why, token, error, says) => {
  const [status, body] = await assertion(await token());
  expect([status, body["error"]]).toEqual([400, error]);
  expect(body["error_description"]).toMatch(says);
});

async function otherAccount() {
  const folder = await mkdtemp(join(tmpdir(), "emulator-account-"));
  const created = await createServiceAccountFile(join(folder, "key.json"), {
    url: emulator.url,
    clientEmail: account.client_email,
  });
  const { mode } = await stat(join(folder, "key.json"));
  expect(mode & 0o077).toBe(0);
  expect(JSON.parse(await readFile(join(folder, "key.json"), "utf8"))).toEqual(created.key);
  await rm(folder, { recursive: true });
  return created;
}

test.each([
  [{}, "invalid_request", /grant_type/],
  [{ grant_type: "password" }, "unsupported_grant_type", /password/],
  [{ grant_type: "refresh_token", client_id: "a", client_secret: "b" }, "invalid_request", /refresh_token/],
])("%j is refused", async (form, error, says) => {
  const [status, body] = await post("/token", form as unknown as Record<string, string>);
  expect([status, body["error"]]).toEqual([400, error]);
  expect(body["error_description"]).toMatch(says);
});

test("a refresh token buys a token", async () => {
  const [, granted] = await post("/token", {
    grant_type: "refresh_token",
    client_id: "a",
    client_secret: "b",
    refresh_token: "c",
  });
  expect(await isAccepted(granted["access_token"])).toBe(true);
});

test("a foreign token is exchanged, and buys another account's", async () => {
  const [, exchanged] = await post("/v1/token", {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
    requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
    scope: "https://www.googleapis.com/auth/cloud-platform",
    subject_token: "eyJ",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  });
  expect(exchanged["issued_token_type"]).toBe("urn:ietf:params:oauth:token-type:access_token");
  const impersonate = async (token: string, body: object) => {
    const answer = await fetch(
      `${emulator.url}/v1/projects/-/serviceAccounts/a%40b.iam:generateAccessToken`,
      {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      },
    );
    return [answer.status, (await answer.json()) as Record<string, unknown>] as const;
  };
  const scope = ["https://www.googleapis.com/auth/cloud-platform"];
  const [status, granted] = await impersonate(String(exchanged["access_token"]), { scope, lifetime: "600s" });
  expect(status).toBe(200);
  expect(granted["expireTime"]).toBe(new Date(START + 600_000).toISOString());
  expect(await isAccepted(granted["accessToken"])).toBe(true);
  expect((await impersonate("nothing", { scope }))[0]).toBe(401);
  expect((await impersonate(String(exchanged["access_token"]), {}))[0]).toBe(400);
  expect((await impersonate(String(exchanged["access_token"]), { scope, lifetime: "90000s" }))[0]).toBe(400);
});

describe("the metadata server", () => {
  const ask = async (path: string, flavor: string | undefined = "Google") => {
    const answer = await fetch(
      emulator.url + path,
      flavor === undefined ? {} : { headers: { "metadata-flavor": flavor } },
    );
    return {
      status: answer.status,
      flavor: answer.headers.get("metadata-flavor"),
      text: await answer.text(),
    };
  };

  test.each([
    ["/", "computeMetadata/\n"],
    ["/computeMetadata/v1/instance/", "id\nservice-accounts/\nzone\n"],
    ["/computeMetadata/v1/project/project-id", "tides"],
    ["/computeMetadata/v1/instance/service-accounts/default/email", "emulated@tides.iam.gserviceaccount.com"],
    ["/computeMetadata/v1/universe/universe-domain", "googleapis.com"],
  ])("%s", async (path, text) => {
    expect(await ask(path)).toEqual({ status: 200, flavor: "Google", text });
  });

  test("needs its header, and knows what it does not know", async () => {
    expect((await ask("/computeMetadata/v1/project/project-id", "none")).status).toBe(403);
    expect((await ask("/computeMetadata/v1/nothing")).status).toBe(404);
    const human = await fetch(emulator.url);
    expect([human.status, human.headers.get("metadata-flavor")]).toEqual([200, null]);
  });

  test("keeps one token until it nears its end", async () => {
    const path = "/computeMetadata/v1/instance/service-accounts/default/token?scopes=a";
    const before = emulator.tokens.issuedByGrant.metadata;
    const first = JSON.parse((await ask(path)).text) as { access_token: string; expires_in: number };
    now += 3200 * 1000;
    const second = JSON.parse((await ask(path)).text) as { access_token: string; expires_in: number };
    expect(second).toEqual({ ...first, expires_in: 400 });
    now += 101 * 1000;
    const third = JSON.parse((await ask(path)).text) as { access_token: string };
    expect(third.access_token).not.toBe(first.access_token);
    expect(emulator.tokens.issuedByGrant.metadata - before).toBe(2);
  });
});

test("rules reach the token endpoints, in their own envelope", async () => {
  emulator.addRule({
    when: { path: "/token", nth: 1 },
    then: { error: { code: 400, message: "Token has been revoked." } },
  });
  emulator.addRule({ when: { path: "/token", nth: 1 }, then: { fault: "status=503" } });
  expect(await assertion(jwt())).toEqual([
    400,
    { error: "invalid_grant", error_description: "Token has been revoked." },
  ]);
  const [status, body] = await assertion(jwt());
  expect([status, body["error"]]).toEqual([503, "internal_failure"]);
  expect((await assertion(jwt()))[0]).toBe(200);
});

test("a token just issued has its whole life left, however slowly the answer is made", () => {
  const issued = { token: "t", grant: "sts", subject: "s", issuedAt: 5_000, expiresAt: 6_000 } as const;
  expect(bearer(issued)["expires_in"]).toBe(1);
  expect(bearer(issued, 5_001)["expires_in"]).toBe(0);
});

test("issued tokens are counted, their lifetime can be changed, and all can be revoked", async () => {
  const before = emulator.tokens.issued;
  emulator.tokens.lifetimeSeconds = 30;
  const [, granted] = await assertion(jwt());
  emulator.tokens.lifetimeSeconds = 3600;
  expect(granted["expires_in"]).toBe(30);
  expect(emulator.tokens.issued).toBe(before + 1);
  expect(await isAccepted(granted["access_token"])).toBe(true);
  emulator.tokens.revokeAll();
  expect(await isAccepted(granted["access_token"])).toBe(false);
});
