/** The emulator's answer to a request that has passed every check: same request, same answer. */
import type { GenerateContentRequest, Part } from "../../wire/gemini.ts";
import type { EmulatedModel } from "../emulated-model.ts";
import { type Conversation, readConversation } from "./conversation.ts";
import { Dice, hash32 } from "./dice.ts";
import type { ComposeAnswer, EmulatedCandidate } from "./emulated-answer.ts";
import { blockedBy, forced, forcedFinish, limited, stopped } from "./finish.ts";
import { canSearch, groundingFor } from "./grounding.ts";
import { logprobsOf } from "./logprobs.ts";
import { composeParts } from "./parts.ts";
import { imageTokens } from "./picture.ts";
import { think } from "./thoughts.ts";
import { countCachedTokens, countPartTokens, countPromptTokens } from "./tokens.ts";

const mostCandidates = 8;
/** https://ai.google.dev/gemini-api/docs/tokens: 25 tokens a second, of 24 000 samples of two bytes each. */
const pcmBytesPerToken = (24_000 * 2) / 25;

export const composeAnswer: ComposeAnswer = (request, model) => {
  const prompt = countPromptTokens(request);
  const conversation = readConversation(request);
  const blocked = blockedBy(conversation.ask);
  const count = Math.min(Math.max(1, request.generationConfig?.candidateCount ?? 1), mostCandidates);
  return {
    candidates: blocked
      ? []
      : Array.from({ length: count }, (_, index) => composeCandidate(request, model, conversation, index)),
    ...(blocked && { blocked }),
    promptTokens: prompt.total,
    promptTokensDetails: prompt.details,
    cachedTokens: countCachedTokens(request),
  };
};

function composeCandidate(
  request: GenerateContentRequest,
  model: EmulatedModel,
  conversation: Conversation,
  index: number,
): EmulatedCandidate {
  const config = request.generationConfig;
  const key = keyOf(request, model, conversation, index);
  const dice = new Dice(key);
  const thinking = think(request, model, conversation, dice);
  const limit = Math.min(config?.maxOutputTokens ?? model.outputTokenLimit, model.outputTokenLimit);
  const thoughts = Math.min(thinking.tokens, limit);

  const said = stopped(composeParts(request, model, conversation, index, dice), config?.stopSequences ?? []);
  const fitting = limited(said, limit - thoughts, weigh);
  const thought: Part[] = thinking.summary === "" ? [] : [{ text: thinking.summary, thought: true }];
  const reason = forcedFinish(conversation.ask);
  const ending =
    reason === undefined
      ? { parts: [...thought, ...fitting.parts], finishReason: fitting.cut ? "MAX_TOKENS" : "STOP" }
      : forced([...thought, ...fitting.parts], reason);

  const answer = ending.parts.filter((part) => part.thought !== true);
  const text = answer.map((part) => part.text ?? "").join("");
  const logprobs =
    config?.responseLogprobs === true && model.logprobs && text !== ""
      ? logprobsOf(text, config.logprobs ?? 0, key)
      : undefined;
  const grounded =
    canSearch(request) && text !== "" && !answer.some((part) => part.functionCall !== undefined);
  return {
    ...ending,
    ...(logprobs && { logprobsResult: logprobs.result, avgLogprobs: logprobs.average }),
    ...(grounded && { groundingMetadata: groundingFor(conversation.ask, ending.parts) }),
    tokens: { candidates: answer.reduce((sum, part) => sum + weigh(part), 0), thoughts },
  };
}

/** At temperature 0 the wording is the same for every seed, as nothing is left to chance. */
function keyOf(
  request: GenerateContentRequest,
  model: EmulatedModel,
  conversation: Conversation,
  index: number,
): string {
  const config = request.generationConfig;
  const chance =
    config?.temperature === 0 ? "greedy" : `${config?.temperature ?? 1}/${config?.seed ?? "none"}`;
  const said = `${conversation.system}/${conversation.ask}/${conversation.turns.length}`;
  return `${model.id}/${chance}/${hash32(said)}/${index}`;
}

function weigh(part: Part): number {
  const { inlineData } = part;
  if (inlineData === undefined) return countPartTokens(part);
  if (inlineData.mimeType?.startsWith("image/")) return imageTokens;
  return Math.ceil(((inlineData.data?.length ?? 0) * 3) / 4 / pcmBytesPerToken);
}
