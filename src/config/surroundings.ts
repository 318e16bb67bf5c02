/** What there is on this machine that a gateway can use. */
import { readFileSync } from "node:fs";
import { readUpstreamSettings, type UpstreamSettings } from "../settings.ts";
import type { LocalServer } from "./local-servers.ts";
import type { Environment } from "./references.ts";

export interface Surroundings {
  /** What the gateway would use without a file. */
  upstream: UpstreamSettings;
  /** The variable that holds a Gemini API key, if any does. */
  keyVariable: "GOOGLE_API_KEY" | "GEMINI_API_KEY" | undefined;
  /** `POLLUX_UPSTREAM` asks for the emulator. */
  asksForEmulator: boolean;
  /** Access keys for callers are set. */
  hasAccessKeys: boolean;
  /** A Google credential file: named by the environment, or the login of gcloud. */
  login: GoogleLogin | undefined;
  project: { id: string; from: string } | undefined;
  location: { id: string; from: string } | undefined;
  servers: readonly LocalServer[];
}

export interface GoogleLogin {
  file: string;
  /** `service_account`, `authorized_user` and so on; undefined where the file does not say. */
  type: string | undefined;
  project: string | undefined;
}

/**
 * Reads the environment and the credential file, of which only type and project are looked at.
 * @param loginFile where Google's login may be; it need not exist.
 * @throws SettingsError for a variable that cannot be used.
 */
export function lookAround(
  env: Environment,
  loginFile: string | undefined,
  servers: readonly LocalServer[],
): Surroundings {
  const login = loginFile === undefined ? undefined : readLogin(loginFile);
  const fromEnv = (variable: string): { id: string; from: string } | undefined => {
    const id = env[variable]?.trim();
    return id === undefined || id === "" ? undefined : { id, from: variable };
  };
  const fromLogin = login?.project === undefined ? undefined : { id: login.project, from: login.file };
  return {
    upstream: readUpstreamSettings(env),
    keyVariable:
      fromEnv("GOOGLE_API_KEY") !== undefined
        ? "GOOGLE_API_KEY"
        : fromEnv("GEMINI_API_KEY") !== undefined
          ? "GEMINI_API_KEY"
          : undefined,
    asksForEmulator: fromEnv("POLLUX_UPSTREAM")?.id === "emulator",
    hasAccessKeys: fromEnv("POLLUX_API_KEYS") !== undefined,
    login,
    project: fromEnv("GOOGLE_CLOUD_PROJECT") ?? fromLogin,
    location: fromEnv("GOOGLE_CLOUD_LOCATION"),
    servers,
  };
}

function readLogin(file: string): GoogleLogin | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  const field = (name: string): string | undefined => {
    const value: unknown = Object.hasOwn(json, name) ? json[name] : undefined;
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  let json: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) json = parsed as Record<string, unknown>;
  } catch {
    // There is a file; that it is no good, signing in will tell.
  }
  return { file, type: field("type"), project: field("project_id") ?? field("quota_project_id") };
}

/** One line for each thing that was found. */
export function describeSurroundings(found: Surroundings): string[] {
  const lines: string[] = [];
  if (found.login !== undefined) {
    const type = found.login.type === undefined ? "" : ` (${found.login.type})`;
    lines.push(`Google credentials${type} in ${found.login.file}`);
  }
  if (found.project !== undefined) lines.push(`project ${found.project.id}, from ${found.project.from}`);
  if (found.location !== undefined) lines.push(`location ${found.location.id}, from ${found.location.from}`);
  if (found.keyVariable !== undefined) lines.push(`a Gemini API key in ${found.keyVariable}`);
  for (const { product, baseUrl, models } of found.servers) {
    const names = models.length === 0 ? "no models" : models.slice(0, 5).join(", ");
    lines.push(
      `${product} at ${baseUrl}: ${names}${models.length > 5 ? ` and ${models.length - 5} more` : ""}`,
    );
  }
  if (found.hasAccessKeys) lines.push("access keys for callers in POLLUX_API_KEYS");
  return lines;
}
