import type { Credentials } from "../auth/credentials.ts";
import { GatewayError } from "../errors.ts";
import type { AllowedScope } from "../settings.ts";
import type { GoogleUpstream } from "./google-upstream.ts";
import { checkModel, GEMINI_API_ORIGIN, joinAddress } from "./hosts.ts";

/** Has all of `v1` and the preview fields besides, which the newest models are told through. */
const API_VERSION = "v1beta";

export interface GeminiApiOptions {
  baseUrl: string | undefined;
  credentials: Credentials;
  whose: "own" | "caller";
  /** Only `*` means anything here: ignore the project in a Vertex path. */
  allowedProjects: readonly AllowedScope[] | undefined;
}

/** The Gemini API (Google AI Studio keys). It knows no projects, no locations and no endpoints. */
export function createGeminiApiUpstream(options: GeminiApiOptions): GoogleUpstream {
  const { credentials } = options;
  const ignoresProject = options.allowedProjects?.some(({ project }) => project === "*") ?? false;

  return {
    surface: "gemini-api",
    description: options.baseUrl === undefined ? "Gemini API" : `Gemini API at ${options.baseUrl}`,
    credentials: options.whose,

    mayServe: () => ignoresProject,
    locationFor: () => undefined,

    address(route) {
      if (route.kind === "endpoint") {
        throw new GatewayError(
          { kind: "not_found", code: "endpoint_not_available", param: "endpoint" },
          "Self-deployed endpoints are on Vertex AI, and this gateway uses the Gemini API. Start it with GOOGLE_GENAI_USE_VERTEXAI=true and GOOGLE_CLOUD_PROJECT.",
        );
      }
      if (route.scope !== undefined && !ignoresProject) {
        throw new GatewayError(
          { kind: "permission_denied", code: "project_not_allowed" },
          `project: this gateway uses a Gemini API key, which has no project ${JSON.stringify(route.scope.project)}. ` +
            "Use the path /v1/chat/completions, or set POLLUX_ALLOWED_PROJECTS=* to ignore the project in the path.",
        );
      }
      const method = route.stream ? ":streamGenerateContent?alt=sse" : ":generateContent";
      return joinAddress(
        options.baseUrl ?? GEMINI_API_ORIGIN,
        `/${API_VERSION}/${modelPath(route.model)}${method}`,
      );
    },

    authorize: (callerToken) => credentials.headers(callerToken),
    renew: (refused) => credentials.renew(refused),
  };
}

const TUNED = "tunedModels/";

function modelPath(model: string): string {
  return model.startsWith(TUNED)
    ? `${TUNED}${checkModel(model.slice(TUNED.length))}`
    : `models/${checkModel(model)}`;
}
