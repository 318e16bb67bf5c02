import type { ChatCompletionRequest } from "../../wire/openai.ts";
import { optionalNumber } from "../read-field.ts";
import type { RequestContext } from "../target.ts";

/** `candidateCount` takes 1 to 8; separate calls are held to the same number. */
const MAX_CHOICES = 8;

/** `n`: candidates of one call, or calls of one candidate where the model refuses `candidateCount` altogether. */
export function toCandidateCount(
  request: ChatCompletionRequest,
  context: RequestContext,
): { candidateCount: number | undefined; fanOut: number } {
  const n = optionalNumber(request, "n", "n", { integer: true, min: 1, max: MAX_CHOICES });
  if (n === undefined || n === 1) {
    if (n === 1) {
      context.notes.used("n", "n");
    }
    return { candidateCount: undefined, fanOut: 1 };
  }
  if (context.target.facts.candidateCount) {
    context.notes.used("n", "n");
    return { candidateCount: n, fanOut: 1 };
  }
  context.notes.add(
    "approximated",
    "n",
    "n",
    `${context.target.model} gives one answer a call: ${n} calls are made, and each pays for the prompt.`,
  );
  return { candidateCount: undefined, fanOut: n };
}
