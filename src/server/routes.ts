/** Every route there is. What serves, what answers 405 and what /openapi.json says are all read from this table. */

export type RouteId =
  | "chatCompletions"
  | "vertexChatCompletions"
  | "endpointChatCompletions"
  | "listModels"
  | "retrieveModel"
  | "health"
  | "ready"
  | "openapi"
  | "adminAuth"
  | "adminConfig"
  | "adminRouting"
  | "metrics";

export interface Route {
  id: RouteId;
  method: "GET" | "POST";
  /** OpenAPI path template; a name ending in `*` takes the rest of the path, slashes included. */
  path: string;
  summary: string;
  /** False for other spellings of a documented route. */
  documented: boolean;
}

const CHAT = "Create a chat completion";
const VERTEX_CHAT = "Create a chat completion at Vertex AI's own path";
const ENDPOINT_CHAT = "Create a chat completion with a self-deployed model";
const VERTEX_SCOPE = "projects/{project}/locations/{location}/endpoints";

function route(
  id: RouteId,
  method: Route["method"],
  path: string,
  summary: string,
  documented = true,
): Route {
  return { id, method, path, summary, documented };
}

export const ROUTES: readonly Route[] = [
  route("chatCompletions", "POST", "/v1/chat/completions", CHAT),
  route("chatCompletions", "POST", "/v1beta/openai/chat/completions", `${CHAT} at the Gemini API's own path`),
  // For base URLs given without `/v1`.
  route("chatCompletions", "POST", "/chat/completions", CHAT, false),
  route("vertexChatCompletions", "POST", `/v1/${VERTEX_SCOPE}/openapi/chat/completions`, VERTEX_CHAT),
  route("vertexChatCompletions", "POST", `/v1beta1/${VERTEX_SCOPE}/openapi/chat/completions`, VERTEX_CHAT),
  route("endpointChatCompletions", "POST", `/v1/${VERTEX_SCOPE}/{endpoint}/chat/completions`, ENDPOINT_CHAT),
  route(
    "endpointChatCompletions",
    "POST",
    `/v1beta1/${VERTEX_SCOPE}/{endpoint}/chat/completions`,
    ENDPOINT_CHAT,
  ),
  route("listModels", "GET", "/v1/models", "List the models"),
  route("listModels", "GET", "/v1beta/openai/models", "List the models at the Gemini API's own path"),
  route("listModels", "GET", "/models", "List the models", false),
  route("retrieveModel", "GET", "/v1/models/{model*}", "Retrieve one model; its id may contain slashes"),
  route(
    "retrieveModel",
    "GET",
    "/v1beta/openai/models/{model*}",
    "Retrieve one model at the Gemini API's own path",
  ),
  route("retrieveModel", "GET", "/models/{model*}", "Retrieve one model", false),
  route("health", "GET", "/healthz", "Whether the process is alive"),
  route("ready", "GET", "/readyz", "Whether the gateway takes requests"),
  route("openapi", "GET", "/openapi.json", "This interface as an OpenAPI 3.1 document"),
  route("adminAuth", "GET", "/admin/auth", "How each upstream is signed in to"),
  route("adminConfig", "GET", "/admin/config", "The configuration in force, secrets masked"),
  route("metrics", "GET", "/metrics", "Numbers of the gateway's work, for Prometheus"),
  route("adminRouting", "GET", "/admin/routing", "What the gateway has learned about each target"),
];

export interface MatchedRoute {
  route: Route;
  /** Decoded path parameters. */
  parameters: Record<string, string>;
}

interface Compiled {
  route: Route;
  pattern: RegExp;
  names: string[];
}

const compiled: readonly Compiled[] = ROUTES.map((entry) => {
  const names: string[] = [];
  const source = entry.path
    .replaceAll(".", "\\.")
    .replace(/\{(\w+)(\*?)\}/g, (_, name: string, rest: string) => {
      names.push(name);
      return rest === "*" ? "(.+)" : "([^/]+)";
    });
  return { route: entry, pattern: new RegExp(`^${source}/?$`), names };
});

/** Routes without parameters, by method and path: no two names have to be put together to look one up. */
const exact = new Map<string, Map<string, Route>>();
for (const entry of ROUTES) {
  if (entry.path.includes("{")) continue;
  const ofMethod = exact.get(entry.method) ?? new Map<string, Route>();
  exact.set(entry.method, ofMethod.set(entry.path, entry));
}
const NO_PARAMETERS: Record<string, string> = {};

/**
 * The route for a method and a path without its query; undefined if there is none. Earlier routes win. HEAD is GET:
 * whoever sends the answer leaves its body out.
 */
export function matchRoute(asked: string, path: string): MatchedRoute | undefined {
  const method = asked === "HEAD" ? "GET" : asked;
  const plain = exact.get(method)?.get(path);
  if (plain !== undefined) return { route: plain, parameters: NO_PARAMETERS };
  for (const { route: entry, pattern, names } of compiled) {
    if (entry.method !== method) continue;
    const match = pattern.exec(path);
    if (match === null) continue;
    const parameters: Record<string, string> = {};
    for (const [index, name] of names.entries()) {
      const raw = match[index + 1] ?? "";
      parameters[name] = decode(raw);
    }
    return { route: entry, parameters };
  }
  return undefined;
}

/** The methods a path has, for the `allow` header of a 405; empty if the path is unknown. */
export function methodsFor(path: string): string[] {
  const methods = new Set<string>(
    compiled.filter(({ pattern }) => pattern.test(path)).map(({ route: entry }) => entry.method),
  );
  if (methods.has("GET")) methods.add("HEAD");
  return [...methods].toSorted();
}

/** A malformed escape stays as it is: the checks on ids refuse its `%`. */
function decode(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}
