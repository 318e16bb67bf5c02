/** One upstream of the configuration, connected: signed in, or started where it runs in this process. */
import { type AuthStatus, plainStatus } from "./auth/auth-status.ts";
import { apiKeyCredentials, staticTokenCredentials } from "./auth/credentials.ts";
import type { GoogleCredentialsOptions } from "./auth/google-credentials.ts";
import { rotatingKeyCredentials } from "./auth/rotating-keys.ts";
import { callerKeys, signIn } from "./auth/sign-in.ts";
import type { UpstreamConfig, UpstreamOf } from "./config/config.ts";
import type { Emulator, EmulatorOptions } from "./emulator/server.ts";
import type { ConnectedUpstream, GeminiConnection, OpenaiConnection } from "./gateway/connected-upstream.ts";
import { Discovery } from "./gateway/discovery.ts";
import { type AllowedScope, SettingsError } from "./settings.ts";
import { createGeminiApiUpstream } from "./upstreams/gemini-api.ts";
import type { OpenaiUpstream } from "./upstreams/openai-upstream.ts";
import { createOpenaiCompatibleUpstream } from "./upstreams/openai-compatible.ts";
import type { LocalModelOptions } from "./upstreams/local/local-model.ts";
import type { UpstreamClient } from "./upstreams/upstream.ts";
import { createVertexEndpointUpstream } from "./upstreams/vertex-endpoint.ts";
import { createVertexEndpointsUpstream } from "./upstreams/vertex-endpoints.ts";
import { createVertexOpenapiUpstream } from "./upstreams/vertex-openapi.ts";
import { createVertexUpstream } from "./upstreams/vertex.ts";

export interface Connected {
  upstream: ConnectedUpstream;
  /** Present when this upstream is the built-in emulator. */
  emulator?: Emulator;
  /** Ends what was started for it. */
  close?(): Promise<void>;
}

export interface ConnectDeps {
  /** Where node-llama-cpp comes from; by default the one installed beside this package. */
  local?: Pick<LocalModelOptions, "loadLibrary">;
  /** HTTP, shared by all upstreams that speak it. */
  client: UpstreamClient;
  /** An access token of this upstream's was fetched, or could not be. */
  onTokenRefreshed?: (succeeded: boolean) => void;
  emulator?: EmulatorOptions;
  /** The address of an upstream's emulator that other processes ask as well; default: one is started here. */
  sharedEmulator?: (upstream: string, script: string | undefined) => Promise<string>;
  credentials?: Pick<
    GoogleCredentialsOptions,
    "env" | "onRefreshFailed" | "hasMetadataServer" | "onLooked" | "iamEndpoint"
  >;
}

/** @throws SettingsError for credentials that are named and cannot be used, or a project that is not known. */
export function connectUpstream(name: string, config: UpstreamConfig, deps: ConnectDeps): Promise<Connected> {
  switch (config.kind) {
    case "vertex":
      return connectVertex(name, config, deps);
    case "gemini-api":
      return Promise.resolve({ upstream: connectGeminiApi(name, config, deps) });
    case "vertex-endpoint":
      return connectEndpoint(name, config, deps);
    case "vertex-openapi":
      return connectOpenapi(name, config, deps);
    case "openai-compatible":
      return Promise.resolve({
        upstream: {
          ...openai(
            name,
            createOpenaiCompatibleUpstream({
              baseUrl: config.baseUrl,
              apiKey: config.apiKey,
              repair: config.repair,
            }),
            deps.client,
            config.models,
          ),
          auth: () =>
            config.apiKey === undefined
              ? plainStatus("none", "no key")
              : plainStatus("api-key", "an API key"),
        },
      });
    case "emulator":
      return connectEmulator(name, config, deps);
    case "local":
      return connectLocal(name, config, deps);
    default:
      return config satisfies never;
  }
}

