/** The gateway's configuration, read from environment variables (and a few flags) once at start. */
import type { UpstreamTimeouts } from "./upstreams/upstream.ts";

/** A value the operator must change. The message names the variable, what was found (never a secret) and the fix. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  /** The variable or flag at fault, for example `PORT`. */
  readonly variable: string;

  constructor(variable: string, message: string) {
    super(`${variable}: ${message}`);
    this.variable = variable;
  }
}

/** Which Google host answers, and what the environment said about it. `reason` is for people. */
export type UpstreamSettings =
  | { kind: "emulator"; reason: string }
  | {
      kind: "vertex";
      reason: string;
      /** Undefined: found out from the credentials. */
      project: string | undefined;
      location: string;
      /** Set in express mode: an API key in place of project and OAuth token. */
      apiKey: string | undefined;
      /** Origin with an optional path prefix, no trailing slash. */
      baseUrl: string | undefined;
      /** `GOOGLE_APPLICATION_CREDENTIALS`. */
      credentialsFile: string | undefined;
      /** `GOOGLE_CLOUD_QUOTA_PROJECT`. */
      quotaProject: string | undefined;
    }
  | {
      kind: "gemini-api";
      reason: string;
      /** Undefined: each caller sends a key of their own. */
      apiKey: string | undefined;
      baseUrl: string | undefined;
    };

/** `http1` is the gateway's own client; `undici` is the library that Node's `fetch` is made of. */
export const HTTP_CLIENTS = ["http1", "undici"] as const;
export type HttpClientKind = (typeof HTTP_CLIENTS)[number];

/** A project, or one of its locations, that callers may name in a Vertex path. `*` is any project. */
export interface AllowedScope {
  project: string;
  location: string | undefined;
}

export interface Settings {
  host: string;
  port: number;
  /** How many processes serve, in digits, or `auto`: as many as there are cores for them. */
  workers: string;
  /** Access keys for callers; empty: none asked for. */
  apiKeys: readonly string[];
  /** Keys for `/admin`; empty: nobody has one. */
  adminKeys: readonly string[];
  upstream: UpstreamSettings;
  /** Undefined: the gateway's own project only, in any location. */
  allowedProjects: readonly AllowedScope[] | undefined;
  maxBodyBytes: number;
  timeouts: UpstreamTimeouts;
  /** Most connections at one time to one upstream origin. */
  upstreamConnections: number;
  httpClient: HttpClientKind;
  /** Extra load that retries may add to an upstream, as a share of its requests: 0 to 1. */
  retryBudget: number;
  log: { level: LogLevel; requests: RequestLogging };
  /** Undefined: the metrics have no port of their own. */
  metricsPort: number | undefined;
  tracing: {
    /** Where spans are sent; undefined: none are made. */
    endpoint: string | undefined;
    headers: Record<string, string>;
  };
}

export interface SettingsFlags {
  host?: string;
  port?: string | number;
  workers?: string | number;
  upstream?: string;
  project?: string;
  location?: string;
}

type Environment = Record<string, string | undefined>;

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A line for each request, for those that did not end well, for none. */
export const REQUEST_LOGS = ["on", "errors", "off"] as const;
export type RequestLogging = (typeof REQUEST_LOGS)[number];

/** How many processes serve. */
export const WORKERS = /^(?:auto|[1-9]\d{0,2})$/;
export const WORKERS_RULE = "is neither a whole number from 1 to 999 nor auto";

/** What holds where nothing is said, in the environment or in a file. */
export const DEFAULT_SETTINGS = {
  host: "127.0.0.1",
  port: 4364,
  workers: "1",
  location: "global",
  /** Gemini inline media reaches 100 MB on some hosts, but 20 MB on most; base64 adds a third. */
  maxBodyBytes: 50_000_000,
  /**
   * `firstByteMs` covers thinking models, which are silent for minutes before an unstreamed answer, and stays under
   * the OpenAI SDKs' own 10 minutes, so that the client gets our 504 and not its own cut. `totalMs` is off: a stream
   * that goes on sending is healthy however long it lasts.
   */
  timeouts: { connectMs: 5_000, firstByteMs: 570_000, idleMs: 600_000, totalMs: 0 },
  upstreamConnections: 8_192,
  httpClient: "http1" as HttpClientKind,
  retryBudget: 0.2,
  log: { level: "info", requests: "on" },
} as const;

/**
 * Reads and checks everything. Flags win over variables; an empty variable counts as not set.
 * Throws `SettingsError`.
 */
export function readSettings(env: Environment, flags: SettingsFlags = {}): Settings {
  return { ...readServerSettings(env, flags), upstream: readUpstreamSettings(env, flags) };
}

