/** A Google credential file, of any of the kinds that `gcloud` and the console write, as a client that fetches tokens. */
import {
  type AuthClient,
  AwsClient,
  type AwsClientOptions,
  ExternalAccountAuthorizedUserClient,
  type ExternalAccountAuthorizedUserClientOptions,
  IdentityPoolClient,
  type IdentityPoolClientOptions,
  OAuth2Client,
  PluggableAuthClient,
  type PluggableAuthClientOptions,
  UserRefreshClient,
} from "google-auth-library";
import { isLoopback, SettingsError } from "../settings.ts";
import type { SourceKind } from "./auth-status.ts";
import {
  ASSUMED_LIFETIME_MS,
  GOOGLE_TOKEN_URI,
  readPrivateKey,
  serviceAccountClient,
} from "./service-account.ts";

export const CLOUD_PLATFORM_SCOPE = "https://www.googleapis.com/auth/cloud-platform";

export interface CredentialFile {
  client: AuthClient;
  kind: SourceKind;
  /** The account it speaks for, where the file says. */
  principal: string | undefined;
  /** For people: `service account x@y`, `user login`. */
  description: string;
  /** `project_id` of the file; for a login, the project it bills. */
  project: string | undefined;
  /** `quota_project_id`: the project billed for a user's calls. */
  quotaProject: string | undefined;
}

/** Without it a token endpoint that never answers would be waited for without end. */
const REQUEST_TIMEOUT_MS = 20_000;

/**
 * `eagerRefreshThresholdMillis: Infinity` switches the library's own cache off: each `getAccessToken()` asks anew, and
 * `TokenCustody` alone decides when.
 */
export const CLIENT_OPTIONS = {
  eagerRefreshThresholdMillis: Infinity,
  // A redirect would carry refresh tokens, assertions and foreign tokens to another host.
  transporterOptions: { timeout: REQUEST_TIMEOUT_MS, redirect: "error" as const },
};

/**
 * `where` names the file in messages. Addresses in it are followed only over https (or to this machine), since secrets
 * are sent to them. Throws `SettingsError`; no message quotes the file's contents.
 */
export function readCredentialFile(text: string, where: string, variable: string): CredentialFile {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    throw new SettingsError(variable, `${where} is not valid JSON.`);
  }
  return credentialsFromJson(json, where, variable);
}

/** As `readCredentialFile`, for contents that are parsed already. */
export function credentialsFromJson(json: unknown, where: string, variable: string): CredentialFile {
  const fields = new Fields(json, where, variable);
  const type = fields.required("type");
  const base = { project: fields.optional("project_id"), quotaProject: fields.optional("quota_project_id") };
  switch (type) {
    case "service_account": {
      const clientEmail = fields.required("client_email");
      const key = {
        clientEmail,
        privateKey: fields.privateKey("private_key"),
        privateKeyId: fields.optional("private_key_id"),
        tokenUri: fields.url("token_uri") ?? GOOGLE_TOKEN_URI,
        quotaProject: base.quotaProject,
      };
      const client = serviceAccountClient(key, CLOUD_PLATFORM_SCOPE, CLIENT_OPTIONS);
      return {
        ...base,
        client,
        kind: "service-account",
        principal: clientEmail,
        description: `service account ${clientEmail}`,
      };
    }
    case "authorized_user": {
      const tokenUri = fields.url("token_uri");
      const client = new UserRefreshClient({
        ...CLIENT_OPTIONS,
        clientId: fields.required("client_id"),
        clientSecret: fields.required("client_secret"),
        refreshToken: fields.required("refresh_token"),
        ...(tokenUri === undefined ? {} : { endpoints: { oauth2TokenUrl: tokenUri } }),
      });
      // A login belongs to no project; the one that `gcloud` bills for it is the one its owner works in.
      return {
        ...base,
        project: base.project ?? base.quotaProject,
        client,
        kind: "user-login",
        // `gcloud` writes the field, and mostly leaves it empty.
        principal: fields.optional("account"),
        description: "user login",
      };
    }
    case "external_account": {
      fields.url("token_url");
      const impersonationUrl = fields.url("service_account_impersonation_url");
      const client = externalAccount(fields);
      client.scopes = [CLOUD_PLATFORM_SCOPE];
      return {
        ...base,
        client,
        kind: "federation",
        principal: impersonationUrl === undefined ? fields.optional("audience") : accountIn(impersonationUrl),
        description: "workload identity federation",
      };
    }
    case "external_account_authorized_user": {
      fields.url("token_url");
      const options = {
        ...fields.all,
        ...CLIENT_OPTIONS,
      } as unknown as ExternalAccountAuthorizedUserClientOptions;
      return {
        ...base,
        client: new ExternalAccountAuthorizedUserClient(options),
        kind: "workforce-login",
        principal: undefined,
        description: "workforce user login",
      };
    }
    case "impersonated_service_account": {
      const source = credentialsFromJson(
        fields.all.source_credentials,
        `${where} (source_credentials)`,
        variable,
      );
      const url = fields.url("service_account_impersonation_url");
      if (url === undefined) throw fields.missing("service_account_impersonation_url");
      const delegates = fields.all.delegates;
      return {
        project: base.project ?? source.project,
        quotaProject: base.quotaProject ?? source.quotaProject,
        client: impersonatingClient(source.client, url, Array.isArray(delegates) ? delegates : []),
        kind: "impersonation",
        principal: accountIn(url),
        description: `service account ${accountIn(url) ?? ""} impersonated by ${source.description}`,
      };
    }
    default:
      throw new SettingsError(
        variable,
        `${where} has a type this gateway does not know: ${JSON.stringify(type.slice(0, 60))}. ` +
          "Known are service_account, authorized_user, external_account, external_account_authorized_user and impersonated_service_account.",
      );
  }
}

