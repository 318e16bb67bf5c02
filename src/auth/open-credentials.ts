/** The credentials that one upstream's configuration names. */
import { readFile } from "node:fs/promises";
import type { CredentialsConfig } from "../config/credentials-schema.ts";
import { SettingsError } from "../settings.ts";
import { plainStatus } from "./auth-status.ts";
import { CLOUD_PLATFORM_SCOPE, impersonatingClient, readCredentialFile } from "./credential-file.ts";
import { staticTokenCredentials } from "./credentials.ts";
import {
  type CredentialSource,
  findGoogleCredentials,
  fromMetadataServer,
  gcloudLoginFile,
  type GoogleCredentials,
  type GoogleCredentialsOptions,
  keepValid,
  findCredentialSource,
} from "./google-credentials.ts";

/**
 * Undefined: each caller's own token is to be passed on, because the configuration says so or because application
 * default credentials found nothing.
 * @throws SettingsError for credentials that are named and cannot be used.
 */
export async function openCredentials(
  config: CredentialsConfig,
  options: GoogleCredentialsOptions,
): Promise<GoogleCredentials | undefined> {
  switch (config.kind) {
    case "adc":
      return findGoogleCredentials(options);
    case "caller":
      return undefined;
    case "token":
      return {
        ...staticTokenCredentials(config.token),
        description: "a fixed access token",
        project: undefined,
        token: () => Promise.resolve(config.token),
        status: () => plainStatus("token", "a fixed access token"),
      };
    default: {
      const source = await openSource(config, options);
      return keepValid(
        options.quotaProject === undefined ? source : { ...source, quotaProject: options.quotaProject },
        options,
      );
    }
  }
}

type SourceConfig = Exclude<CredentialsConfig, { kind: "adc" | "caller" | "token" }>;

async function openSource(
  config: SourceConfig | Extract<CredentialsConfig, { kind: "adc" }>,
  options: GoogleCredentialsOptions,
): Promise<CredentialSource> {
  switch (config.kind) {
    case "adc": {
      const source = await findCredentialSource(options);
      if (source === undefined)
        throw new SettingsError("credentials", "no application default credentials were found.");
      return source;
    }
    case "service-account":
    case "file":
    case "federation":
      return fromFile(config.file, namedBy(config.file, options));
    case "gcloud": {
      const file = gcloudLoginFile(options.env ?? process.env);
      if (file === undefined)
        throw new SettingsError("credentials", "no home directory is known, so no gcloud login.");
      return { ...(await fromFile(file, "gcloud login")), foundIn: `gcloud login (${file})` };
    }
    case "metadata":
      return fromMetadataServer();
    case "impersonate": {
      const { source: sourceConfig, serviceAccount } = config;
      if (sourceConfig.kind === "token") {
        throw new SettingsError("credentials", "a fixed token cannot be the source of an impersonation.");
      }
      const source = await openSource(sourceConfig, options);
      const endpoint = options.iamEndpoint ?? "https://iamcredentials.googleapis.com";
      const url = `${endpoint}/v1/projects/-/serviceAccounts/${serviceAccount}:generateAccessToken`;
      const client = impersonatingClient(source.client, url, []);
      return {
        ...source,
        client,
        kind: "impersonation",
        principal: serviceAccount,
        scopes: [CLOUD_PLATFORM_SCOPE],
        description: `${serviceAccount}, impersonated by ${source.description}`,
      };
    }
    default:
      return config satisfies never;
  }
}

/** The variable an operator has to change, where the path came from it. */
function namedBy(path: string, { env = process.env }: GoogleCredentialsOptions): string {
  const variable = "GOOGLE_APPLICATION_CREDENTIALS";
  return env[variable]?.trim() === path ? variable : "credentials";
}

async function fromFile(path: string, variable: string): Promise<CredentialSource> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new SettingsError(variable, `the file ${path} cannot be read (${error.code ?? error.name}).`);
  });
  return {
    ...readCredentialFile(text, `the file ${path}`, variable),
    foundIn: `configuration (${path})`,
    scopes: undefined,
  };
}
