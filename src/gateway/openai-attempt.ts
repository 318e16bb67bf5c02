/** One attempt at a target that speaks OpenAI's API already: passed through, or mended on the way back. */
import { GatewayError } from "../errors.ts";
import type { RouteTarget } from "../routing/route.ts";
import type { UpstreamBody } from "../upstreams/upstream.ts";
import { withMember } from "../wire/json-member.ts";
import { repairCompletion } from "../translate/repair/completion.ts";
import type { RepairOptions } from "../translate/repair/options.ts";
import { timed } from "./answer-headers.ts";
import { parseUpstreamJson } from "./bad-upstream-response.ts";
import type { OpenaiConnection } from "./connected-upstream.ts";
import type { GatheredAnswer } from "./gather.ts";
import type { AttemptParts } from "./gemini-attempt.ts";
import { passedOn } from "./generate-request.ts";
import { mintCompletionId, mintToolCallId } from "./ids.ts";
import { endpointFailure, passThrough } from "./pass-through.ts";
import { repairedStream } from "./repaired-stream.ts";
import { sendJson } from "./send-json.ts";
import { callAuthorized, jsonRequest, type BuildRequest } from "./upstream-session.ts";

/** @throws GatewayError when it fails before anything was sent to the client. */
export async function openaiAttempt(
  parts: AttemptParts,
  given: OpenaiConnection,
  target: RouteTarget,
): Promise<void> {
  const { gateway, call, body, reply, active, headers } = parts;
  // Of an attempt elsewhere.
  delete headers["x-pollux-notes"];
  const upstream = await endpointFor(given, target);
  const build = await request(parts, upstream, target);
  const toError = (answer: GatheredAnswer): GatewayError =>
    endpointFailure(answer, { credentials: upstream.at.credentials, now: gateway.now() });
  const attempt = active.branch();
  if (!upstream.at.repair) {
    await passThrough({ upstream, call, reply, active: attempt, headers, build, toError });
    return;
  }
  const options: RepairOptions = {
    id: mintCompletionId(),
    created: Math.floor(gateway.now() / 1000),
    model: typeof body["model"] === "string" ? body["model"] : target.model,
    mintToolCallId,
    usage: askedUsage(body),
  };
  if (body["stream"] === true) {
    await repairedStream({
      gateway,
      upstream,
      call,
      reply,
      active: attempt,
      headers,
      build,
      toError,
      options,
      target,
    });
    return;
  }
  const { maxResponseBytes } = gateway.limits;
  const answer = await callAuthorized(upstream, call.callerToken, build, attempt, maxResponseBytes);
  if (answer.status !== 200) throw toError(answer);
  const { value, repairs } = repairCompletion(parseUpstreamJson(answer.body), options);
  if (repairs.length > 0) headers["x-pollux-notes"] = `repaired: ${repairs.join(", ")}`;
  call.record.used(value.usage);
  sendJson(reply, call.record, 200, timed(headers, call.startedAt), value);
}

async function request(
  { gateway, call, body, media, active }: AttemptParts,
  upstream: OpenaiConnection,
  target: RouteTarget,
): Promise<BuildRequest> {
  return jsonRequest(
    upstream.at.address(target.location),
    passedOn(upstream, call.headers),
    sentBody(await media.bytes(call, body, upstream, active), body, upstream, target),
    gateway.timeouts,
  );
}

/** The bytes as they are wherever the model is called as the caller calls it. */
function sentBody(
  bytes: Buffer,
  body: Record<string, unknown>,
  upstream: OpenaiConnection,
  target: RouteTarget,
): UpstreamBody {
  const model = modelFor(upstream, target);
  return model === undefined || model === body["model"] ? bytes : withMember(bytes, "model", model);
}

/** The model to name to the server: `""` for none, undefined for what the caller wrote. */
export function modelFor({ at }: OpenaiConnection, { model }: RouteTarget): string | undefined {
  if (model === "") return undefined;
  return at.sentModel === undefined ? model : at.sentModel(model);
}

/**
 * The endpoint that a model means, for an upstream that is many.
 * @throws GatewayError `model_not_found` for a model that is none of them.
 */
export async function endpointFor(
  upstream: OpenaiConnection,
  { model }: Pick<RouteTarget, "model">,
): Promise<OpenaiConnection> {
  const { at, discovery } = upstream;
  if (at.endpoint === undefined) return upstream;
  const all = (await discovery?.models()) ?? [];
  const found =
    all.find(({ id }) => id === model) ??
    all.find(({ displayName }) => displayName === model) ??
    // Too new for the list, or the list cannot be had: Vertex AI itself says whether it is there.
    (/^(?:[0-9]+|mg-endpoint-[0-9a-z-]+)$/.test(model) ? { id: model } : undefined);
  if (found !== undefined) return { ...upstream, at: at.endpoint(found) };
  throw new GatewayError(
    { kind: "model_not_found", model },
    `The upstream ${upstream.name} has no endpoint ${JSON.stringify(model)}: GET /v1/models lists those it has.`,
  );
}

/** `continuous_usage_stats` is vLLM's: counts in every chunk. */
function askedUsage(body: Record<string, unknown>): NonNullable<RepairOptions["usage"]> {
  const options = body["stream_options"];
  const isOn = (name: string): boolean =>
    typeof options === "object" && options !== null && (options as Record<string, unknown>)[name] === true;
  if (!isOn("include_usage")) return "none";
  return isOn("continuous_usage_stats") ? "every" : "last";
}
