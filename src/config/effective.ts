/** What flags and the environment say, on top of a file or in place of one: flag, environment, file, default. */
import {
  type AllowedScope,
  readServerSettings,
  readUpstreamSettings,
  type SettingsFlags,
  SettingsError,
  type UpstreamSettings,
} from "../settings.ts";
import type { ConfigPath } from "./config-path.ts";
import { suggestion } from "./nearest.ts";
import type { Origin } from "./origin.ts";
import { mapping, type RawConfig, type RawMapping } from "./raw-config.ts";
import type { Environment } from "./references.ts";

export interface ConfigFlags extends SettingsFlags {
  /** Rules for the built-in emulator; a path from the current folder. */
  emulatorScript?: string;
  /** A GGUF file to serve in this process; a path from the current folder. Without a file it answers for every model. */
  local?: string;
}

/** Settings of the gateway itself: where each stands in the configuration, and what it is called elsewhere. */
const SETTINGS: readonly {
  path: ConfigPath;
  variable: string;
  flag?: "host" | "port" | "workers";
  read: (settings: ReturnType<typeof readServerSettings>) => unknown;
}[] = [
  { path: ["server", "host"], variable: "HOST", flag: "host", read: ({ host }) => host },
  { path: ["server", "port"], variable: "PORT", flag: "port", read: ({ port }) => port },
  {
    path: ["server", "workers"],
    variable: "POLLUX_WORKERS",
    flag: "workers",
    read: ({ workers }) => workers,
  },
  { path: ["server", "apiKeys"], variable: "POLLUX_API_KEYS", read: ({ apiKeys }) => [...apiKeys] },
  {
    path: ["server", "adminKeys"],
    variable: "POLLUX_ADMIN_KEYS",
    read: ({ adminKeys }) => [...adminKeys],
  },
  {
    path: ["limits", "maxBodyBytes"],
    variable: "POLLUX_MAX_BODY_BYTES",
    read: ({ maxBodyBytes }) => maxBodyBytes,
  },
  {
    path: ["limits", "timeouts", "connectMs"],
    variable: "POLLUX_CONNECT_TIMEOUT_MS",
    read: ({ timeouts }) => timeouts.connectMs,
  },
  {
    path: ["limits", "timeouts", "firstByteMs"],
    variable: "POLLUX_FIRST_BYTE_TIMEOUT_MS",
    read: ({ timeouts }) => timeouts.firstByteMs,
  },
  {
    path: ["limits", "timeouts", "idleMs"],
    variable: "POLLUX_IDLE_TIMEOUT_MS",
    read: ({ timeouts }) => timeouts.idleMs,
  },
  {
    path: ["limits", "timeouts", "totalMs"],
    variable: "POLLUX_TOTAL_TIMEOUT_MS",
    read: ({ timeouts }) => timeouts.totalMs,
  },
  {
    path: ["limits", "upstreamConnections"],
    variable: "POLLUX_UPSTREAM_CONNECTIONS",
    read: ({ upstreamConnections }) => upstreamConnections,
  },
  {
    path: ["limits", "retryBudget"],
    variable: "POLLUX_RETRY_BUDGET",
    read: ({ retryBudget }) => retryBudget,
  },
  { path: ["httpClient"], variable: "POLLUX_HTTP_CLIENT", read: ({ httpClient }) => httpClient },
  { path: ["log", "level"], variable: "POLLUX_LOG_LEVEL", read: ({ log }) => log.level },
  { path: ["log", "requests"], variable: "POLLUX_LOG_REQUESTS", read: ({ log }) => log.requests },
  { path: ["metrics", "port"], variable: "POLLUX_METRICS_PORT", read: ({ metricsPort }) => metricsPort },
  // The more general first: a later one wins, and each reads the value that holds.
  {
    path: ["tracing", "endpoint"],
    variable: "OTEL_EXPORTER_OTLP_ENDPOINT",
    read: ({ tracing }) => tracing.endpoint,
  },
  {
    path: ["tracing", "endpoint"],
    variable: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    read: ({ tracing }) => tracing.endpoint,
  },
  {
    path: ["tracing", "headers"],
    variable: "OTEL_EXPORTER_OTLP_HEADERS",
    read: ({ tracing }) => Object.assign(mapping(), tracing.headers),
  },
  {
    path: ["tracing", "headers"],
    variable: "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    read: ({ tracing }) => Object.assign(mapping(), tracing.headers),
  },
];

/** The variables that win over a file, for the documentation: where they go and their names. */
export const OVERRIDES = SETTINGS.map(({ path, variable, flag }) => ({ path, variable, flag }));

