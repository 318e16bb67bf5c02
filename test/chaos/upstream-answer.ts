/** What an upstream generates for a plan: the same at both, so that every received byte can be held against it. */
import type { RuleOutcome } from "../../src/emulator/script.ts";
import type { GenerateContentResponse } from "../../src/wire/gemini.ts";
import type { RequestPlan } from "./plan.ts";

/** Characters of an event of a long answer. */
const LONG_EVENT = 16_384;

/** @param candidateCount as this call asks for it */
export function upstreamAnswer(plan: RequestPlan, stream: boolean, candidateCount: number): RuleOutcome {
  const { texts, thoughts, calls, finishReason } = plan.answer;
  if (plan.kind === "long-answer") return { events: longEvents(plan) };
  if (candidateCount > 1) return { events: stream ? turnsOf(plan) : [allOf(plan)] };
  return {
    ...(thoughts !== undefined ? { thoughts } : {}),
    ...(texts[0] !== undefined && texts[0] !== "" ? { text: texts[0] } : {}),
    ...(calls.length > 0 ? { calls } : {}),
    finishReason,
  };
}

const USAGE = { promptTokenCount: 7, candidatesTokenCount: 11, totalTokenCount: 18 };

function longEvents(plan: RequestPlan): GenerateContentResponse[] {
  const text = plan.answer.texts[0] ?? "";
  const events: GenerateContentResponse[] = [];
  for (let from = 0; from < text.length;) {
    const to = from + LONG_EVENT;
    // Never between the halves of a character outside the basic plane.
    const end = /[\uDC00-\uDFFF]/.test(text[to] ?? "") ? to + 1 : to;
    const parts = [{ text: text.slice(from, end) }];
    events.push({ candidates: [{ index: 0, content: { role: "model", parts } }] });
    from = end;
  }
  events.push({ candidates: [{ index: 0, finishReason: "STOP" }], usageMetadata: USAGE });
  return events;
}

function allOf(plan: RequestPlan): GenerateContentResponse {
  return {
    candidates: plan.answer.texts.map((text, index) => ({
      index,
      content: { role: "model", parts: [{ text }] },
      finishReason: plan.answer.finishReason,
    })),
    usageMetadata: USAGE,
  };
}

/** The candidates by turns, in two pieces each. */
function turnsOf(plan: RequestPlan): GenerateContentResponse[] {
  const { texts, finishReason } = plan.answer;
  const piece = (text: string, half: number): string => {
    const middle = text.indexOf(" ", text.length / 2);
    return half === 0 ? text.slice(0, middle) : text.slice(middle);
  };
  return [0, 1].flatMap((half) =>
    texts.map((text, index) => ({
      candidates: [
        {
          index,
          content: { role: "model", parts: [{ text: piece(text, half) }] },
          ...(half === 1 ? { finishReason } : {}),
        },
      ],
      usageMetadata: USAGE,
    })),
  );
}
