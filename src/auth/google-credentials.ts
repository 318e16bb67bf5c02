/** Application Default Credentials: finds them, and keeps their access token valid. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type AuthClient, Compute, gcpMetadata } from "google-auth-library";
import { SettingsError } from "../settings.ts";
import {
  CLIENT_OPTIONS,
  CLOUD_PLATFORM_SCOPE,
  credentialsFromJson,
  readCredentialFile,
} from "./credential-file.ts";
import type { AuthStatus, SourceKind } from "./auth-status.ts";
import type { Credentials } from "./credentials.ts";
import { TokenCustody, type TokenCustodyOptions } from "./token-custody.ts";
import { tokenFailure } from "./token-failure.ts";

export interface GoogleCredentials extends Credentials {
  /** For people; holds no secret. */
  readonly description: string;
  /** The project the credentials belong to, where they say. */
  readonly project: string | undefined;
  /** The current access token, for clients that send it themselves. */
  token(): Promise<string>;
  /** Asks nobody: what is known now. Holds no secret. */
  status(): AuthStatus;
}

/** One place of the search order that was looked at. */
export interface Look {
  place: "GOOGLE_APPLICATION_CREDENTIALS" | "gcloud login" | "metadata server";
  /** Path, or what stands in its place. */
  where: string;
  found: boolean;
}

export interface GoogleCredentialsOptions {
  /** Contents of a credential file, already parsed. Wins over everything. */
  credentials?: object;
  /** Path of a credential file, as `GOOGLE_APPLICATION_CREDENTIALS` holds it. */
  credentialsFile?: string;
  /** Billed for the calls, in place of the one in the file. */
  quotaProject?: string;
  env?: Record<string, string | undefined>;
  onRefreshFailed?: TokenCustodyOptions["onRefreshFailed"];
  onRefreshed?: TokenCustodyOptions["onRefreshed"];
  /** Whether this machine is one of Google's. Default: asks, which takes up to 3 seconds elsewhere. */
  hasMetadataServer?: () => Promise<boolean>;
  /** Google's IAM Credentials API elsewhere, for impersonation: a private address of it, or a test's. */
  iamEndpoint?: string;
  /** Told of every place of the search order as it is looked at. */
  onLooked?: (look: Look) => void;
}

/**
 * Looks where Google's libraries look: the file named by `GOOGLE_APPLICATION_CREDENTIALS`, then the login of
 * `gcloud auth application-default login`, then the metadata server of Google Cloud's machines.
 * Undefined when there are none. Throws `SettingsError` for a file that cannot be used.
 */
export async function findGoogleCredentials(
  options: GoogleCredentialsOptions = {},
): Promise<GoogleCredentials | undefined> {
  const source = await findCredentialSource(options);
  if (source === undefined) return undefined;
  const env = options.env ?? process.env;
  const quotaProject = options.quotaProject ?? env.GOOGLE_CLOUD_QUOTA_PROJECT ?? source.quotaProject;
  return keepValid({ ...source, quotaProject: quotaProject === "" ? undefined : quotaProject }, options);
}

/** The same search, for what needs the client itself. */
export async function findCredentialSource(
  options: GoogleCredentialsOptions,
): Promise<CredentialSource | undefined> {
  const env = options.env ?? process.env;
  const found =
    options.credentials === undefined
      ? await fromFiles(options.credentialsFile ?? env.GOOGLE_APPLICATION_CREDENTIALS, env, options.onLooked)
      : {
          ...credentialsFromJson(options.credentials, "the object", "credentials"),
          foundIn: "the object given",
          scopes: undefined,
        };
  if (found !== undefined) return found;
  const hasMetadataServer = options.hasMetadataServer ?? (() => gcpMetadata.isAvailable());
  const machine = await hasMetadataServer();
  options.onLooked?.({ place: "metadata server", where: metadataHost(env), found: machine });
  return machine ? fromMetadataServer() : undefined;
}

/** The file that `gcloud auth application-default login` writes. */
export function gcloudLoginFile(env: Record<string, string | undefined>): string | undefined {
  const configured = env.CLOUDSDK_CONFIG;
  const windows = process.platform === "win32";
  const home = windows ? env.APPDATA : env.HOME;
  const directory =
    configured !== undefined && configured !== ""
      ? configured
      : home === undefined || home === ""
        ? undefined
        : windows
          ? join(home, "gcloud")
          : join(home, ".config", "gcloud");
  return directory === undefined ? undefined : join(directory, "application_default_credentials.json");
}

/** Where Google's library asks for it. */
function metadataHost(env: Record<string, string | undefined>): string {
  return env.GCE_METADATA_IP ?? env.GCE_METADATA_HOST ?? "169.254.169.254";
}

