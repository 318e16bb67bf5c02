import type { ClientOptions, OpenAI } from "openai";
import type { Credentials } from "../auth/credentials.ts";
import type { GoogleCredentials } from "../auth/google-credentials.ts";
import { HOW_TO_SIGN_IN } from "../auth/how-to-sign-in.ts";
import { readVertexSettings, SettingsError } from "../settings.ts";
import { checkEndpoint, checkLocation, checkProject, joinAddress, vertexOrigin } from "../upstreams/hosts.ts";

/** What `createClient` takes besides the options of `new OpenAI()`. */
export interface CreateClientOptions<Client = OpenAI> extends Omit<
  ClientOptions,
  "apiKey" | "project" | "organization" | "baseURL"
> {
  /** Google Cloud project. Default: `GOOGLE_CLOUD_PROJECT`, else the credentials' own. */
  project?: string;
  /** Default: `GOOGLE_CLOUD_LOCATION`, else `global`. */
  location?: string;
  /** A self-deployed endpoint, in place of the Gemini models of `endpoints/openapi`. */
  endpointId?: string;
  /** The whole address up to `/chat/completions`, in place of project, location and endpoint. https, or http to this machine. */
  baseURL?: string;
  /** Contents of a Google credential file. Default: Application Default Credentials. */
  credentials?: object;
  /** Path of a Google credential file. */
  keyFilename?: string;
  /** The class to build, for example of another major version. Default: that of the installed `openai` package. */
  OpenAI?: new (options: never) => Client;
}

/**
 * An OpenAI client that talks straight to Vertex AI's own Chat Completions endpoint, with no gateway between. The access
 * token is renewed for as long as the client lives: each request, and each of the SDK's retries, carries a valid one.
 *
 * Works with majors 4 to 7 of `openai`, which must be installed beside this package.
 *
 * ```ts
 * const client = await createClient({ project: "my-project", location: "global" });
 * const completion = await client.chat.completions.create({
 *   model: "google/gemini-3.5-flash",
 *   messages: [{ role: "user", content: "Why is the sky blue?" }],
 * });
 * ```
 *
 * Throws `SettingsError` when there are no credentials or no project, and a `GatewayError` for a project, location or
 * endpoint that cannot be one.
 */
export async function createClient<Client = OpenAI>(
  options: CreateClientOptions<Client> = {},
): Promise<Client> {
  const {
    project,
    location,
    endpointId,
    baseURL,
    credentials,
    keyFilename,
    OpenAI: given,
    ...rest
  } = options;
  const settings = readVertexSettings(process.env, {
    ...(project === undefined ? {} : { project }),
    ...(location === undefined ? {} : { location }),
    ...(baseURL === undefined ? {} : { baseUrl: baseURL }),
  });
  const { findGoogleCredentials } = await import("../auth/google-credentials.ts");
  const signedIn = await findGoogleCredentials({
    ...(credentials === undefined ? {} : { credentials }),
    ...(keyFilename === undefined ? {} : { credentialsFile: keyFilename }),
  });
  if (signedIn === undefined) {
    throw new SettingsError("createClient", `no Google credentials were found: ${HOW_TO_SIGN_IN}.`);
  }
  const address =
    baseURL === undefined ? vertexAddress(settings, signedIn, endpointId) : (settings.baseUrl ?? baseURL);

  // Majors differ in their types; what is passed here, all of 4 to 7 take.
  const Class = (given ?? (await installedClass())) as new (options: ClientOptions) => Client;
  return new Class({
    ...rest,
    baseURL: address,
    // The SDK insists on one; `withToken` puts the real one in its place.
    apiKey: "google-access-token",
    // Not Google's: they would otherwise come from OPENAI_ORG_ID and OPENAI_PROJECT_ID.
    organization: null,
    project: null,
    fetch: withToken(signedIn, new URL(address).origin, rest.fetch ?? globalThis.fetch),
  });
}

/** A `fetch` that signs each request to `origin`, and repeats one that Google refuses for its token with a new one. */
export function withToken(credentials: Credentials, origin: string, send: typeof fetch): typeof fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (new URL(url).origin !== origin) {
      throw new Error(
        `The Google access token is for ${origin} only; a request to ${new URL(url).origin} was not sent.`,
      );
    }
    const attempt = async (): Promise<{ response: Response; sent: Record<string, string> }> => {
      const sent = await credentials.headers(undefined);
      const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
      for (const [name, value] of Object.entries(sent)) headers.set(name, value);
      return { response: await send(input, { ...init, headers, redirect: "manual" }), sent };
    };
    const { response, sent } = await attempt();
    if (response.status !== 401 || !canSendAgain(input, init?.body) || !(await credentials.renew(sent)))
      return response;
    await response.body?.cancel();
    return (await attempt()).response;
  };
}

function canSendAgain(input: unknown, body: unknown): boolean {
  return (
    !(input instanceof Request) &&
    (body === undefined || body === null || typeof body === "string" || body instanceof Uint8Array)
  );
}

function vertexAddress(
  settings: { project: string | undefined; location: string; baseUrl: string | undefined },
  credentials: GoogleCredentials,
  endpointId: string | undefined,
): string {
  const project = settings.project ?? credentials.project;
  if (project === undefined) {
    throw new SettingsError(
      "createClient",
      "no Google Cloud project is known: pass `project`, or set GOOGLE_CLOUD_PROJECT.",
    );
  }
  const location = checkLocation(settings.location);
  const endpoint = endpointId === undefined ? "openapi" : checkEndpoint(endpointId);
  const { origin, path } = joinAddress(
    settings.baseUrl ?? vertexOrigin(location),
    `/v1/projects/${encodeURIComponent(checkProject(project))}/locations/${location}/endpoints/${endpoint}`,
  );
  return origin + path;
}

async function installedClass(): Promise<unknown> {
  try {
    return (await import("openai")).OpenAI;
  } catch (cause) {
    throw new SettingsError(
      "createClient",
      `the package \`openai\` is not installed beside this one (${cause instanceof Error ? cause.message : "not found"}). Run \`npm install openai\`.`,
    );
  }
}
