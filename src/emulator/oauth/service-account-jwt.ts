/** The signed assertion of a service account. Source: developers.google.com/identity/protocols/oauth2/service-account. */
import { verify } from "node:crypto";
import { OAuthError } from "./oauth-error.ts";

export interface AssertionRules {
  now: () => number;
  /** PEM public keys by `client_email`. */
  keys: ReadonlyMap<string, string>;
  /** Accounts without a registered key are refused instead of being believed. */
  strict: boolean;
  /** `Host` of the request: an audience naming this server's own token endpoint is right. */
  host: string;
}

export interface Assertion {
  issuer: string;
  scope: string;
}

const GOOGLE_AUDIENCES = [
  "https://oauth2.googleapis.com/token",
  "https://www.googleapis.com/oauth2/v4/token",
  "https://accounts.google.com/o/oauth2/token",
];
const HOUR_SECONDS = 3600;
/** Clocks may differ by this much. */
const SKEW_SECONDS = 300;

/** @throws {OAuthError} in Google's words. */
export function readAssertion(jwt: string, rules: AssertionRules): Assertion {
  const [head = "", body = "", signature = "", ...more] = jwt.split(".");
  const header = decode(head);
  const claims = decode(body);
  if (header === undefined || claims === undefined || signature === "" || more.length > 0) {
    throw new OAuthError("invalid_request", "Bad Request: the assertion is not a JWT.");
  }
  if (header["alg"] !== "RS256") {
    throw new OAuthError("invalid_grant", "Invalid JWT: the algorithm must be RS256.");
  }
  const { iss, scope, aud, iat, exp } = claims;
  if (typeof iss !== "string" || iss === "") throw new OAuthError("invalid_grant", "Invalid JWT: no issuer.");
  if (typeof scope !== "string" || scope.trim() === "") {
    throw new OAuthError("invalid_scope", "Invalid OAuth scope or ID token audience provided.");
  }
  if (typeof aud !== "string" || !isRightAudience(aud, rules.host)) {
    throw new OAuthError(
      "invalid_grant",
      `Invalid JWT: Failed audience check. The right audience is http://${rules.host}/token`,
    );
  }
  const now = rules.now() / 1000;
  const timely =
    typeof iat === "number" &&
    typeof exp === "number" &&
    exp > now &&
    iat <= now + SKEW_SECONDS &&
    exp - iat <= HOUR_SECONDS;
  if (!timely) {
    throw new OAuthError(
      "invalid_grant",
      "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
    );
  }
  const key = rules.keys.get(iss);
  if (key === undefined && rules.strict)
    throw new OAuthError("invalid_grant", "Invalid grant: account not found");
  if (key !== undefined && !isSigned(`${head}.${body}`, signature, key)) {
    throw new OAuthError("invalid_grant", "Invalid JWT Signature.");
  }
  return { issuer: iss, scope };
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isRightAudience(audience: string, host: string): boolean {
  return GOOGLE_AUDIENCES.includes(audience) || audience === `http://${host}/token`;
}

function isSigned(signed: string, signature: string, key: string): boolean {
  return verify("RSA-SHA256", Buffer.from(signed), key, Buffer.from(signature, "base64url"));
}
