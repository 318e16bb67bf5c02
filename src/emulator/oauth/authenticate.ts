/** Who may call: bearer tokens on Vertex, API keys on the Gemini API and in express mode, refused in Google's words. */
import type { IncomingMessage } from "node:http";
import type { Route } from "../http/route.ts";
import { errorInfo, GoogleApiError } from "../google-error.ts";
import { protoPackage, serviceName, type Surface } from "../surface.ts";
import type { AccessTokens } from "./access-tokens.ts";

export interface CredentialRules {
  /** "strict": tokens issued here and still live, keys from the list. "lenient": any credential that is not empty. */
  requireAuth: "strict" | "lenient";
  apiKeys: ReadonlySet<string>;
  tokens: AccessTokens;
}

type GoogleRoute = Extract<Route, { surface: Surface }> | Extract<Route, { project: string }>;

/** @throws {GoogleApiError} 400, 401 or 403 as Google answers that credential. */
export function authenticate(
  request: IncomingMessage,
  url: URL,
  route: GoogleRoute,
  rules: CredentialRules,
): void {
  const surface = "surface" in route ? route.surface : "vertex";
  const bearer = bearerOf(request);
  const key = apiKeyOf(request, url);
  const metadata = {
    method: `${protoPackage(surface, route.version)}.${rpcMethod(route)}`,
    service: serviceName(surface),
  };
  if (bearer !== undefined) return checkBearer(bearer, metadata, rules);
  const takesKeys = surface === "gemini-api" || !("project" in route && route.project !== undefined);
  if (key !== undefined && takesKeys) return checkKey(key, metadata.service, rules);
  if (surface === "gemini-api") {
    throw new GoogleApiError(
      "PERMISSION_DENIED",
      "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
    );
  }
  const message =
    key !== undefined
      ? "API keys are not supported by this API. Expected OAuth2 access token or other authentication credentials that assert a principal. See https://cloud.google.com/docs/authentication"
      : MISSING;
  throw unauthenticated(message, "CREDENTIALS_MISSING", metadata);
}

/** A caller of the IAM credentials service. @throws {GoogleApiError} 401. */
export function authenticateBearer(request: IncomingMessage, rules: CredentialRules): void {
  const metadata = {
    method: "google.iam.credentials.v1.IAMCredentials.GenerateAccessToken",
    service: "iamcredentials.googleapis.com",
  };
  const bearer = bearerOf(request);
  if (bearer === undefined) throw unauthenticated(MISSING, "CREDENTIALS_MISSING", metadata);
  checkBearer(bearer, metadata, rules);
}

const MISSING =
  "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";

function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer[ \t]+(\S+)[ \t]*$/i.exec(request.headers.authorization ?? "")?.[1];
}

function apiKeyOf(request: IncomingMessage, url: URL): string | undefined {
  const header = request.headers["x-goog-api-key"];
  const key = (Array.isArray(header) ? header[0] : header) ?? url.searchParams.get("key") ?? "";
  return key === "" ? undefined : key;
}

function checkBearer(bearer: string, metadata: Record<string, string>, rules: CredentialRules): void {
  const state = rules.tokens.state(bearer);
  if (state === "live") return;
  // A token that this emulator issued and that has run out is refused even when anything else would do.
  if (state === "unknown" && rules.requireAuth === "lenient") return;
  throw unauthenticated(
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    state === "expired" ? "ACCESS_TOKEN_EXPIRED" : "ACCESS_TOKEN_TYPE_UNSUPPORTED",
    metadata,
  );
}

function checkKey(key: string, service: string, rules: CredentialRules): void {
  if (rules.requireAuth === "lenient" || rules.apiKeys.has(key)) return;
  const message = "API key not valid. Please pass a valid API key.";
  throw new GoogleApiError("INVALID_ARGUMENT", message, {
    details: [
      errorInfo("API_KEY_INVALID", { service }),
      { "@type": "type.googleapis.com/google.rpc.LocalizedMessage", locale: "en-US", message },
    ],
  });
}

function unauthenticated(message: string, reason: string, metadata: Record<string, string>): GoogleApiError {
  return new GoogleApiError("UNAUTHENTICATED", message, {
    details: [errorInfo(reason, metadata)],
    headers: { "www-authenticate": 'Bearer realm="https://accounts.google.com/"' },
  });
}

function rpcMethod(route: GoogleRoute): string {
  switch (route.kind) {
    case "generate": {
      const method = route.method[0]?.toUpperCase() + route.method.slice(1);
      if (route.surface === "gemini-api") return `GenerativeService.${method}`;
      return route.method === "countTokens" ? "LlmUtilityService.CountTokens" : `PredictionService.${method}`;
    }
    case "list-models":
      return route.surface === "vertex"
        ? "ModelGardenService.ListPublisherModels"
        : "ModelService.ListModels";
    case "get-model":
      return route.surface === "vertex" ? "ModelGardenService.GetPublisherModel" : "ModelService.GetModel";
    case "deployed-chat":
      return "PredictionService.ChatCompletions";
    case "list-endpoints":
      return "EndpointService.ListEndpoints";
  }
}
