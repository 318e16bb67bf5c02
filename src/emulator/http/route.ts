/** Paths the emulator serves, after Google's own REST bindings; which service is meant is told by the path. */
import type { Surface } from "../surface.ts";

export type GenerateMethod = "generateContent" | "streamGenerateContent" | "countTokens";

export type Route =
  | {
      kind: "generate";
      method: GenerateMethod;
      surface: Surface;
      version: string;
      /** Bare model id; absent for a tuned endpoint. */
      modelId?: string;
      endpoint?: string;
      /** Absent in express mode and on the Gemini API. */
      project?: string;
      location?: string;
    }
  | { kind: "list-models"; surface: Surface; version: string }
  | { kind: "get-model"; surface: Surface; version: string; modelId: string }
  | { kind: "deployed-chat"; version: string; project: string; location: string; endpoint: string }
  | { kind: "list-endpoints"; version: string; project: string; location: string }
  | { kind: "token" }
  | { kind: "sts" }
  | { kind: "impersonate"; email: string }
  | { kind: "metadata"; path: string };

const ID = String.raw`[^/:?#]+`;
const METHODS = "generateContent|streamGenerateContent|countTokens";
const VERTEX = String.raw`/(?<version>v1|v1beta1)/projects/(?<project>[^/]+)/locations/(?<location>${ID})`;

interface Binding {
  http: "GET" | "POST";
  path: RegExp;
  route: (named: (group: string) => string, url: URL) => Route;
}

function binding(http: "GET" | "POST", path: string, route: Binding["route"]): Binding {
  return { http, path: new RegExp(`^(?:${path})$`), route };
}

const methodOf = (named: (group: string) => string): GenerateMethod => {
  const method = named("method");
  return method === "streamGenerateContent" || method === "countTokens" ? method : "generateContent";
};

const BINDINGS: readonly Binding[] = [
  binding("POST", `${VERTEX}/publishers/google/models/(?<model>${ID}):(?<method>${METHODS})`, (named) => ({
    kind: "generate",
    method: methodOf(named),
    surface: "vertex",
    version: named("version"),
    modelId: named("model"),
    project: named("project"),
    location: named("location"),
  })),
  binding(
    "POST",
    `/(?<version>v1|v1beta1)/publishers/google/models/(?<model>${ID}):(?<method>${METHODS})`,
    (named) => ({
      kind: "generate",
      method: methodOf(named),
      surface: "vertex",
      version: named("version"),
      modelId: named("model"),
    }),
  ),
  binding("POST", `${VERTEX}/endpoints/(?<endpoint>${ID}):(?<method>${METHODS})`, (named) => ({
    kind: "generate",
    method: methodOf(named),
    surface: "vertex",
    version: named("version"),
    endpoint: named("endpoint"),
    project: named("project"),
    location: named("location"),
  })),
  binding("POST", `/(?<version>v1|v1beta|v1alpha)/models/(?<model>${ID}):(?<method>${METHODS})`, (named) => ({
    kind: "generate",
    method: methodOf(named),
    surface: "gemini-api",
    version: named("version"),
    modelId: named("model"),
  })),
  binding("POST", `${VERTEX}/endpoints/(?<endpoint>${ID})/chat/completions`, (named) => ({
    kind: "deployed-chat",
    version: named("version"),
    project: named("project"),
    location: named("location"),
    endpoint: named("endpoint"),
  })),
  binding("GET", `${VERTEX}/endpoints`, (named) => ({
    kind: "list-endpoints",
    version: named("version"),
    project: named("project"),
    location: named("location"),
  })),
  // With the project and location prefix Vertex has no such list.
  binding("GET", "/(?<version>v1beta1)/publishers/google/models", (named) => ({
    kind: "list-models",
    surface: "vertex",
    version: named("version"),
  })),
  binding("GET", `/(?<version>v1|v1beta1)/publishers/google/models/(?<model>${ID})`, (named) => ({
    kind: "get-model",
    surface: "vertex",
    version: named("version"),
    modelId: named("model"),
  })),
  binding("GET", "/(?<version>v1|v1beta|v1alpha)/models", (named) => ({
    kind: "list-models",
    surface: "gemini-api",
    version: named("version"),
  })),
  binding("GET", `/(?<version>v1|v1beta|v1alpha)/models/(?<model>${ID})`, (named) => ({
    kind: "get-model",
    surface: "gemini-api",
    version: named("version"),
    modelId: named("model"),
  })),
  binding("POST", "/token", () => ({ kind: "token" })),
  binding("POST", "/v1/token", () => ({ kind: "sts" })),
  binding("POST", "/v1/projects/-/serviceAccounts/(?<email>[^/:]+):generateAccessToken", (named) => ({
    kind: "impersonate",
    email: named("email"),
  })),
  binding("GET", "/|/computeMetadata/v1(?:/.*)?", (_named, url) => ({
    kind: "metadata",
    path: url.pathname,
  })),
];

/**
 * The route of a request. "not-found" stands for what Google's front end answers with its HTML page: unknown paths,
 * unknown methods on known ones, and ids that do not decode.
 */
export function findRoute(method: string, url: URL): Route | "not-found" {
  for (const { http, path, route } of BINDINGS) {
    if (http !== method) continue;
    const match = path.exec(url.pathname);
    if (match === null) continue;
    try {
      return route((group) => decodeURIComponent(match.groups?.[group] ?? ""), url);
    } catch {
      return "not-found";
    }
  }
  return "not-found";
}