/** Everything but the upstream, which a configuration file names better. Throws `SettingsError`. */
export function readServerSettings(env: Environment, flags: SettingsFlags = {}): Omit<Settings, "upstream"> {
  return {
    host: nonEmpty(flags.host) ?? nonEmpty(env.HOST) ?? DEFAULT_SETTINGS.host,
    port: integer(
      flags.port === undefined ? "PORT" : "--port",
      flags.port ?? env.PORT,
      DEFAULT_SETTINGS.port,
      0,
      65_535,
    ),
    workers: readWorkers(
      flags.workers === undefined ? "POLLUX_WORKERS" : "--workers",
      flags.workers ?? env.POLLUX_WORKERS,
    ),
    apiKeys: readKeys("POLLUX_API_KEYS", env.POLLUX_API_KEYS),
    adminKeys: readKeys("POLLUX_ADMIN_KEYS", env.POLLUX_ADMIN_KEYS),
    allowedProjects: readAllowedProjects(env.POLLUX_ALLOWED_PROJECTS),
    maxBodyBytes: integer(
      "POLLUX_MAX_BODY_BYTES",
      env.POLLUX_MAX_BODY_BYTES,
      DEFAULT_SETTINGS.maxBodyBytes,
      1_024,
      2 ** 30,
    ),
    timeouts: {
      connectMs: timeout(env, "POLLUX_CONNECT_TIMEOUT_MS", DEFAULT_SETTINGS.timeouts.connectMs),
      firstByteMs: timeout(env, "POLLUX_FIRST_BYTE_TIMEOUT_MS", DEFAULT_SETTINGS.timeouts.firstByteMs),
      idleMs: timeout(env, "POLLUX_IDLE_TIMEOUT_MS", DEFAULT_SETTINGS.timeouts.idleMs),
      totalMs: timeout(env, "POLLUX_TOTAL_TIMEOUT_MS", DEFAULT_SETTINGS.timeouts.totalMs),
    },
    upstreamConnections: integer(
      "POLLUX_UPSTREAM_CONNECTIONS",
      env.POLLUX_UPSTREAM_CONNECTIONS,
      DEFAULT_SETTINGS.upstreamConnections,
      1,
      60_000,
    ),
    httpClient: oneOf(
      "POLLUX_HTTP_CLIENT",
      env.POLLUX_HTTP_CLIENT,
      HTTP_CLIENTS,
      DEFAULT_SETTINGS.httpClient,
    ),
    retryBudget: share("POLLUX_RETRY_BUDGET", env.POLLUX_RETRY_BUDGET, DEFAULT_SETTINGS.retryBudget),
    log: {
      level: oneOf("POLLUX_LOG_LEVEL", env.POLLUX_LOG_LEVEL, LOG_LEVELS, DEFAULT_SETTINGS.log.level),
      requests: oneOf(
        "POLLUX_LOG_REQUESTS",
        env.POLLUX_LOG_REQUESTS,
        REQUEST_LOGS,
        DEFAULT_SETTINGS.log.requests,
      ),
    },
    metricsPort:
      nonEmpty(env.POLLUX_METRICS_PORT) === undefined
        ? undefined
        : integer("POLLUX_METRICS_PORT", env.POLLUX_METRICS_PORT, 0, 0, 65_535),
    tracing: readTracing(env),
  };
}

/**
 * Refuses to listen where others can reach the gateway while anyone may use it.
 * Throws `SettingsError` with the fix.
 */
export function checkListen(settings: Pick<Settings, "host" | "apiKeys">): void {
  if (settings.apiKeys.length > 0 || isLoopback(settings.host)) return;
  throw new SettingsError(
    "HOST",
    `${JSON.stringify(settings.host)} can be reached from other machines, and no access key is set. ` +
      "Set POLLUX_API_KEYS to one or more keys (comma-separated; clients send one as their OpenAI API key), " +
      "or listen on 127.0.0.1.",
  );
}

/** True for names and addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  const bare = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  return (
    bare === "localhost" ||
    bare === "::1" ||
    bare === "::ffff:127.0.0.1" ||
    /^127(?:\.\d{1,3}){3}$/.test(bare)
  );
}

/** Where Vertex AI is, by the names the official SDKs use; `given` wins. Throws `SettingsError`. */
export function readVertexSettings(
  env: Environment,
  given: { project?: string; location?: string; baseUrl?: string } = {},
): { project: string | undefined; location: string; baseUrl: string | undefined } {
  return {
    project: nonEmpty(given.project) ?? nonEmpty(env.GOOGLE_CLOUD_PROJECT),
    location: nonEmpty(given.location) ?? nonEmpty(env.GOOGLE_CLOUD_LOCATION) ?? DEFAULT_SETTINGS.location,
    baseUrl:
      given.baseUrl === undefined
        ? baseUrl("GOOGLE_VERTEX_BASE_URL", env.GOOGLE_VERTEX_BASE_URL)
        : baseUrl("baseURL", given.baseUrl),
  };
}

