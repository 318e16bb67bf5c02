/** How many processes are to serve. */
import { availableParallelism } from "node:os";
import type { Config } from "../config/config.ts";
import { SettingsError } from "../settings.ts";

/**
 * 1: the gateway is one process, as it is with `auto` where there is something that processes cannot share.
 * @param tape exchanges are recorded, or replayed: in the order in which they come, which only one process knows
 * @throws SettingsError for several processes where there is something that they cannot share
 */
export function workersOf(
  config: Pick<Config, "server" | "upstreams">,
  tape: boolean,
  processors = availableParallelism(),
): number {
  const { workers } = config.server;
  if (workers === "auto") return !tape && unshared(config) === undefined ? processors : 1;
  const count = Number(workers);
  if (count === 1) return 1;
  if (tape) throw new SettingsError("server.workers", "a tape takes one process. Set server.workers to 1.");
  checkShared(config);
  return count;
}

/** @throws SettingsError where several processes cannot serve this configuration */
export function checkShared(config: Pick<Config, "upstreams">): void {
  const name = unshared(config);
  if (name === undefined) return;
  throw new SettingsError(
    "server.workers",
    `upstreams.${name} runs a model inside the gateway, and each process would load it again. Set server.workers to 1.`,
  );
}

/** The upstream that runs inside a process. */
function unshared({ upstreams }: Pick<Config, "upstreams">): string | undefined {
  return Object.keys(upstreams).find((name) => upstreams[name]?.kind === "local");
}
