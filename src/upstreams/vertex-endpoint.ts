import type { Credentials } from "../auth/credentials.ts";
import { checkEndpoint, checkLocation, checkProject, joinAddress, vertexOrigin } from "./hosts.ts";
import type { OpenaiUpstream } from "./openai-upstream.ts";

export interface VertexEndpointOptions {
  project: string;
  location: string;
  endpointId: string;
  /**
   * The endpoint's dedicated DNS name (`{id}.{region}-{number}.prediction.vertexai.goog`) or its Private Service Connect
   * address, with a scheme where it is not https. Undefined: the host that all endpoints of the region share. An endpoint
   * with a dedicated name is refused by the shared host.
   */
  host: string | undefined;
  credentials: Credentials;
  whose: "own" | "caller";
}

/** A model deployed to a Vertex AI endpoint (Model Garden, Hugging Face): a vLLM or TGI container behind Google's sign-in. */
export function createVertexEndpointUpstream(options: VertexEndpointOptions): OpenaiUpstream {
  const project = encodeURIComponent(checkProject(options.project));
  const location = checkLocation(options.location);
  const endpoint = checkEndpoint(options.endpointId);
  const base = options.host === undefined ? vertexOrigin(location) : withScheme(options.host);
  const address = joinAddress(
    base,
    `/v1/projects/${project}/locations/${location}/endpoints/${endpoint}/chat/completions`,
  );
  return {
    description: `Vertex AI endpoint ${endpoint} (project ${options.project}, location ${location})`,
    credentials: options.whose,
    repair: false,
    servesEndpoint: ({ endpointId, scope }) =>
      endpointId === options.endpointId &&
      scope.project === options.project &&
      // Google's samples write `global` for an endpoint of any region.
      (scope.location === location || scope.location === "global"),
    address: () => address,
    // vLLM refuses a name it does not know, and the endpoint's id is none of its.
    sentModel: (model) => (model === options.endpointId ? "" : model),
    // Whatever the path says.
    locationFor: () => location,
    authorize: (callerToken) => options.credentials.headers(callerToken),
    renew: (refused) => options.credentials.renew(refused),
  };
}

function withScheme(host: string): string {
  return host.includes("://") ? host : `https://${host}`;
}
