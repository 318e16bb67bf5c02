/** What no single value can be blamed for: parts of the configuration that do not fit each other. */
import { isLoopback } from "../settings.ts";
import type { ConfigPath } from "./config-path.ts";
import { suggestion } from "./nearest.ts";
import type { MatchedRouteConfig, RouteConfig, TargetConfig } from "./route-schema.ts";
import { targetLocation } from "./target-location.ts";
import type { UpstreamConfig, UpstreamKind } from "./upstream-schema.ts";

/** The parts that are well formed; checks leave alone what depends on the others. */
export interface CheckedParts {
  /** Every upstream that was named; undefined where it is not well formed. */
  upstreams: ReadonlyMap<string, UpstreamConfig | undefined>;
  models: ReadonlyMap<string, string | RouteConfig | undefined>;
  routes: readonly (MatchedRouteConfig | undefined)[];
}

export interface Finding {
  path: ConfigPath;
  message: string;
  severity: "error" | "warning";
}

/** Kinds that are asked for Gemini by its name, so that an alias's own name would be no model. */
const NEEDS_MODEL: ReadonlySet<UpstreamKind> = new Set([
  "vertex",
  "gemini-api",
  "vertex-openapi",
  "emulator",
]);

export function crossCheck(parts: CheckedParts): Finding[] {
  const findings: Finding[] = [];
  const report = (severity: Finding["severity"]) => (path: ConfigPath, message: string) =>
    findings.push({ path, message, severity });
  const [error, warning] = [report("error"), report("warning")];

  for (const [name, upstream] of parts.upstreams) {
    if (upstream !== undefined) checkUpstream(upstream, ["upstreams", name], error, warning);
  }
  for (const [name, alias] of parts.models) {
    const path = ["models", name];
    if (alias !== undefined && typeof alias !== "string")
      checkRoute(alias, path, { alias: true }, parts, error, warning);
  }
  checkLoops(parts.models, error);
  let catchAll: number | undefined;
  for (const [index, route] of parts.routes.entries()) {
    if (route === undefined) continue;
    const path = ["routes", index];
    if (catchAll !== undefined) {
      warning([...path, "match"], `is never reached: routes[${catchAll}] matches everything before it`);
    }
    if (/^\*+$/.test(route.match)) catchAll ??= index;
    checkRoute(route, path, { alias: false }, parts, error, warning);
  }
  return findings;
}

type Report = (path: ConfigPath, message: string) => void;

function checkUpstream(upstream: UpstreamConfig, path: ConfigPath, error: Report, warning: Report): void {
  switch (upstream.kind) {
    case "vertex":
      if (upstream.apiKey === undefined) return;
      if (upstream.project !== undefined) {
        error(
          [...path, "project"],
          "does not go with apiKey, whose project is its own; remove one of the two",
        );
      }
      if (upstream.quotaProject !== undefined) {
        error([...path, "quotaProject"], "does not go with apiKey; remove one of the two");
      }
      if (upstream.credentials.kind !== "adc") {
        error([...path, "credentials"], "does not go with apiKey; remove one of the two");
      }
      if (upstream.location !== "global") {
        error([...path, "location"], "must be global with apiKey: Vertex AI takes keys nowhere else");
      }
      return;
    case "vertex-endpoint":
      if (upstream.host !== undefined && upstream.endpoint === undefined) {
        error([...path, "host"], "belongs to one endpoint; say which one by `endpoint`");
      }
      if (upstream.host !== undefined) {
        warnOfPlainHttp(upstream.host, [...path, "host"], "the access token and every prompt", warning);
      }
      return;
    case "openai-compatible":
      if (upstream.apiKey !== undefined) {
        warnOfPlainHttp(upstream.baseUrl, [...path, "baseUrl"], "the API key and every prompt", warning);
      }
      return;
    case "gemini-api":
    case "vertex-openapi":
    case "local":
    case "emulator":
      return;
    default:
      upstream satisfies never;
  }
}

function warnOfPlainHttp(address: string, path: ConfigPath, what: string, warning: Report): void {
  const url = new URL(address);
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    warning(path, `plain http to another machine: ${what} can be read on the way`);
  }
}

