/** The parts of one candidate, before anything is cut: calls, JSON, pictures, speech, code or text. */
import type { GenerateContentRequest, Part } from "../../wire/gemini.ts";
import type { EmulatedModel } from "../emulated-model.ts";
import { findSum, formatNumber } from "./arithmetic.ts";
import type { Conversation } from "./conversation.ts";
import type { Dice } from "./dice.ts";
import { type Reply, replyTo } from "./intents.ts";
import { jsonAnswer } from "./json-answer.ts";
import { mediaLimits, mediaSentences } from "./media-reply.ts";
import { pcmMimeType, speak } from "./pcm.ts";
import { drawPicture } from "./picture.ts";
import { instructionNote } from "./prose.ts";
import { styled } from "./style.ts";
import { chooseCalls } from "./tool-choice.ts";
import { resultSentences } from "./tool-results.ts";

/** `index` is the candidate's place among several; what the prompt does not settle differs between them. */
export function composeParts(
  request: GenerateContentRequest,
  model: EmulatedModel,
  conversation: Conversation,
  index: number,
  dice: Dice,
): Part[] {
  const calls = chooseCalls(request, conversation);
  if (calls.length > 0) return calls.map((functionCall) => ({ functionCall }));
  const text = (): string => textAnswer(conversation, model, index, dice);
  const json = jsonAnswer(request.generationConfig, conversation, text);
  if (json !== undefined) return [{ text: json }];
  const modalities = modalitiesOf(request, model);
  if (modalities.includes("AUDIO")) return spoken(conversation.ask);
  if (modalities.includes("IMAGE")) return painted(request, conversation, modalities.includes("TEXT"), index);
  const said = text();
  return [...codeParts(request, conversation), ...(said === "" ? [] : [{ text: said }])];
}

/** What the request asks for, else what the model is for: image models draw and speech models speak unasked. */
function modalitiesOf(request: GenerateContentRequest, model: EmulatedModel): string[] {
  const asked = (request.generationConfig?.responseModalities ?? []).map((modality) =>
    String(modality).toUpperCase(),
  );
  return asked.length > 0 ? asked : [...model.outputModalities];
}

function textAnswer(conversation: Conversation, model: EmulatedModel, index: number, dice: Dice): string {
  const { system, ask } = conversation;
  const media = mediaSentences(conversation);
  const results = resultSentences(conversation);
  const reply: Reply =
    results.length > 0
      ? { text: withNote([opening(dice), ...results].join(" "), system), exact: false }
      : media.length > 0
        ? { text: withNote([...media, mediaLimits(ask, media.length)].join(" "), system), exact: false }
        : replyTo(conversation, model.displayName, dice);
  if (reply.exact) return reply.text;
  const text = styled(reply.text, system, ask);
  // Two candidates may draw the same wording; they still have to be told apart.
  return index === 0 || text.length < 60 ? text : `${text} (Alternative ${index + 1}.)`;
}

function withNote(text: string, system: string): string {
  return [text, instructionNote(system)].filter((sentence) => sentence !== "").join(" ");
}

function opening(dice: Dice): string {
  return dice.pick(["Here is what I found.", "I looked it up for you.", "These are the results."]);
}

function spoken(ask: string): Part[] {
  // "Say cheerfully: have a nice day" is read out from the colon on.
  const words = /^[^:\n]{1,200}:\s*(.+)$/s.exec(ask)?.[1] ?? ask;
  return [{ inlineData: { mimeType: pcmMimeType, data: speak(words).pcm.toString("base64") } }];
}

function painted(
  request: GenerateContentRequest,
  { ask }: Conversation,
  withText: boolean,
  index: number,
): Part[] {
  const seed = request.generationConfig?.seed ?? "";
  const picture = drawPicture(ask, request.generationConfig?.imageConfig, `${seed}/${index}`);
  const image: Part = { inlineData: { mimeType: "image/png", data: picture.png.toString("base64") } };
  const subject = ask.replaceAll(/\s+/g, " ").trim().slice(0, 120);
  const text = `Here is an emulated image of ${picture.width} x ${picture.height} pixels for "${subject}".`;
  return withText ? [{ text }, image] : [image];
}

/** With code execution allowed, a sum is worked out in Python first, shown with its result. */
function codeParts(request: GenerateContentRequest, { ask }: Conversation): Part[] {
  const allowed = (request.tools ?? []).some((tool) => Object.hasOwn(tool, "codeExecution"));
  const sum = allowed ? findSum(ask) : undefined;
  if (sum === undefined) return [];
  return [
    { executableCode: { language: "PYTHON", code: `print(${sum.expression})\n` } },
    { codeExecutionResult: { outcome: "OUTCOME_OK", output: `${formatNumber(sum.value)}\n` } },
  ];
}
