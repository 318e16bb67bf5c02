/** The emulator's answer to a request that has passed every check: same request, same answer. */
import type { ComposeAnswer } from "./emulated-answer.ts";
import { countPromptTokens, countTextTokens } from "./tokens.ts";

export const composeAnswer: ComposeAnswer = (request) => {
  const prompt = countPromptTokens(request);
  const said = (request.contents ?? [])
    .filter((content) => content.role !== "model")
    .at(-1)
    ?.parts?.map((part) => part.text ?? "")
    .join(" ");
  const text = `You said: ${said ?? ""}`;
  return {
    candidates: [
      { parts: [{ text }], finishReason: "STOP", tokens: { candidates: countTextTokens(text), thoughts: 0 } },
    ],
    promptTokens: prompt.total,
    promptTokensDetails: prompt.details,
    cachedTokens: 0,
  };
};
