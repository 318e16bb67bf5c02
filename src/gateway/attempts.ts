/** The attempts of one request: target after target, until one answers or repeating cannot help. */
import { setTimeout as delay } from "node:timers/promises";
import { GatewayError } from "../errors.ts";
import type { RequestRecord } from "../observe/request-record.ts";
import type { Attempt, Outcome, Route, RouteTarget } from "../routing/route.ts";
import type { PlanRequest, Repeat } from "../routing/plan.ts";
import type { ActiveCalls } from "./active-calls.ts";
import { type Call, header, type Reply } from "./exchange.ts";
import type { Gateway } from "./gateway.ts";
import { outcomeOf } from "./outcome.ts";

/** Names targets, so it stays bounded whatever callers ask for. */
const MAX_HEADER_CHARACTERS = 1000;

/**
 * Runs `attempt` for one target after the other. It resolves when the client has been answered, or its answer has
 * begun; it must have sent nothing when it rejects. What was tried stands in `headers["x-pollux-attempts"]`.
 * @throws the failure of the last attempt; GatewayError `permission_denied` if the fence lets no target through.
 */
export async function runAttempts(
  gateway: Gateway,
  route: Route,
  request: PlanRequest,
  record: RequestRecord,
  active: ActiveCalls,
  reply: Reply,
  headers: Record<string, string>,
  attempt: (target: RouteTarget) => Promise<void>,
): Promise<void> {
  const plan = gateway.router.plan(route, request);
  record.clientRetry = request.clientRetry ?? 0;
  let target = plan.first();
  if (target === undefined) throw nothingAllowed(route);
  for (;;) {
    headers["x-pollux-attempts"] = attemptsHeader(plan.attempts, target);
    const { upstream } = target;
    record.attempts += 1;
    record.upstream = upstream;
    record.target = target.id;
    let startedAt = performance.now();
    try {
      if (plan.waitMs > 0) {
        await pause(plan.waitMs, active);
        startedAt = performance.now();
      }
      await attempt(target);
      plan.next({ kind: "success", firstByteMs: performance.now() - startedAt });
      gateway.observer.attempted(upstream, "success");
      return;
    } catch (error) {
      const isOver = active.endedBy !== undefined;
      const repeat =
        isOver || reply.headSent || isCostly(error, gateway.limits.repeatAfterReset)
          ? "no"
          : whereToRepeat(error);
      const outcome: Outcome = isOver ? { kind: "abandoned" } : outcomeOf(error);
      target = plan.next(outcome, repeat);
      gateway.observer.attempted(upstream, outcome.kind);
      headers["x-pollux-attempts"] = attemptsHeader(plan.attempts, undefined);
      if (target === undefined) throw plan.attempts.length > 1 ? exhausted(error) : error;
    }
  }
}

/** How often the caller's SDK has sent this request before. */
export function clientRetryOf(call: Call): number {
  const count = Number(header(call.headers, "x-stainless-retry-count") ?? 0);
  return Number.isInteger(count) && count > 0 ? count : 0;
}

/**
 * The upstream may have worked for minutes, and would again; or it had the request when the connection was lost, and
 * may have answered it to nobody. Paying for an answer twice is for the caller to decide.
 */
function isCostly(error: unknown, repeatAfterReset: boolean): boolean {
  if (!(error instanceof GatewayError)) return false;
  const { failure } = error;
  if (failure.kind === "upstream_timeout") return failure.phase !== "connect";
  if (failure.kind !== "upstream") return false;
  return failure.status === 504 || (failure.code === "upstream_reset" && !repeatAfterReset);
}

/** A name that is not found, a certificate that is wrong, silence at the door: they stay so for longer than we wait. */
function whereToRepeat(error: unknown): Repeat {
  if (!(error instanceof GatewayError)) return "anywhere";
  const { failure } = error;
  if (failure.kind === "upstream_timeout") return "elsewhere";
  if (failure.kind !== "upstream") return "anywhere";
  const isLasting =
    failure.shouldRetry === false || (failure.code === "upstream_unreachable" && failure.status === 502);
  return isLasting ? "elsewhere" : "anywhere";
}

async function pause(ms: number, active: ActiveCalls): Promise<void> {
  await delay(ms);
  if (active.endedBy !== undefined) throw active.endedBy;
}

/** The gateway has repeated already: a client that repeats as well would multiply the load on a failing upstream. */
function exhausted(error: unknown): unknown {
  if (!(error instanceof GatewayError) || error.failure.kind !== "upstream") return error;
  if (error.failure.status < 500) return error;
  return new GatewayError({ ...error.failure, shouldRetry: false }, error.message, { cause: error });
}

function nothingAllowed(route: Route): GatewayError {
  return new GatewayError(
    { kind: "permission_denied", code: "location_not_allowed" },
    `No upstream of the route ${JSON.stringify(route.name)} is inside its allowed locations (${(route.locations ?? []).join(", ")}).`,
  );
}

/** `eu1/gemini-3.5-flash@eu=rate_limited, eu2/gemini-3.5-flash@eu`: the last one, without a word, is answering. */
export function attemptsHeader(attempts: readonly Attempt[], current: RouteTarget | undefined): string {
  // Nearly always the first target answers.
  if (attempts.length === 0 && current !== undefined && isPlain(current.id)) return current.id;
  const texts = attempts.map(({ target, outcome }) => `${target.id}=${outcome.kind}`);
  if (current !== undefined) texts.push(current.id);
  return texts
    .join(", ")
    .slice(0, MAX_HEADER_CHARACTERS)
    .replace(/[^\x20-\x7e]/g, "?");
}

function isPlain(id: string): boolean {
  return id.length <= MAX_HEADER_CHARACTERS && /^[\x20-\x7e]*$/.test(id);
}
