import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { OAuth2Client } from "google-auth-library";

/** The fields of a service-account key file that matter here. */
export interface ServiceAccountKey {
  clientEmail: string;
  privateKey: KeyObject;
  privateKeyId: string | undefined;
  tokenUri: string;
  quotaProject: string | undefined;
}

export const GOOGLE_TOKEN_URI = "https://oauth2.googleapis.com/token";

/** For an issuer that does not say how long its token lives: short, since asking again is cheap. */
export const ASSUMED_LIFETIME_MS = 10 * 60_000;

/** The longest life Google accepts for an assertion, in seconds. */
const ASSERTION_LIFETIME_S = 3_600;
/** Google refuses an assertion from the future; clocks differ. */
const CLOCK_TOLERANCE_S = 60;

/**
 * A client for a service account that asks the key file's own `token_uri`, as Google's Python library does.
 * `google-auth-library`'s `JWT` class has Google's address built in (`getToken.js` of 11.3.4) and ignores the file's.
 * The grant is https://developers.google.com/identity/protocols/oauth2/service-account#httprest.
 */
export function serviceAccountClient(
  key: ServiceAccountKey,
  scope: string,
  options: ConstructorParameters<typeof OAuth2Client>[0] & object,
  nowMs: () => number = Date.now,
): OAuth2Client {
  const client = new OAuth2Client(options);
  if (key.quotaProject !== undefined) client.quotaProjectId = key.quotaProject;
  client.refreshHandler = async () => {
    const response = await client.transporter.request<TokenResponse>({
      method: "POST",
      url: key.tokenUri,
      data: new URLSearchParams({
        grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
        assertion: assertion(key, scope, nowMs()),
      }),
      responseType: "json",
      // A redirect would carry the assertion to another host.
      redirect: "error",
      retryConfig: { httpMethodsToRetry: ["POST"] },
    });
    const { access_token, expires_in } = response.data ?? {};
    if (typeof access_token !== "string" || access_token === "") {
      throw new Error("the token endpoint's answer has no access_token");
    }
    const lifetimeMs = typeof expires_in === "number" ? expires_in * 1_000 : ASSUMED_LIFETIME_MS;
    return { access_token, expiry_date: nowMs() + lifetimeMs };
  };
  return client;
}

/** Throws `Error` when `pem` is not a private key. */
export function readPrivateKey(pem: string): KeyObject {
  return createPrivateKey(pem);
}

function assertion(key: ServiceAccountKey, scope: string, nowMs: number): string {
  const issuedAt = Math.floor(nowMs / 1_000) - CLOCK_TOLERANCE_S;
  const header = {
    alg: "RS256",
    typ: "JWT",
    ...(key.privateKeyId === undefined ? {} : { kid: key.privateKeyId }),
  };
  const claims = {
    iss: key.clientEmail,
    scope,
    aud: key.tokenUri,
    iat: issuedAt,
    exp: issuedAt + ASSERTION_LIFETIME_S,
  };
  const unsigned = `${base64url(header)}.${base64url(claims)}`;
  return `${unsigned}.${sign("RSA-SHA256", Buffer.from(unsigned), key.privateKey).toString("base64url")}`;
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

interface TokenResponse {
  access_token?: unknown;
  expires_in?: unknown;
}