/** Aliases that lead back to themselves, each once. Aliases that lead into such a loop are well once the loop is. */
function checkLoops(models: CheckedParts["models"], error: Report): void {
  const done = new Set<string>();
  for (const start of models.keys()) {
    const way: string[] = [];
    const onTheWay = new Map<string, number>();
    let name = start;
    for (let next = models.get(name); typeof next === "string" && !done.has(name); next = models.get(name)) {
      const turn = onTheWay.get(name);
      if (turn !== undefined) {
        const loop = way.slice(turn);
        const shown = [...loop.slice(0, 10), ...(loop.length > 10 ? ["..."] : []), name].join(" -> ");
        for (const member of loop) error(["models", member], `the aliases lead back to themselves: ${shown}`);
        break;
      }
      onTheWay.set(name, way.length);
      way.push(name);
      name = next;
    }
    for (const seen of way) done.add(seen);
  }
}

function checkRoute(
  route: RouteConfig,
  path: ConfigPath,
  { alias }: { alias: boolean },
  { upstreams }: CheckedParts,
  error: Report,
  warning: Report,
): void {
  const inside: boolean[] = [];
  const seen = new Map<string, number>();
  let vertexTargets = 0;
  for (const [index, target] of route.targets.entries()) {
    const at = [...path, "targets", index];
    if (!upstreams.has(target.upstream)) {
      const known = [...upstreams.keys().take(100)];
      const names = known.length === 0 ? "" : `; there are ${known.slice(0, 20).join(", ")}`;
      error(
        [...at, "upstream"],
        `there is no upstream ${JSON.stringify(target.upstream)}${suggestion(target.upstream, known) || names}`,
      );
      continue;
    }
    const upstream = upstreams.get(target.upstream);
    if (upstream === undefined) continue;
    if (upstream.kind === "vertex") vertexTargets += 1;
    if (alias && target.model === undefined && NEEDS_MODEL.has(upstream.kind)) {
      error(
        at,
        `model is missing: ${target.upstream} is asked for a model by name, and the alias ${JSON.stringify(path.at(-1))} is none`,
      );
    }
    checkTargetLocation(target, upstream, at, error);
    const identity = JSON.stringify([target.upstream, target.model, targetLocation(upstream, target)]);
    const earlier = seen.get(identity);
    if (earlier !== undefined)
      error(at, `is targets[${earlier}] again; give that one a larger weight instead`);
    seen.set(identity, index);
    inside.push(checkFence(route, target, upstream, at, warning));
  }
  // Targets left out above are being told of anyway.
  if (inside.length === route.targets.length && !inside.includes(true)) {
    error(
      [...path, "locations"],
      `no target is in ${(route.locations ?? []).join(", ")}: nothing could answer`,
    );
  }
  if (route.provisioned !== undefined && vertexTargets === 0 && inside.length === route.targets.length) {
    error([...path, "provisioned"], "needs a target of the kind vertex");
  }
}

function checkTargetLocation(
  target: TargetConfig,
  upstream: UpstreamConfig,
  path: ConfigPath,
  error: Report,
): void {
  if (target.location === undefined) return;
  const at = [...path, "location"];
  const fixed = targetLocation(upstream, target);
  if (upstream.kind === "gemini-api") {
    error(at, "the Gemini API does not let callers choose a location; use an upstream of the kind vertex");
  } else if (fixed !== target.location) {
    error(
      at,
      `${target.upstream} answers only in ${fixed ?? "one location"}; remove this, or name another upstream`,
    );
  }
}

function checkFence(
  route: RouteConfig,
  target: TargetConfig,
  upstream: UpstreamConfig,
  path: ConfigPath,
  warning: Report,
): boolean {
  if (route.locations === undefined) return true;
  const location = targetLocation(upstream, target);
  if (location !== undefined && route.locations.includes(location)) return true;
  warning(
    path,
    location === undefined
      ? "is never used: its location is not known, and the route allows only " + route.locations.join(", ")
      : `is never used: ${location} is not among the route's locations ${route.locations.join(", ")}`,
  );
  return false;
}