/** The one upstream that flags and environment name. Throws `SettingsError`. */
export function readUpstreamSettings(env: Environment, flags: SettingsFlags = {}): UpstreamSettings {
  const project = nonEmpty(flags.project) ?? nonEmpty(env.GOOGLE_CLOUD_PROJECT);
  const credentialsFile = nonEmpty(env.GOOGLE_APPLICATION_CREDENTIALS);
  // The official SDKs let GOOGLE_API_KEY win where both are set.
  const apiKey = nonEmpty(env.GOOGLE_API_KEY) ?? nonEmpty(env.GEMINI_API_KEY);

  const vertex = (reason: string): UpstreamSettings => ({
    kind: "vertex",
    reason,
    ...readVertexSettings(env, flags),
    // Express mode. A project or a credential file says that the key is meant for something else, as in the SDKs.
    apiKey: project === undefined && credentialsFile === undefined ? apiKey : undefined,
    credentialsFile,
    quotaProject: nonEmpty(env.GOOGLE_CLOUD_QUOTA_PROJECT),
  });
  const geminiApi = (reason: string): UpstreamSettings => ({
    kind: "gemini-api",
    reason,
    apiKey,
    baseUrl: baseUrl("GOOGLE_GEMINI_BASE_URL", env.GOOGLE_GEMINI_BASE_URL),
  });
  const keyName = nonEmpty(env.GOOGLE_API_KEY) === undefined ? "GEMINI_API_KEY" : "GOOGLE_API_KEY";

  const chosen = nonEmpty(flags.upstream) ?? nonEmpty(env.POLLUX_UPSTREAM);
  const chooser = nonEmpty(flags.upstream) === undefined ? "POLLUX_UPSTREAM" : "--upstream";
  switch (chosen) {
    case undefined:
      break;
    case "emulator":
      return { kind: "emulator", reason: `${chooser} is emulator` };
    case "vertex":
      return vertex(`${chooser} is vertex`);
    case "gemini-api":
      return geminiApi(`${chooser} is gemini-api`);
    default:
      throw new SettingsError(
        chooser,
        `${JSON.stringify(chosen)} is not one of emulator, vertex, gemini-api.`,
      );
  }

  // The newer name wins, as in @google/genai.
  const cloudFlag =
    nonEmpty(env.GOOGLE_GENAI_USE_ENTERPRISE) === undefined
      ? "GOOGLE_GENAI_USE_VERTEXAI"
      : "GOOGLE_GENAI_USE_ENTERPRISE";
  const useVertex = flag(cloudFlag, env[cloudFlag]);
  if (useVertex === true) return vertex(`${cloudFlag} is true`);
  if (useVertex === undefined) {
    if (credentialsFile !== undefined) return vertex("GOOGLE_APPLICATION_CREDENTIALS is set");
    if (project !== undefined)
      return vertex(flags.project === undefined ? "GOOGLE_CLOUD_PROJECT is set" : "--project is set");
  }
  if (apiKey !== undefined) return geminiApi(`${keyName} is set`);
  return { kind: "emulator", reason: "no Google project, credential file or API key is set" };
}

function readKeys(variable: string, value: string | undefined): string[] {
  const keys = list(value);
  for (const key of keys) {
    if (!/^[\x21-\x7e]{1,512}$/.test(key)) {
      throw new SettingsError(variable, "a key may hold only visible ASCII characters, at most 512 of them.");
    }
  }
  return keys;
}

function readAllowedProjects(value: string | undefined): AllowedScope[] | undefined {
  if (nonEmpty(value) === undefined) return undefined;
  return list(value).map((entry) => {
    const [project = "", location, ...rest] = entry.split("/");
    if (rest.length > 0 || project === "" || location === "") {
      throw new SettingsError(
        "POLLUX_ALLOWED_PROJECTS",
        `${JSON.stringify(entry)} is not \`project\` or \`project/location\`; separate entries with commas.`,
      );
    }
    return { project, location };
  });
}

/**
 * An address with an optional path prefix, without its trailing slash. Tokens and prompts travel over it, so plain http
 * goes to this machine only, unless `http` allows it `anywhere`. No problem quotes more than scheme and host.
 */