/**
 * Puts flags and variables in place. An upstream named by neither file nor flags comes from the environment, as it
 * does without a file; Google's own variables fill in what an upstream of the file leaves out, and never replace what
 * it says, since it may be one of several.
 * @returns why the default upstream is the one it is, for people; undefined when the file named it.
 * @throws SettingsError for a flag or variable that cannot be used.
 */
export function applyEnvironment(raw: RawConfig, env: Environment, flags: ConfigFlags): string | undefined {
  const settings = readServerSettings(env, flags);
  for (const { path, variable, flag, read } of SETTINGS) {
    const origin = originOf(env, variable, flag === undefined ? undefined : flags[flag], flag);
    if (origin !== undefined && !obstructed(raw, path)) raw.set(path, read(settings), origin);
  }

  const { upstreams } = raw.value;
  const named = isMapping(upstreams) ? Object.keys(upstreams) : [];
  // Anything else than a mapping is the schema's to refuse.
  if (upstreams !== undefined && upstreams !== null && !isMapping(upstreams)) return undefined;
  const local = localUpstream(raw, named, flags);
  const reason =
    local ??
    (named.length === 0
      ? environmentUpstream(raw, env, flags)
      : fileUpstreams(raw, upstreams as RawMapping, env, flags));
  allowedProjects(raw, settings.allowedProjects);
  return reason;
}

/** The model of `--local`: the only upstream without a file, one more with it. */
function localUpstream(raw: RawConfig, named: readonly string[], flags: ConfigFlags): string | undefined {
  if (flags.local === undefined) return undefined;
  if (named.includes("local")) {
    throw new SettingsError("--local", "the configuration file has an upstream of the name local already.");
  }
  const origin: Origin = { from: "flag", flag: "--local" };
  raw.set(["upstreams", "local", "kind"], "local", origin);
  raw.set(["upstreams", "local", "file"], flags.local, origin);
  return named.length === 0 ? "--local names a model file" : undefined;
}

/** The one upstream of the environment, named by its kind. */
function environmentUpstream(raw: RawConfig, env: Environment, flags: ConfigFlags): string {
  const upstream = readUpstreamSettings(env, flags);
  const name = upstream.kind;
  const put = (key: string, value: unknown, origin: Origin | undefined): void => {
    if (value !== undefined) raw.set(["upstreams", name, key], value, origin ?? { from: "default" });
  };
  put("kind", upstream.kind, originOf(env, "POLLUX_UPSTREAM", flags.upstream, "upstream"));
  const keyVariable = isSet(env.GOOGLE_API_KEY) ? "GOOGLE_API_KEY" : "GEMINI_API_KEY";
  const fromKey: Origin = { from: "environment", variable: keyVariable };
  switch (upstream.kind) {
    case "emulator":
      if (flags.emulatorScript !== undefined) {
        put("script", flags.emulatorScript, { from: "flag", flag: "--emulator-script" });
      }
      break;
    case "gemini-api":
      if (upstream.apiKey !== undefined) put("apiKeys", [upstream.apiKey], fromKey);
      put("baseUrl", upstream.baseUrl, originOf(env, "GOOGLE_GEMINI_BASE_URL"));
      break;
    case "vertex":
      putVertex(upstream, env, flags, put, fromKey);
      break;
    default:
      upstream satisfies never;
  }
  return upstream.reason;
}

function putVertex(
  upstream: Extract<UpstreamSettings, { kind: "vertex" }>,
  env: Environment,
  flags: ConfigFlags,
  put: (key: string, value: unknown, origin: Origin | undefined) => void,
  fromKey: Origin,
): void {
  const express = upstream.apiKey !== undefined;
  put("project", upstream.project, originOf(env, "GOOGLE_CLOUD_PROJECT", flags.project, "project"));
  // Vertex AI takes keys on the global endpoint only; a location in the environment is meant for something else.
  if (!express) {
    const origin = originOf(env, "GOOGLE_CLOUD_LOCATION", flags.location, "location");
    if (origin !== undefined) put("location", upstream.location, origin);
    put("quotaProject", upstream.quotaProject, originOf(env, "GOOGLE_CLOUD_QUOTA_PROJECT"));
  }
  put("apiKey", upstream.apiKey, fromKey);
  put("baseUrl", upstream.baseUrl, originOf(env, "GOOGLE_VERTEX_BASE_URL"));
  if (upstream.credentialsFile !== undefined) {
    put(
      "credentials",
      Object.assign(mapping(), { kind: "file", file: upstream.credentialsFile }),
      originOf(env, "GOOGLE_APPLICATION_CREDENTIALS"),
    );
  }
}