function credentialsOptions({ credentials, onTokenRefreshed }: ConnectDeps): GoogleCredentialsOptions {
  return { ...credentials, ...(onTokenRefreshed === undefined ? {} : { onRefreshed: onTokenRefreshed }) };
}

async function connectVertex(
  name: string,
  config: UpstreamOf<"vertex">,
  deps: ConnectDeps,
): Promise<Connected> {
  const at = config.baseUrl === undefined ? "" : ` at ${config.baseUrl}`;
  const allowedProjects = scopes(config.allowedProjects);
  const base = { location: config.location, baseUrl: config.baseUrl, allowedProjects };
  const headers: Record<string, string> = {};
  if (config.tier !== undefined) headers["x-vertex-ai-llm-shared-request-type"] = config.tier;
  if (config.requestType !== undefined) headers["x-vertex-ai-llm-request-type"] = config.requestType;
  if (config.apiKey !== undefined) {
    const upstream = createVertexUpstream({
      ...base,
      project: undefined,
      credentials: apiKeyCredentials(config.apiKey),
      whose: "own",
      express: true,
      description: `Vertex AI${at} (API key)`,
    });
    const auth = (): AuthStatus => plainStatus("api-key", "a Vertex AI API key");
    return { upstream: { ...gemini(name, upstream, deps.client, headers), auth } };
  }
  const signedIn = await signIn(config, credentialsOptions(deps));
  const project = config.project ?? signedIn.project;
  const where = `project ${project ?? "of each request"}, location ${config.location}`;
  const upstream = createVertexUpstream({
    ...base,
    project,
    credentials: signedIn.credentials,
    whose: signedIn.whose,
    express: false,
    description: `Vertex AI${at} (${where}; ${signedIn.description})`,
  });
  return { upstream: { ...gemini(name, upstream, deps.client, headers), auth: signedIn.status } };
}

function connectGeminiApi(
  name: string,
  config: UpstreamOf<"gemini-api">,
  deps: ConnectDeps,
): ConnectedUpstream {
  const own = config.apiKeys.length > 0;
  const upstream = createGeminiApiUpstream({
    baseUrl: config.baseUrl,
    credentials: own ? rotatingKeyCredentials(config.apiKeys) : callerKeys(),
    whose: own ? "own" : "caller",
    allowedProjects: scopes(config.allowedProjects),
  });
  const { length } = config.apiKeys;
  const auth = (): AuthStatus =>
    own
      ? plainStatus("api-key", length === 1 ? "a Gemini API key" : `${length} Gemini API keys in turn`)
      : plainStatus("caller", "each caller's own Gemini API key");
  return { ...gemini(name, upstream, deps.client), auth };
}

async function connectEndpoint(
  name: string,
  config: UpstreamOf<"vertex-endpoint">,
  deps: ConnectDeps,
): Promise<Connected> {
  const signedIn = await signIn(config, credentialsOptions(deps));
  const options = {
    project: projectOf(name, config.project ?? signedIn.project),
    location: config.location,
    credentials: signedIn.credentials,
    whose: signedIn.whose,
  };
  const { endpoint, host } = config;
  const upstream =
    endpoint === undefined
      ? createVertexEndpointsUpstream(options)
      : createVertexEndpointUpstream({ ...options, endpointId: endpoint, host });
  return { upstream: { ...openai(name, upstream, deps.client, config.models), auth: signedIn.status } };
}

async function connectOpenapi(
  name: string,
  config: UpstreamOf<"vertex-openapi">,
  deps: ConnectDeps,
): Promise<Connected> {
  const signedIn = await signIn(config, credentialsOptions(deps));
  const upstream = createVertexOpenapiUpstream({
    project: projectOf(name, config.project ?? signedIn.project),
    location: config.location,
    baseUrl: config.baseUrl,
    credentials: signedIn.credentials,
    whose: signedIn.whose,
    repair: config.repair,
  });
  return { upstream: { ...openai(name, upstream, deps.client, config.models), auth: signedIn.status } };
}

