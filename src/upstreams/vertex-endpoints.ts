/** All endpoints of a project in one location, found by Vertex AI's list of them. */
import { invalidRequest } from "../errors.ts";
import { checkLocation, checkProject, joinAddress, vertexOrigin } from "./hosts.ts";
import { entries, isModelId } from "./model-listing.ts";
import type { FoundModel, OpenaiUpstream } from "./openai-upstream.ts";
import { createVertexEndpointUpstream, type VertexEndpointOptions } from "./vertex-endpoint.ts";

export type VertexEndpointsOptions = Omit<VertexEndpointOptions, "endpointId" | "host">;

/**
 * Dedicated hosts are Google's own: the list is not to send an access token anywhere else.
 * Source: https://cloud.google.com/vertex-ai/docs/predictions/choose-endpoint-type.
 */
const DEDICATED_HOST = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.prediction\.vertexai\.goog$/;

export function createVertexEndpointsUpstream(options: VertexEndpointsOptions): OpenaiUpstream {
  const project = encodeURIComponent(checkProject(options.project));
  const location = checkLocation(options.location);
  const path = `/v1/projects/${project}/locations/${location}/endpoints?pageSize=100`;
  return {
    description: `Vertex AI endpoints (project ${options.project}, location ${location})`,
    credentials: options.whose,
    repair: false,
    servesEndpoint: ({ scope }) =>
      // As for a single one, `global` may be any region.
      scope.project === options.project && (scope.location === location || scope.location === "global"),
    locationFor: () => location,
    address() {
      throw invalidRequest(
        "model",
        "model: name an endpoint, as upstream/endpoint; GET /v1/models lists them.",
      );
    },
    listing: {
      address: (page) =>
        joinAddress(
          vertexOrigin(location),
          page === undefined ? path : `${path}&pageToken=${encodeURIComponent(page)}`,
        ),
      read: (body) => entries(body, "endpoints").flatMap(endpointOf),
    },
    endpoint: ({ id, origin }) => ({
      ...createVertexEndpointUpstream({ ...options, endpointId: id, host: origin }),
      sentModel: () => "",
    }),
    authorize: (callerToken) => options.credentials.headers(callerToken),
    renew: (refused) => options.credentials.renew(refused),
  };
}

/** An endpoint that serves something, by the resource of Vertex AI's `projects.locations.endpoints`. */
function endpointOf(entry: Record<string, unknown>): FoundModel[] {
  const { name, displayName, deployedModels, dedicatedEndpointEnabled, dedicatedEndpointDns } = entry;
  const id =
    typeof name === "string" ? /\/endpoints\/([A-Za-z0-9][A-Za-z0-9_-]{0,99})$/.exec(name)?.[1] : undefined;
  if (id === undefined || !Array.isArray(deployedModels) || deployedModels.length === 0) return [];
  const found: FoundModel = { id };
  if (isModelId(displayName)) found.displayName = displayName;
  if (dedicatedEndpointEnabled === true) {
    if (typeof dedicatedEndpointDns !== "string" || !DEDICATED_HOST.test(dedicatedEndpointDns)) return [];
    found.origin = `https://${dedicatedEndpointDns}`;
  }
  return [found];
}
