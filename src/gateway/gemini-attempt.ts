/** One attempt at a target that speaks Gemini: translated, sent, translated back. */
import type { RouteTarget } from "../routing/route.ts";
import type { FailureHints } from "../translate/gemini-to-openai/error.ts";
import { toNotesHeader } from "../translate/notes-header.ts";
import { type RequestOptions, toGeminiRequest } from "../translate/openai-to-gemini/request.ts";
import type { GeminiCall, RequestContext, ResolveMedia } from "../translate/target.ts";
import type { Scope } from "../upstreams/google-upstream.ts";
import type { ActiveCalls } from "./active-calls.ts";
import { GatewayAnswerContext } from "./answer-context.ts";
import { timed } from "./answer-headers.ts";
import type { GeminiConnection } from "./connected-upstream.ts";
import { isOn, type Call, type Reply } from "./exchange.ts";
import type { Gateway } from "./gateway.ts";
import { generateRequest } from "./generate-request.ts";
import { turnFor } from "./large-work.ts";
import { withRecovery } from "./recovery.ts";
import type { RequestMedia } from "./request-media.ts";
import { sendJson } from "./send-json.ts";
import { streamAnswer } from "./stream-answer.ts";
import { unaryAnswer } from "./unary-answer.ts";

/** What every attempt at one request shares. */
export interface AttemptParts {
  gateway: Gateway;
  call: Call;
  body: Record<string, unknown>;
  media: RequestMedia;
  reply: Reply;
  active: ActiveCalls;
  /** Of the answer; an attempt adds its notes. */
  headers: Record<string, string>;
}

/** @throws GatewayError when it fails before anything was sent to the client. */
export function geminiAttempt(
  parts: AttemptParts,
  upstream: GeminiConnection,
  target: RouteTarget,
  scope: Scope | undefined,
): Promise<void> {
  const { gateway, call, body, media, reply, active, headers } = parts;
  const { timeouts, limits } = gateway;
  const { callerToken } = call;
  const strict = isOn(call.headers, "x-pollux-strict");
  const context = new GatewayAnswerContext(gateway);
  const location = scope?.location ?? target.location;
  const hints: FailureHints = { credentials: upstream.at.credentials, now: gateway.now() };
  if (location !== undefined) hints.location = location;
  const resolveMedia = media.resolver(upstream);
  let tries = 0;
  return withRecovery(
    async (repair) => {
      tries += 1;
      if (tries > 1) gateway.observer.attempted(upstream.name, "recovered");
      let turn = turnFor(call.body, active);
      if (turn !== undefined) await turn;
      const options = { repair, strict, resolveMedia };
      let gemini = translate(gateway, body, upstream, target, options);
      if (media.wanted.size > 0) {
        // Translated once more after the files were read that it turned out to need.
        await media.read(call, active);
        gemini = translate(gateway, body, upstream, target, options);
      }
      const notes = toNotesHeader(gemini.notes);
      if (notes !== undefined) headers["x-pollux-notes"] = notes;
      // Of an attempt before this one.
      else if ("x-pollux-notes" in headers) delete headers["x-pollux-notes"];
      turn = turnFor(call.body, active);
      if (turn !== undefined) await turn;
      const build = generateRequest(upstream, gemini, { scope, target }, call.headers, timeouts);
      if (gemini.stream) {
        await streamAnswer({
          gateway,
          upstream,
          gemini,
          build,
          context,
          active: active.branch(),
          call,
          reply,
          headers,
          hints,
          target,
        });
        return;
      }
      const completion = await unaryAnswer({
        upstream,
        maxResponseBytes: limits.maxResponseBytes,
        gemini,
        build,
        callerToken,
        context,
        active,
        hints,
      });
      call.record.used(completion.usage);
      sendJson(reply, call.record, 200, timed(headers, call.startedAt), completion);
    },
    () => active.endedBy === undefined && !reply.headSent,
  );
}

interface TranslateOptions {
  repair?: RequestContext["repair"];
  trace?: boolean;
  strict: boolean;
  resolveMedia: ResolveMedia;
}

/** The Gemini call that a target would be sent. */
export function translate(
  gateway: Gateway,
  body: Record<string, unknown>,
  upstream: GeminiConnection,
  target: RouteTarget,
  options: TranslateOptions,
): GeminiCall {
  const request: RequestOptions = {
    ...options,
    surface: upstream.at.surface,
    recall: (id) => gateway.signatures.recall(id),
    reasoningFormat: gateway.reasoningFormat,
  };
  if (target.model !== body["model"] && target.model !== "") request.model = target.model;
  return toGeminiRequest(body, request);
}
