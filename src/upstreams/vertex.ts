import type { Credentials } from "../auth/credentials.ts";
import { GatewayError, invalidRequest } from "../errors.ts";
import type { AllowedScope } from "../settings.ts";
import type { GoogleRoute, GoogleUpstream, Scope } from "./google-upstream.ts";
import {
  checkEndpoint,
  checkLocation,
  checkModel,
  checkProject,
  joinAddress,
  vertexOrigin,
} from "./hosts.ts";

/**
 * What the official `@google/genai` SDK uses on Vertex AI. New fields come here first: function call ids were in
 * `v1beta1` months before `v1`.
 */
const API_VERSION = "v1beta1";

export interface VertexOptions {
  /** For requests that name none. Undefined in express mode, and when each caller must name one. */
  project: string | undefined;
  location: string;
  /** In place of Google's hosts: origin and path prefix. */
  baseUrl: string | undefined;
  credentials: Credentials;
  /** `own`: paths may name allowed projects only. `caller`: Google decides by the caller's token. */
  whose: "own" | "caller";
  /** An API key stands for project and location, which are then left out of the path. */
  express: boolean;
  /** Undefined: `project` only, in any location. */
  allowedProjects: readonly AllowedScope[] | undefined;
  description: string;
}

/** Vertex AI, natively and for self-deployed endpoints. Throws a 400 when project or location cannot be one. */
export function createVertexUpstream(options: VertexOptions): GoogleUpstream {
  if (options.project !== undefined) checkProject(options.project);
  checkLocation(options.location);
  const { credentials } = options;

  return {
    surface: "vertex",
    description: options.description,
    credentials: options.whose,

    mayServe: (scope) => isAllowed(options, scope),
    // The path of an API key has no location: such calls go to the global endpoint.
    locationFor: (scope) => (options.express ? "global" : scope.location),

    address(route) {
      if (options.express) return expressAddress(options, route);
      const scope = scopeOf(options, route);
      const project = encodeURIComponent(checkProject(scope.project));
      const location = checkLocation(scope.location);
      const parent = `projects/${project}/locations/${location}`;
      const base = options.baseUrl ?? vertexOrigin(location);
      if (route.kind === "endpoint") {
        const endpoint = checkEndpoint(route.endpointId);
        return joinAddress(base, `/${route.version}/${parent}/endpoints/${endpoint}/chat/completions`);
      }
      return joinAddress(base, `/${API_VERSION}/${parent}/${modelPath(route.model)}${method(route.stream)}`);
    },

    authorize: (callerToken) => credentials.headers(callerToken),
    renew: (refused) => credentials.renew(refused),
  };
}

function expressAddress(options: VertexOptions, route: GoogleRoute): { origin: string; path: string } {
  if (route.kind === "endpoint") {
    throw new GatewayError(
      { kind: "not_found", code: "endpoint_not_available", param: "endpoint" },
      "Self-deployed endpoints need a project: this gateway uses a Vertex AI API key, which has none. Start it with GOOGLE_CLOUD_PROJECT and application default credentials.",
    );
  }
  checkScope(options, route.scope);
  const path = `/${API_VERSION}/${modelPath(route.model)}${method(route.stream)}`;
  return joinAddress(options.baseUrl ?? vertexOrigin("global"), path);
}

function scopeOf(options: VertexOptions, route: GoogleRoute): Scope {
  if (route.scope !== undefined) {
    checkScope(options, route.scope);
    return route.scope;
  }
  if (options.project !== undefined) {
    const location = route.kind === "generate" ? route.location : undefined;
    return { project: options.project, location: location ?? options.location };
  }
  throw invalidRequest(
    "project",
    "No Google Cloud project is known: set GOOGLE_CLOUD_PROJECT for the gateway, or use the path /v1/projects/{project}/locations/{location}/endpoints/openapi/chat/completions.",
  );
}

function isAllowed(options: VertexOptions, named: Scope): boolean {
  if (options.whose === "caller") return true;
  const allowed =
    options.allowedProjects ??
    (options.project === undefined ? [] : [{ project: options.project, location: undefined }]);
  return allowed.some(
    ({ project, location }) =>
      (project === "*" || project === named.project) &&
      (location === undefined || location === named.location),
  );
}

/** The project and location in the path, held against what the gateway's own credentials may be used for. */
function checkScope(options: VertexOptions, named: Scope | undefined): void {
  if (named === undefined) return;
  checkProject(named.project);
  checkLocation(named.location);
  if (isAllowed(options, named)) return;
  throw new GatewayError(
    { kind: "permission_denied", code: "project_not_allowed" },
    `project: this gateway's credentials are not to be used for project ${JSON.stringify(named.project)} in ${JSON.stringify(named.location)}. ` +
      "Use the path /v1/chat/completions, or have the project added to POLLUX_ALLOWED_PROJECTS (`project` or `project/location`; `*` for any).",
  );
}

/** `endpoints/{id}` is a tuned model, which Vertex AI serves from an endpoint of its own. */
function modelPath(model: string): string {
  const tuned = /^endpoints\/(.*)$/s.exec(model)?.[1];
  if (tuned !== undefined) return `endpoints/${checkEndpoint(tuned)}`;
  return `publishers/google/models/${checkModel(model)}`;
}

function method(stream: boolean): string {
  return stream ? ":streamGenerateContent?alt=sse" : ":generateContent";
}
