import type { Credentials } from "../auth/credentials.ts";
import { checkLocation, checkProject, joinAddress, vertexOrigin } from "./hosts.ts";
import { openaiModelListing } from "./model-listing.ts";
import type { OpenaiUpstream } from "./openai-upstream.ts";

export interface VertexOpenapiOptions {
  project: string;
  location: string;
  baseUrl: string | undefined;
  credentials: Credentials;
  whose: "own" | "caller";
  repair: boolean;
}

/**
 * Vertex AI's own compatibility layer, the one way to partner models (`meta/…-maas`, `deepseek-ai/…`). The public proto
 * declares its method in v1beta1 only.
 */
export function createVertexOpenapiUpstream(options: VertexOpenapiOptions): OpenaiUpstream {
  const project = encodeURIComponent(checkProject(options.project));
  checkLocation(options.location);
  return {
    description: `Vertex AI's own compatibility layer (project ${options.project}, location ${options.location})`,
    credentials: options.whose,
    repair: options.repair,
    readsBuckets: true,
    mayServe: (scope) => scope.project === options.project,
    locationFor: (scope) => scope.location,
    listing: openaiModelListing(
      new URL(
        `v1beta1/projects/${project}/locations/${options.location}/endpoints/openapi`,
        `${(options.baseUrl ?? vertexOrigin(options.location)).replace(/\/+$/, "")}/`,
      ).href,
    ),
    address(chosen = options.location) {
      const location = checkLocation(chosen);
      return joinAddress(
        options.baseUrl ?? vertexOrigin(location),
        `/v1beta1/projects/${project}/locations/${location}/endpoints/openapi/chat/completions`,
      );
    },
    authorize: (callerToken) => options.credentials.headers(callerToken),
    renew: (refused) => options.credentials.renew(refused),
  };
}