function accountIn(impersonationUrl: string): string | undefined {
  return /serviceAccounts\/([^:/]+):/.exec(impersonationUrl)?.[1];
}

function externalAccount(fields: Fields): AwsClient | PluggableAuthClient | IdentityPoolClient {
  const options = { ...fields.all, ...CLIENT_OPTIONS };
  const source = fields.all.credential_source;
  const has = (key: string): boolean =>
    typeof source === "object" && source !== null && Object.hasOwn(source, key);
  const client = fields.attempt(() => {
    if (has("environment_id")) return new AwsClient(options as unknown as AwsClientOptions);
    if (has("executable")) return new PluggableAuthClient(options as unknown as PluggableAuthClientOptions);
    return new IdentityPoolClient(options as unknown as IdentityPoolClientOptions);
  });
  // The library (`baseexternalclient.js` of 11.3.4) gives the token exchange a transporter of its own, which has no
  // time limit and follows redirects with the foreign token in hand.
  const { stsCredential } = client as unknown as { stsCredential: { transporter: unknown } };
  stsCredential.transporter = client.transporter;
  return client;
}

/**
 * Another service account's tokens. The library's own `Impersonated` gets two tokens of the source for each of them.
 * https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
 */
export function impersonatingClient(source: AuthClient, url: string, delegates: unknown[]): OAuth2Client {
  const client = new OAuth2Client(CLIENT_OPTIONS);
  client.refreshHandler = async () => {
    const response = await source.request<{ accessToken?: unknown; expireTime?: unknown }>({
      method: "POST",
      url,
      data: { delegates, scope: [CLOUD_PLATFORM_SCOPE], lifetime: "3600s" },
      responseType: "json",
      redirect: "error",
      retryConfig: { httpMethodsToRetry: ["POST"] },
    });
    const { accessToken, expireTime } = response.data ?? {};
    if (typeof accessToken !== "string" || accessToken === "") {
      throw new Error("the impersonation answer has no accessToken");
    }
    const expiry = typeof expireTime === "string" ? Date.parse(expireTime) : Number.NaN;
    return {
      access_token: accessToken,
      expiry_date: Number.isNaN(expiry) ? Date.now() + ASSUMED_LIFETIME_MS : expiry,
    };
  };
  return client;
}

/** The file's fields, with complaints that name field and file. */
class Fields {
  readonly all: Record<string, unknown>;
  readonly #where: string;
  readonly #variable: string;

  constructor(json: unknown, where: string, variable: string) {
    this.#where = where;
    this.#variable = variable;
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      throw this.#error("is not a JSON object as Google's credential files are");
    }
    this.all = { ...json };
  }

  optional(name: string): string | undefined {
    const value = Object.hasOwn(this.all, name) ? this.all[name] : undefined;
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value !== "string") throw this.#error(`has a ${name} that is not a string`);
    return value;
  }

  required(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw this.missing(name);
    return value;
  }

  url(name: string): string | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    if (!URL.canParse(value)) throw this.#error(`has a ${name} that is not a URL`);
    const { protocol, hostname } = new URL(value);
    if (protocol === "https:" || (protocol === "http:" && isLoopback(hostname))) return value;
    throw this.#error(
      `has a ${name} that is not https; credentials would be sent to ${hostname} in the clear`,
    );
  }

  privateKey(name: string): ReturnType<typeof readPrivateKey> {
    const pem = this.required(name);
    try {
      return readPrivateKey(pem);
    } catch {
      throw this.#error(`has a ${name} that is not a PEM private key; download the key file again`);
    }
  }

  /** For the library's constructors, whose messages may quote values. */
  attempt<T>(make: () => T): T {
    try {
      return make();
    } catch {
      throw this.#error(
        "is incomplete for its type; create it again with `gcloud iam workload-identity-pools create-cred-config`",
      );
    }
  }

  missing(name: string): SettingsError {
    return this.#error(`has no ${name}`);
  }

  #error(what: string): SettingsError {
    return new SettingsError(this.#variable, `${this.#where} ${what}.`);
  }
}
