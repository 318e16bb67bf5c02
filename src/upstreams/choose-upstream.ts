import {
  apiKeyCredentials,
  callerCredentials,
  type Credentials,
  staticTokenCredentials,
} from "../auth/credentials.ts";
import {
  findGoogleCredentials,
  type GoogleCredentialsOptions,
  HOW_TO_SIGN_IN,
} from "../auth/google-credentials.ts";
import type { Settings } from "../settings.ts";
import { createGeminiApiUpstream } from "./gemini-api.ts";
import type { GoogleUpstream } from "./google-upstream.ts";
import { createVertexUpstream } from "./vertex.ts";

export interface ChooseUpstreamDeps {
  /** The emulator that answers when `settings.upstream.kind` is `emulator`. */
  emulator?: {
    /** For example `http://127.0.0.1:41234`. */
    origin: string;
    /** An access token the emulator takes. */
    accessToken: string;
  };
  env?: GoogleCredentialsOptions["env"];
  /** A token refresh failed while the old token still serves. */
  onRefreshFailed?: GoogleCredentialsOptions["onRefreshFailed"];
  hasMetadataServer?: GoogleCredentialsOptions["hasMetadataServer"];
}

/**
 * The upstream that the settings name, signed in where credentials can be found. With Vertex AI or the Gemini API and
 * no credentials of the gateway's own, each caller's are passed on.
 * Throws `SettingsError` for credentials that are there and cannot be used.
 */
export async function createGoogleUpstream(
  settings: Pick<Settings, "upstream" | "allowedProjects">,
  deps: ChooseUpstreamDeps = {},
): Promise<GoogleUpstream> {
  const { upstream, allowedProjects } = settings;
  switch (upstream.kind) {
    case "emulator": {
      if (deps.emulator === undefined)
        throw new Error("the emulator must be started before its upstream is made");
      return createVertexUpstream({
        project: "pollux-emulator",
        location: "global",
        baseUrl: deps.emulator.origin,
        credentials: staticTokenCredentials(deps.emulator.accessToken),
        whose: "own",
        express: false,
        // Nothing to protect: any project in a path is as good as another.
        allowedProjects: allowedProjects ?? [{ project: "*", location: undefined }],
        description: `Gemini emulator at ${deps.emulator.origin}`,
      });
    }
    case "gemini-api":
      return createGeminiApiUpstream({
        baseUrl: upstream.baseUrl,
        credentials: upstream.apiKey === undefined ? callerKeys() : apiKeyCredentials(upstream.apiKey),
        whose: upstream.apiKey === undefined ? "caller" : "own",
        allowedProjects,
      });
    case "vertex":
      break;
    default:
      upstream satisfies never;
  }

  const at = upstream.baseUrl === undefined ? "" : ` at ${upstream.baseUrl}`;
  const base = { location: upstream.location, baseUrl: upstream.baseUrl, allowedProjects };
  if (upstream.apiKey !== undefined) {
    return createVertexUpstream({
      ...base,
      project: undefined,
      credentials: apiKeyCredentials(upstream.apiKey),
      whose: "own",
      express: true,
      description: `Vertex AI${at} (API key)`,
    });
  }
  const own = await findGoogleCredentials({
    ...(upstream.credentialsFile === undefined ? {} : { credentialsFile: upstream.credentialsFile }),
    ...(upstream.quotaProject === undefined ? {} : { quotaProject: upstream.quotaProject }),
    ...(deps.env === undefined ? {} : { env: deps.env }),
    ...(deps.onRefreshFailed === undefined ? {} : { onRefreshFailed: deps.onRefreshFailed }),
    ...(deps.hasMetadataServer === undefined ? {} : { hasMetadataServer: deps.hasMetadataServer }),
  });
  const project = upstream.project ?? own?.project;
  const where = `project ${project ?? "of each request"}, location ${upstream.location}`;
  return createVertexUpstream({
    ...base,
    project,
    credentials: own ?? callerTokens(),
    whose: own === undefined ? "caller" : "own",
    express: false,
    description:
      own === undefined
        ? `Vertex AI${at} (${where}; each caller's own Google token)`
        : `Vertex AI${at} (${where}; ${own.description})`,
  });
}

function callerTokens(): Credentials {
  return callerCredentials(
    "send a Google access token as the API key (`Authorization: Bearer $(gcloud auth application-default print-access-token)`). " +
      `To give the gateway credentials of its own, ${HOW_TO_SIGN_IN}.`,
    (token) => ({ authorization: `Bearer ${token}` }),
  );
}

function callerKeys(): Credentials {
  return callerCredentials(
    "send a Gemini API key as the API key. To give the gateway a key of its own, set GEMINI_API_KEY.",
    // Google's access tokens, unlike its API keys, begin so; the Gemini API takes both, each in its own header.
    (token): Record<string, string> =>
      token.startsWith("ya29.") ? { authorization: `Bearer ${token}` } : { "x-goog-api-key": token },
  );
}
