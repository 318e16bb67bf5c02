/** Whose credentials an upstream of Google's is called with: its own, or each caller's. */
import type { CredentialsConfig } from "../config/credentials-schema.ts";
import { type AuthStatus, plainStatus } from "./auth-status.ts";
import { callerCredentials, type Credentials } from "./credentials.ts";
import type { GoogleCredentialsOptions } from "./google-credentials.ts";
import { HOW_TO_SIGN_IN } from "./how-to-sign-in.ts";

export interface SignedIn {
  credentials: Credentials;
  whose: "own" | "caller";
  description: string;
  project: string | undefined;
  status: () => AuthStatus;
}

/**
 * Opens the credentials of one upstream; without any, each caller's own token is passed on.
 * @throws SettingsError for credentials that are named and cannot be used.
 */
export async function signIn(
  config: { credentials: CredentialsConfig; quotaProject?: string | undefined },
  options: GoogleCredentialsOptions = {},
): Promise<SignedIn> {
  const { quotaProject } = config;
  // With Google's library, which is not needed to speak to any other upstream.
  const { openCredentials } = await import("./open-credentials.ts");
  const own = await openCredentials(config.credentials, {
    ...options,
    ...(quotaProject === undefined ? {} : { quotaProject }),
  });
  return own === undefined
    ? {
        credentials: callerTokens(),
        whose: "caller",
        description: "each caller's own Google token",
        project: undefined,
        status: () => plainStatus("caller", "each caller's own Google token"),
      }
    : {
        credentials: own,
        whose: "own",
        description: own.description,
        project: own.project,
        status: () => own.status(),
      };
}

function callerTokens(): Credentials {
  return callerCredentials(
    "send a Google access token as the API key (`Authorization: Bearer $(gcloud auth application-default print-access-token)`). " +
      `To give the gateway credentials of its own, ${HOW_TO_SIGN_IN}.`,
    (token) => ({ authorization: `Bearer ${token}` }),
  );
}

/** Each caller's own Gemini API key, or Google token. */
export function callerKeys(): Credentials {
  return callerCredentials(
    "send a Gemini API key as the API key. To give the gateway a key of its own, set GEMINI_API_KEY.",
    // Google's access tokens, unlike its API keys, begin so; the Gemini API takes both, each in its own header.
    (token): Record<string, string> =>
      token.startsWith("ya29.") ? { authorization: `Bearer ${token}` } : { "x-goog-api-key": token },
  );
}
