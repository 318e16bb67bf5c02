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
  /** Whether this machine is one of Google's. Default: asks, which takes up to 3 seconds elsewhere. */
  hasMetadataServer?: () => Promise<boolean>;
}

export const HOW_TO_SIGN_IN =
  "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a credential file";

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
      ? await fromFiles(options.credentialsFile ?? env.GOOGLE_APPLICATION_CREDENTIALS, env)
      : credentialsFromJson(options.credentials, "the object", "credentials");
  const hasMetadataServer = options.hasMetadataServer ?? (() => gcpMetadata.isAvailable());
  return found ?? ((await hasMetadataServer()) ? await fromMetadataServer() : undefined);
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

export interface CredentialSource {
  client: AuthClient;
  description: string;
  project: string | undefined;
  quotaProject: string | undefined;
}

async function fromFiles(
  named: string | undefined,
  env: Record<string, string | undefined>,
): Promise<CredentialSource | undefined> {
  if (named !== undefined && named !== "") {
    const variable = "GOOGLE_APPLICATION_CREDENTIALS";
    const text = await readFile(named, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new SettingsError(variable, `the file ${named} cannot be read (${error.code ?? error.name}).`);
    });
    return readCredentialFile(text, `the file ${named}`, variable);
  }
  const login = gcloudLoginFile(env);
  if (login === undefined) return undefined;
  const text = await readFile(login, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw new SettingsError(
      "gcloud login",
      `the file ${login} cannot be read (${error.code ?? error.name}).`,
    );
  });
  return text === undefined ? undefined : readCredentialFile(text, `the file ${login}`, "gcloud login");
}

/** The account of a Google Cloud machine, whether or not this is one. */
export async function fromMetadataServer(): Promise<CredentialSource> {
  const project: unknown = await gcpMetadata.project("project-id").catch(() => undefined);
  return {
    client: new Compute({ ...CLIENT_OPTIONS, scopes: [CLOUD_PLATFORM_SCOPE] }),
    description: "the service account of this Google Cloud machine",
    project: typeof project === "string" && project !== "" ? project : undefined,
    quotaProject: undefined,
  };
}

/** Puts a source under custody: its token is renewed for as long as it is used. */
export function keepValid(source: CredentialSource, options: GoogleCredentialsOptions): GoogleCredentials {
  const { client, quotaProject } = source;
  const custody = new TokenCustody({
    async fetchToken() {
      try {
        const { token } = await client.getAccessToken();
        if (typeof token !== "string" || token === "") throw new Error("the answer has no access token");
        return { token, expiresAtMs: client.credentials.expiry_date ?? undefined };
      } catch (error) {
        throw tokenFailure(error, source.description);
      }
    },
    ...(options.onRefreshFailed === undefined ? {} : { onRefreshFailed: options.onRefreshFailed }),
  });
  return {
    description: source.description,
    project: source.project,
    token: () => custody.get(),
    async headers() {
      const authorization = `Bearer ${await custody.get()}`;
      return quotaProject === undefined
        ? { authorization }
        : { authorization, "x-goog-user-project": quotaProject };
    },
    renew: (refused) => custody.renew(refused?.authorization?.slice("Bearer ".length)),
  };
}
