/** `POST …/chat/completions` for Gemini: admitted, translated, sent, translated back. */
import type { FailureHints } from "../translate/gemini-to-openai/error.ts";
import { toGeminiRequest } from "../translate/openai-to-gemini/request.ts";
import { toNotesHeader } from "../translate/notes-header.ts";
import type { AnswerContext, GeminiCall, RequestContext } from "../translate/target.ts";
import type { Scope } from "../upstreams/google-upstream.ts";
import type { ActiveCalls } from "./active-calls.ts";
import { timed } from "./answer-headers.ts";
import { answering } from "./answering.ts";
import { isOn, type Call, type Reply } from "./exchange.ts";
import { explain } from "./explain.ts";
import type { Gateway } from "./gateway.ts";
import { generateRequest } from "./generate-request.ts";
import { mintCompletionId, mintToolCallId } from "./ids.ts";
import { parseBody } from "./json-body.ts";
import { withRecovery } from "./recovery.ts";
import { sendJson } from "./send-json.ts";
import { streamAnswer } from "./stream-answer.ts";
import { unaryAnswer } from "./unary-answer.ts";

/** Answers one request. Never rejects: what goes wrong is answered. */
export function chatCompletions(
  gateway: Gateway,
  call: Call,
  reply: Reply,
  scope: Scope | undefined,
): Promise<void> {
  return answering(gateway, call, reply, (active, headers) =>
    answer(gateway, call, reply, scope, active, headers),
  );
}

async function answer(
  gateway: Gateway,
  call: Call,
  reply: Reply,
  scope: Scope | undefined,
  active: ActiveCalls,
  headers: Record<string, string>,
): Promise<void> {
  const body = parseBody(call.body);
  const strict = isOn(call.headers, "x-pollux-strict");
  const explaining = isOn(call.headers, "x-pollux-explain");
  const translate = (repair: RequestContext["repair"]): GeminiCall =>
    toGeminiRequest(body, {
      surface: gateway.upstream.surface,
      recall: (id) => gateway.signatures.recall(id),
      strict,
      trace: explaining,
      repair,
      reasoningFormat: gateway.reasoningFormat,
    });
  if (explaining) {
    sendJson(reply, 200, timed(headers, call.startedAt), explain(gateway.upstream, translate({}), scope));
    return;
  }
  const context = answerContext(gateway);
  const hints: FailureHints = {
    credentials: gateway.upstream.credentials,
    now: gateway.now(),
    ...(scope === undefined ? {} : { location: scope.location }),
  };
  await withRecovery(
    async (repair) => {
      const gemini = translate(repair);
      const notes = toNotesHeader(gemini.notes);
      if (notes !== undefined) headers["x-pollux-notes"] = notes;
      const build = generateRequest(gateway, gemini, scope, call.headers);
      const attempt = active.branch();
      if (gemini.stream) {
        await streamAnswer({ gateway, gemini, build, context, active: attempt, call, reply, headers, hints });
        return;
      }
      const { callerToken } = call;
      const completion = await unaryAnswer({
        gateway,
        gemini,
        build,
        callerToken,
        context,
        active: attempt,
        hints,
      });
      sendJson(reply, 200, timed(headers, call.startedAt), completion);
    },
    () => active.endedBy === undefined && !reply.headSent,
  );
}

function answerContext(gateway: Gateway): AnswerContext {
  return {
    id: mintCompletionId(),
    created: Math.floor(gateway.now() / 1000),
    mintToolCallId,
    remember: (id, remembered) => gateway.signatures.remember(id, remembered),
  };
}