async function connectEmulator(
  name: string,
  config: UpstreamOf<"emulator">,
  deps: ConnectDeps,
): Promise<Connected> {
  if (deps.sharedEmulator !== undefined) {
    const url = await deps.sharedEmulator(name, config.script);
    return { upstream: emulated(name, config, deps.client, url) };
  }
  const script = config.script === undefined ? {} : { script: config.script };
  const { startEmulator } = await import("./emulator/server.ts");
  const emulator = await startEmulator({ ...deps.emulator, ...script });
  return {
    upstream: emulated(name, config, deps.client, emulator.url),
    emulator,
    close: () => emulator.close(),
  };
}

function emulated(
  name: string,
  config: UpstreamOf<"emulator">,
  client: UpstreamClient,
  url: string,
): GeminiConnection {
  const at = createVertexUpstream({
    project: "pollux-emulator",
    location: config.location ?? "global",
    baseUrl: url,
    credentials: staticTokenCredentials("emulated-token"),
    whose: "own",
    express: false,
    // Nothing to protect: any project in a path is as good as another.
    allowedProjects: scopes(config.allowedProjects) ?? [{ project: "*", location: undefined }],
    description: `Gemini emulator at ${url}`,
  });
  return {
    ...gemini(name, at, client),
    passedHeaders: ["x-emulator-fault"],
    auth: () => plainStatus("none", "the emulator needs none"),
  };
}

/** The model is loaded here and now, so that a file that cannot be served is known at start. */
async function connectLocal(
  name: string,
  config: UpstreamOf<"local">,
  deps: ConnectDeps,
): Promise<Connected> {
  const { file, queue, contextTokens, threads } = config;
  const { createLocalModel } = await import("./upstreams/local/local-model.ts");
  const model = await createLocalModel({
    file,
    queue,
    ...deps.local,
    ...(config.name === undefined ? {} : { name: config.name }),
    ...(contextTokens === undefined ? {} : { contextTokens }),
    ...(threads === undefined ? {} : { threads }),
  });
  const address = { origin: "http://localhost", path: "/v1/chat/completions" };
  const at: OpenaiUpstream = {
    description: model.description,
    credentials: "own",
    repair: false,
    address: () => address,
    authorize: () => ({}),
    renew: () => Promise.resolve(false),
  };
  // One model under whatever name it is asked for, as a self-deployed endpoint.
  const auth = (): AuthStatus => plainStatus("none", "runs in this process");
  return { upstream: { ...openai(name, at, model.client, []), auth }, close: () => model.close() };
}

function gemini(
  name: string,
  at: GeminiConnection["at"],
  client: UpstreamClient,
  headers: Record<string, string> = {},
): GeminiConnection {
  return { kind: "gemini", name, at, client, passedHeaders: [], headers };
}

/** @param models those the configuration names; undefined: the upstream is asked for them */
function openai(
  name: string,
  at: OpenaiUpstream,
  client: UpstreamClient,
  models: readonly string[] | undefined,
): OpenaiConnection {
  const connection: OpenaiConnection = { kind: "openai", name, at, client, passedHeaders: [] };
  const { listing } = at;
  // With callers' own tokens, what one of them may see is not for the others to know.
  const isAsked = at.endpoint !== undefined || models === undefined;
  if (listing === undefined || !isAsked || at.credentials === "caller") return connection;
  const discovery = new Discovery({ client, at, listing, now: () => performance.now() });
  return { ...connection, discovery };
}

function projectOf(name: string, project: string | undefined): string {
  if (project !== undefined) return project;
  throw new SettingsError(
    `upstreams.${name}.project`,
    "no Google Cloud project is known: name one here, or set GOOGLE_CLOUD_PROJECT.",
  );
}

function scopes(allowed: readonly string[] | undefined): AllowedScope[] | undefined {
  return allowed?.map((entry) => {
    const [project = "", location] = entry.split("/");
    return { project, location };
  });
}
