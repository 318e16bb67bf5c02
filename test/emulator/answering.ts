/** Models, requests and shortcuts for the tests of the emulator's answer engine. */
import type { GenerateContentRequest, Json, Part } from "../../src/wire/gemini.ts";
import type { EmulatedModel } from "../../src/emulator/emulated-model.ts";
import { composeAnswer } from "../../src/emulator/answer/compose-answer.ts";
import type { EmulatedCandidate } from "../../src/emulator/answer/emulated-answer.ts";

export const model: EmulatedModel = {
  id: "gemini-3.5-flash",
  displayName: "Gemini 3.5 Flash",
  generation: 3.5,
  inputTokenLimit: 1_048_576,
  outputTokenLimit: 65_536,
  thinking: { kind: "level", levels: ["MINIMAL", "LOW", "MEDIUM", "HIGH"], default: "MEDIUM" },
  maxCandidates: 8,
  penalties: "zero-only",
  sampling: "honoured",
  logprobs: true,
  trailingModelTurn: true,
  signatures: true,
  callIds: true,
  combinesTools: true,
  outputModalities: ["TEXT"],
};

export const budgetModel: EmulatedModel = {
  ...model,
  id: "gemini-2.5-flash",
  generation: 2.5,
  thinking: { kind: "budget", min: 0, max: 24_576, canBeZero: true, default: -1 },
};

export const plainModel: EmulatedModel = { ...model, id: "gemini-2.0-flash", thinking: { kind: "none" } };

export function user(...parts: (string | Part)[]): { role: string; parts: Part[] } {
  return { role: "user", parts: parts.map((part) => (typeof part === "string" ? { text: part } : part)) };
}

export function assistant(...parts: (string | Part)[]): { role: string; parts: Part[] } {
  return { ...user(...parts), role: "model" };
}

/** A request with one prompt. */
export function prompt(text: string, rest: GenerateContentRequest = {}): GenerateContentRequest {
  return { contents: [user(text)], ...rest };
}

export function firstCandidate(
  request: GenerateContentRequest,
  with_: EmulatedModel = model,
): EmulatedCandidate {
  const [candidate] = composeAnswer(request, with_).candidates;
  if (candidate === undefined) throw new Error("no candidate");
  return candidate;
}

/** The words of the answer, thoughts left out. */
export function textOf(candidate: EmulatedCandidate): string {
  return candidate.parts.map((part) => (part.thought === true ? "" : (part.text ?? ""))).join("");
}

export function answerTo(text: string, rest: GenerateContentRequest = {}): string {
  return textOf(firstCandidate(prompt(text, rest)));
}

export function jsonTo(
  text: string,
  schema: Json,
  field: "responseJsonSchema" | "responseSchema" = "responseJsonSchema",
): Json {
  const generationConfig = { responseMimeType: "application/json", [field]: schema };
  return JSON.parse(answerTo(text, { generationConfig })) as Json;
}

export function callsOf(candidate: EmulatedCandidate): { name?: string; args?: Json }[] {
  return candidate.parts.flatMap((part) => (part.functionCall ? [part.functionCall] : []));
}
