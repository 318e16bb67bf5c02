import { Command } from "commander";
import { readConfig } from "../config/config.ts";
import { type OpenedUpstream, openUpstreams } from "../doctor/open-upstreams.ts";
import { authStatusEntry, type AuthStatusEntry } from "../gateway/auth-statuses.ts";
import { SettingsError } from "../settings.ts";
import { askGateway } from "./ask-gateway.ts";
import { existingFile } from "./config.ts";
import { print } from "./terminal.ts";

export function authCommand(): Command {
  const command = new Command("auth").description("Show how the upstreams are signed in to.");
  command.addCommand(statusCommand());
  for (const inner of command.commands) inner.exitOverride().showSuggestionAfterError();
  return command;
}

interface StatusFlags {
  config?: string;
  url?: string;
  key?: string;
  json?: boolean;
}

function statusCommand(): Command {
  return new Command("status")
    .description("Sign in as the configuration says, or ask a gateway that runs, and show what came of it.")
    .option("--config <file>", "configuration file (POLLUX_CONFIG); without one the environment decides")
    .option("--url <url>", "ask the gateway that runs there instead")
    .option("--key <key>", "an admin key of that gateway (POLLUX_ADMIN_KEY)")
    .option("--json", "print JSON, as GET /admin/auth answers it")
    .addHelpText(
      "after",
      `
Exit code: 0 every upstream is signed in to, 1 one is not, 2 a wrong flag or configuration.
No token is printed.

Examples:
  pollux auth status
  pollux auth status --config pollux.yaml --json
  pollux auth status --url http://127.0.0.1:4364`,
    )
    .action((flags: StatusFlags) => status(flags));
}

/** An upstream that could not be signed in to has `error`, in words. */
type Entry = AuthStatusEntry & { error?: string };

async function status(flags: StatusFlags): Promise<void> {
  const entries =
    flags.url === undefined ? await fromConfiguration(flags.config) : await fromGateway(flags.url, flags.key);
  const now = Date.now();
  if (flags.json === true) print(JSON.stringify({ object: "list", data: entries }, null, 2));
  else print(table(entries, now));
  process.exitCode = entries.every(isSignedIn) ? 0 : 1;
}

async function fromConfiguration(file: string | undefined): Promise<Entry[]> {
  const { config } = readConfig(process.env, {}, existingFile(file));
  const opened = await openUpstreams(config, { env: process.env });
  try {
    return await Promise.all(opened.upstreams.map(signedIn));
  } finally {
    await opened.close();
  }
}

async function signedIn({ name, config, connected, error }: OpenedUpstream): Promise<Entry> {
  if (connected === undefined) {
    const nothing = { found_in: null, principal: null, project: null, quota_project: null, token: null };
    const entry: Entry = {
      upstream: name,
      kind: "none",
      description: `none needed (${config.kind})`,
      ...nothing,
    };
    return error === undefined ? entry : { ...entry, description: config.kind, error: error.message };
  }
  const { upstream } = connected;
  try {
    if (upstream.at.credentials === "own") await upstream.at.authorize(undefined);
    return authStatusEntry(upstream);
  } catch (cause) {
    return { ...authStatusEntry(upstream), error: cause instanceof Error ? cause.message : String(cause) };
  }
}

async function fromGateway(url: string, key: string | undefined): Promise<Entry[]> {
  const body = await askGateway("--url", url, "/admin/auth", key ?? process.env.POLLUX_ADMIN_KEY);
  if (!("data" in body) || !Array.isArray(body.data)) {
    throw new SettingsError("--url", `${url} does not tell how it is signed in.`);
  }
  return body.data as Entry[];
}

function isSignedIn({ error, token }: Entry): boolean {
  // A token that still serves while the next one cannot be had is no failure yet.
  return error === undefined && (token === null || token.failures === 0 || token.expires_at !== null);
}

function table(entries: readonly Entry[], now: number): string {
  const head = ["UPSTREAM", "KIND", "WHO", "PROJECT", "EXPIRES", "RENEWS", "FOUND IN"];
  const rows = [head, ...entries.map((entry) => row(entry, now))];
  const widths = head.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [...lines, ...entries.flatMap((entry) => errorLines(entry, now))].join("\n");
}

function row(
  { worker, upstream, kind, principal, description, project, quota_project, token, found_in }: Entry,
  now: number,
): string[] {
  const billed = quota_project === null || quota_project === project ? "" : ` (billed: ${quota_project})`;
  return [
    worker === undefined ? upstream : `${upstream} (worker ${worker})`,
    kind,
    principal ?? description,
    `${project ?? "-"}${billed}`,
    token === null ? "-" : when(token.expires_at, now),
    token === null ? "-" : when(token.renews_at, now),
    found_in ?? "-",
  ];
}

function errorLines({ upstream, error, token }: Entry, now: number): string[] {
  if (error !== undefined) return [`${upstream}: ${error}`];
  const last = token?.last_error ?? undefined;
  return last === undefined ? [] : [`${upstream}: last error ${when(last.at, now)}: ${last.message}`];
}

/** `in 59 min`, `3 min ago`. */
function when(time: string | null, now: number): string {
  if (time === null) return "?";
  const ms = Date.parse(time) - now;
  const off = Math.abs(ms);
  const length = off < 120_000 ? `${Math.round(off / 1000)} s` : `${Math.round(off / 60_000)} min`;
  return ms >= 0 ? `in ${length}` : `${length} ago`;
}