export interface CredentialSource {
  client: AuthClient;
  kind: SourceKind;
  principal: string | undefined;
  foundIn: string;
  /** What its tokens may be used for, where that is known before there is one. */
  scopes: readonly string[] | undefined;
  description: string;
  project: string | undefined;
  quotaProject: string | undefined;
}

async function fromFiles(
  named: string | undefined,
  env: Record<string, string | undefined>,
  onLooked: GoogleCredentialsOptions["onLooked"],
): Promise<CredentialSource | undefined> {
  const variable = "GOOGLE_APPLICATION_CREDENTIALS";
  const isNamed = named !== undefined && named !== "";
  onLooked?.({ place: variable, where: isNamed ? named : "not set", found: isNamed });
  if (isNamed) {
    const text = await readFile(named, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new SettingsError(variable, `the file ${named} cannot be read (${error.code ?? error.name}).`);
    });
    return {
      ...readCredentialFile(text, `the file ${named}`, variable),
      foundIn: `${variable} (${named})`,
      scopes: undefined,
    };
  }
  const login = gcloudLoginFile(env);
  if (login === undefined) {
    onLooked?.({ place: "gcloud login", where: "no home directory is known", found: false });
    return undefined;
  }
  const text = await readFile(login, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw new SettingsError(
      "gcloud login",
      `the file ${login} cannot be read (${error.code ?? error.name}).`,
    );
  });
  onLooked?.({ place: "gcloud login", where: login, found: text !== undefined });
  if (text === undefined) return undefined;
  return {
    ...readCredentialFile(text, `the file ${login}`, "gcloud login"),
    foundIn: `gcloud login (${login})`,
    scopes: undefined,
  };
}

/** The account of a Google Cloud machine, whether or not this is one. */
export async function fromMetadataServer(): Promise<CredentialSource> {
  const [project, email, scopes]: unknown[] = await Promise.all([
    gcpMetadata.project("project-id").catch(() => undefined),
    gcpMetadata.instance("service-accounts/default/email").catch(() => undefined),
    gcpMetadata.instance("service-accounts/default/scopes").catch(() => undefined),
  ]);
  return {
    kind: "metadata",
    principal: typeof email === "string" && email !== "" ? email : undefined,
    foundIn: "metadata server",
    // A virtual machine's scopes limit its tokens, whatever is asked for.
    scopes: typeof scopes === "string" ? scopes.split(/\s+/).filter((scope) => scope !== "") : undefined,
    client: new Compute({ ...CLIENT_OPTIONS, scopes: [CLOUD_PLATFORM_SCOPE] }),
    description: "the service account of this Google Cloud machine",
    project: typeof project === "string" && project !== "" ? project : undefined,
    quotaProject: undefined,
  };
}

/** Those who name a scope get it or nothing; a login was given its scopes when its owner signed in. */
function askedScopes({ kind }: CredentialSource): readonly string[] | undefined {
  const asks = kind === "service-account" || kind === "impersonation" || kind === "federation";
  return asks ? [CLOUD_PLATFORM_SCOPE] : undefined;
}

/** Puts a source under custody: its token is renewed for as long as it is used. */
export function keepValid(source: CredentialSource, options: GoogleCredentialsOptions): GoogleCredentials {
  const { client, quotaProject } = source;
  const custody = new TokenCustody({
    async fetchToken() {
      try {
        const { token } = await client.getAccessToken();
        if (typeof token !== "string" || token === "") throw new Error("the answer has no access token");
        const { expiry_date: expiry, scope } = client.credentials;
        const scopes = typeof scope === "string" ? scope.split(" ") : (source.scopes ?? askedScopes(source));
        return { token, expiresAtMs: expiry ?? undefined, ...(scopes === undefined ? {} : { scopes }) };
      } catch (error) {
        throw tokenFailure(error, source.description);
      }
    },
    ...(options.onRefreshFailed === undefined ? {} : { onRefreshFailed: options.onRefreshFailed }),
    ...(options.onRefreshed === undefined ? {} : { onRefreshed: options.onRefreshed }),
  });
  /** One token is always the same headers. */
  let made = { token: "", headers: {} };
  const toHeaders = (token: string): Record<string, string> => {
    if (made.token === token) return made.headers;
    const headers = {
      authorization: `Bearer ${token}`,
      ...(quotaProject === undefined ? {} : { "x-goog-user-project": quotaProject }),
    };
    made = { token, headers };
    return headers;
  };
  return {
    description: source.description,
    project: source.project,
    token: () => custody.get(),
    status: () => ({
      kind: source.kind,
      description: source.description,
      foundIn: source.foundIn,
      principal: source.principal,
      project: source.project,
      quotaProject,
      token: custody.status(),
    }),
    headers() {
      const token = custody.held();
      return token === undefined ? custody.get().then(toHeaders) : toHeaders(token);
    },
    renew: (refused) => custody.renew(refused?.authorization?.slice("Bearer ".length)),
  };
}
