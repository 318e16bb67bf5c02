/** The endpoints that give tokens for something else: an assertion, a refresh token, a foreign token, another account. */
import type { JsonObject } from "../../wire/gemini.ts";
import { GoogleApiError, invalidArgument } from "../google-error.ts";
import type { AccessTokens, IssuedToken } from "./access-tokens.ts";
import { OAuthError } from "./oauth-error.ts";
import { readAssertion, type AssertionRules } from "./service-account-jwt.ts";

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token";
/** Longer lifetimes need an organisation policy, up to twelve hours. */
const LONGEST_IMPERSONATION_SECONDS = 43_200;

/** `POST /token`. @throws {OAuthError} */
export function tokenGrant(
  form: ReadonlyMap<string, string>,
  tokens: AccessTokens,
  rules: AssertionRules,
): JsonObject {
  switch (form.get("grant_type")) {
    case JWT_BEARER: {
      const { issuer } = readAssertion(need(form, "assertion"), rules);
      return bearer(tokens.issue("service_account", issuer));
    }
    case "refresh_token": {
      const client = need(form, "client_id");
      need(form, "client_secret");
      need(form, "refresh_token");
      const issued = tokens.issue("refresh_token", client);
      return { ...bearer(issued), scope: "https://www.googleapis.com/auth/cloud-platform" };
    }
    case undefined:
      throw new OAuthError("invalid_request", "Required parameter is missing: grant_type");
    default:
      throw new OAuthError("unsupported_grant_type", `Invalid grant_type: ${form.get("grant_type")}`);
  }
}

/** `POST /v1/token`, the Security Token Service; parameter names in snake case or camel case. @throws {OAuthError} */
export function exchangeToken(form: ReadonlyMap<string, string>, tokens: AccessTokens): JsonObject {
  if (form.get("grant_type") !== TOKEN_EXCHANGE) {
    throw new OAuthError("unsupported_grant_type", `The grant type must be ${TOKEN_EXCHANGE}.`);
  }
  const audience = need(form, "audience");
  need(form, "subject_token");
  need(form, "subject_token_type");
  if (form.get("requested_token_type") !== ACCESS_TOKEN_TYPE) {
    throw new OAuthError("invalid_request", `The requested token type must be ${ACCESS_TOKEN_TYPE}.`);
  }
  return { ...bearer(tokens.issue("sts", audience)), issued_token_type: ACCESS_TOKEN_TYPE };
}

/** IAM credentials' `generateAccessToken`; the caller has been authenticated. @throws {GoogleApiError} */
export function impersonate(email: string, body: unknown, tokens: AccessTokens): JsonObject {
  const { scope, lifetime = "3600s" } = (body ?? {}) as { scope?: unknown; lifetime?: unknown };
  if (!Array.isArray(scope) || scope.length === 0)
    throw invalidArgument("Request contains an invalid argument.");
  const seconds =
    typeof lifetime === "string" && /^\d{1,6}s$/.test(lifetime) ? Number.parseInt(lifetime, 10) : 0;
  if (seconds < 1 || seconds > LONGEST_IMPERSONATION_SECONDS) {
    throw new GoogleApiError(
      "INVALID_ARGUMENT",
      "The access token lifetime must be between 1 second and the allowed maximum of 43200 seconds.",
    );
  }
  const issued = tokens.issue("impersonation", email, Math.min(seconds, tokens.lifetimeSeconds));
  return { accessToken: issued.token, expireTime: new Date(issued.expiresAt).toISOString() };
}

/** A token as RFC 6749 answers it; one that was issued earlier has less than its whole life left at `atMs`. */
export function bearer(issued: IssuedToken, atMs = issued.issuedAt): JsonObject {
  return {
    access_token: issued.token,
    expires_in: Math.max(0, Math.floor((issued.expiresAt - atMs) / 1000)),
    token_type: "Bearer",
  };
}

/** A form or a JSON object as a map; JSON's camelCase names become snake_case. */
export function readForm(text: string, contentType: string | undefined): Map<string, string> {
  if (contentType?.includes("json") !== true) return new Map(new URLSearchParams(text));
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new OAuthError("invalid_request", `The body is not JSON: ${(error as Error).message}`);
  }
  const form = new Map<string, string>();
  for (const [name, value] of Object.entries(parsed ?? {})) {
    if (typeof value === "string")
      form.set(
        name.replaceAll(/[A-Z]/g, (one) => `_${one.toLowerCase()}`),
        value,
      );
  }
  return form;
}

function need(form: ReadonlyMap<string, string>, name: string): string {
  const value = form.get(name) ?? "";
  if (value === "") throw new OAuthError("invalid_request", `Required parameter is missing: ${name}`);
  return value;
}