function fileUpstreams(
  raw: RawConfig,
  upstreams: RawMapping,
  env: Environment,
  flags: ConfigFlags,
): string | undefined {
  const chooser = originOf(env, "POLLUX_UPSTREAM", flags.upstream, "upstream");
  const reason = chooser === undefined ? undefined : putFirst(raw, upstreams, chooser, env, flags);
  const [first = ""] = Object.keys(raw.value.upstreams as RawMapping);
  for (const key of ["project", "location"] as const) {
    const value = flags[key]?.trim();
    if (value === undefined || value === "") continue;
    if (!isGoogleCloud(upstreams[first])) {
      throw new SettingsError(
        `--${key}`,
        `the default upstream ${JSON.stringify(first)} takes none; change the configuration file instead.`,
      );
    }
    raw.set(["upstreams", first, key], value, { from: "flag", flag: `--${key}` });
  }
  if (flags.emulatorScript !== undefined) {
    const emulator = Object.keys(upstreams).find((name) => kindOf(upstreams[name]) === "emulator");
    if (emulator === undefined) {
      throw new SettingsError(
        "--emulator-script",
        "the configuration file has no upstream of the kind emulator.",
      );
    }
    raw.set(["upstreams", emulator, "script"], flags.emulatorScript, {
      from: "flag",
      flag: "--emulator-script",
    });
  }
  for (const [name, upstream] of Object.entries(upstreams)) {
    if (isGoogleCloud(upstream)) fillIn(raw, name, upstream, env);
  }
  return reason;
}

/** What a Google Cloud upstream leaves unsaid and Google's own tools would take from the environment. */
function fillIn(raw: RawConfig, name: string, upstream: RawMapping, env: Environment): void {
  if (upstream.apiKey !== undefined) return;
  const fill = (key: "project" | "location", variable: string): void => {
    const value = env[variable]?.trim();
    if (value === undefined || value === "" || Object.hasOwn(upstream, key)) return;
    raw.set(["upstreams", name, key], value, { from: "environment", variable });
  };
  fill("project", "GOOGLE_CLOUD_PROJECT");
  fill("location", "GOOGLE_CLOUD_LOCATION");
}

/** Makes the upstream that `--upstream` or `POLLUX_UPSTREAM` names the default. */
function putFirst(
  raw: RawConfig,
  upstreams: RawMapping,
  chooser: Origin,
  env: Environment,
  flags: ConfigFlags,
): string {
  const name = ((chooser.from === "flag" ? flags.upstream : env.POLLUX_UPSTREAM) ?? "").trim();
  const variable = chooser.from === "flag" ? chooser.flag : "POLLUX_UPSTREAM";
  if (!Object.hasOwn(upstreams, name)) {
    const known = Object.keys(upstreams);
    throw new SettingsError(
      variable,
      `${JSON.stringify(name)} is not an upstream of the configuration file${suggestion(name, known) || `; it has ${known.join(", ")}`}.`.replace(
        /\?\.$/,
        "?",
      ),
    );
  }
  raw.value.upstreams = Object.assign(mapping(), { [name]: upstreams[name] }, upstreams);
  return `${variable} is ${name}`;
}

/** Which projects callers may name is a rule for every upstream that has one. */
function allowedProjects(raw: RawConfig, scopes: readonly AllowedScope[] | undefined): void {
  const { upstreams } = raw.value;
  if (scopes === undefined || !isMapping(upstreams)) return;
  const entries = scopes.map(({ project, location }) =>
    location === undefined ? project : `${project}/${location}`,
  );
  for (const name of Object.keys(upstreams)) {
    if (!["vertex", "gemini-api", "emulator"].includes(kindOf(upstreams[name]))) continue;
    raw.set(["upstreams", name, "allowedProjects"], entries, {
      from: "environment",
      variable: "POLLUX_ALLOWED_PROJECTS",
    });
  }
}

function originOf(
  env: Environment,
  variable: string,
  flagValue?: string | number,
  flag?: string,
): Origin | undefined {
  if (isSet(flagValue) && flag !== undefined) return { from: "flag", flag: `--${flag}` };
  return isSet(env[variable]) ? { from: "environment", variable } : undefined;
}

function isSet(value: string | number | undefined): boolean {
  return value !== undefined && String(value).trim() !== "";
}

/** A file that says `server: 5` is refused by the schema, and not mended here. */
function obstructed(raw: RawConfig, path: ConfigPath): boolean {
  let current: unknown = raw.value;
  for (const key of path.slice(0, -1)) {
    current = (current as RawMapping)[key];
    if (current === undefined || current === null) return false;
    if (!isMapping(current)) return true;
  }
  return false;
}

function isGoogleCloud(upstream: unknown): upstream is RawMapping {
  return ["vertex", "vertex-endpoint", "vertex-openapi"].includes(kindOf(upstream));
}

function kindOf(upstream: unknown): string {
  return isMapping(upstream) && typeof upstream.kind === "string" ? upstream.kind : "";
}

function isMapping(value: unknown): value is RawMapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