export function parseBaseUrl(
  text: string,
  http: "loopback" | "anywhere" = "loopback",
): { url: string; problem?: undefined } | { url?: undefined; problem: string } {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return { problem: "not a URL; write it like https://aiplatform.googleapis.com." };
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return { problem: "must hold only scheme, host, port and path: no user, password, query or fragment." };
  }
  const plain = url.protocol === "http:" && (http === "anywhere" || isLoopback(url.hostname));
  if (url.protocol !== "https:" && !plain) {
    return {
      problem: `${url.protocol}//${url.host} would send credentials in the clear; use https://, or http:// to 127.0.0.1 or localhost.`,
    };
  }
  return { url: url.origin + url.pathname.replace(/\/+$/, "") };
}

function baseUrl(
  variable: string,
  value: string | undefined,
  http?: "loopback" | "anywhere",
): string | undefined {
  const text = nonEmpty(value);
  if (text === undefined) return undefined;
  const { url, problem } = parseBaseUrl(text, http);
  if (problem !== undefined) throw new SettingsError(variable, problem);
  return url;
}

function timeout(env: Environment, variable: string, fallback: number): number {
  return integer(variable, env[variable], fallback, 0, 2 ** 31 - 1);
}

function integer(
  variable: string,
  value: string | number | undefined,
  fallback: number,
  least: number,
  most: number,
): number {
  const text = nonEmpty(typeof value === "number" ? String(value) : value);
  if (text === undefined) return fallback;
  const number = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= least && number <= most)) {
    throw new SettingsError(
      variable,
      `${JSON.stringify(text)} is not a whole number from ${least} to ${most}.`,
    );
  }
  return number;
}

function readWorkers(variable: string, value: string | number | undefined): string {
  const text = nonEmpty(value === undefined ? undefined : String(value)) ?? DEFAULT_SETTINGS.workers;
  if (!WORKERS.test(text)) throw new SettingsError(variable, `${JSON.stringify(text)} ${WORKERS_RULE}.`);
  return text;
}

function share(variable: string, value: string | undefined, fallback: number): number {
  const text = nonEmpty(value);
  if (text === undefined) return fallback;
  const number = /^\d(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(number <= 1)) {
    throw new SettingsError(
      variable,
      `${JSON.stringify(text)} is not a number from 0 to 1, for example 0.2.`,
    );
  }
  return number;
}

function oneOf<Word extends string>(
  variable: string,
  value: string | undefined,
  words: readonly Word[],
  fallback: Word,
): Word {
  const text = nonEmpty(value);
  if (text === undefined) return fallback;
  const found = words.find((word) => word === text.toLowerCase());
  if (found === undefined) {
    throw new SettingsError(variable, `${JSON.stringify(text)} is not one of ${words.join(", ")}.`);
  }
  return found;
}

/**
 * OpenTelemetry's own variables: the endpoint for spans as it is, the one for everything with `/v1/traces` behind it
 * (OpenTelemetry protocol exporter specification, "Endpoint URLs for OTLP/HTTP").
 */
function readTracing(env: Environment): Settings["tracing"] {
  const own = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
  const shared = "OTEL_EXPORTER_OTLP_ENDPOINT";
  const general = baseUrl(shared, env[shared], "anywhere");
  const endpoint =
    baseUrl(own, env[own], "anywhere") ?? (general === undefined ? undefined : `${general}/v1/traces`);
  return { endpoint, headers: endpoint === undefined ? {} : readOtlpHeaders(env) };
}

/** `name=value,name=value`, the values percent-encoded. What is wrong with one is told without quoting it. */
function readOtlpHeaders(env: Environment): Record<string, string> {
  const variable =
    nonEmpty(env.OTEL_EXPORTER_OTLP_TRACES_HEADERS) === undefined
      ? "OTEL_EXPORTER_OTLP_HEADERS"
      : "OTEL_EXPORTER_OTLP_TRACES_HEADERS";
  const headers: Record<string, string> = {};
  for (const entry of list(env[variable])) {
    const [, name = "", encoded = ""] = /^([A-Za-z0-9-]{1,100})\s*=\s*(.+)$/.exec(entry) ?? [];
    const value = decoded(encoded);
    if (value === undefined || !/^[\x21-\x7e]+$/.test(value)) {
      throw new SettingsError(variable, "an entry is not `name=value` with a percent-encoded value.");
    }
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function flag(variable: string, value: string | undefined): boolean | undefined {
  const text = nonEmpty(value)?.toLowerCase();
  if (text === undefined) return undefined;
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw new SettingsError(variable, `${JSON.stringify(text)} is not true or false.`);
}

function list(value: string | undefined): string[] {
  return (value ?? "")
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

function nonEmpty(value: string | undefined): string | undefined {
  const text = value?.trim();
  return text === undefined || text === "" ? undefined : text;
}
