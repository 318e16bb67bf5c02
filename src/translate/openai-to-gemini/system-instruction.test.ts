import { expect, test } from "vitest";
import { contextFor, noted } from "../../../test/support/request-context.ts";
import { placeSystemInstruction } from "./system-instruction.ts";

const FIRST = { role: "user", parts: [{ text: "Hi" }] };
const SECOND = { role: "model", parts: [{ text: "Hello" }] };
const SYSTEM = { parts: [{ text: "Be brief." }] };
const TOLD = { text: "Write JSON." };

test.each([
  { name: "nothing to say", said: {}, instruction: undefined, expected: {} },
  {
    name: "system messages",
    said: { systemInstruction: SYSTEM },
    instruction: undefined,
    expected: { systemInstruction: SYSTEM },
  },
  {
    name: "an instruction",
    said: {},
    instruction: TOLD.text,
    expected: { systemInstruction: { parts: [TOLD] } },
  },
  {
    name: "both",
    said: { systemInstruction: SYSTEM },
    instruction: TOLD.text,
    expected: { systemInstruction: { parts: [...SYSTEM.parts, TOLD] } },
  },
])("$name", ({ said, instruction, expected }) => {
  const context = contextFor();
  const placed = placeSystemInstruction({ contents: [FIRST, SECOND], ...said }, instruction, context);
  expect(placed).toEqual({ contents: [FIRST, SECOND], ...expected });
  expect(noted(context)).toEqual([]);
});

test.each(["gemini-2.5-flash-preview-tts", "gemini-3.1-flash-tts-preview", "gemma-3-27b-it"])(
  "%s is told at the beginning of the first turn",
  (model) => {
    const context = contextFor(model, "gemini-api");
    const conversation = { contents: [FIRST, SECOND], systemInstruction: SYSTEM };
    expect(placeSystemInstruction(conversation, TOLD.text, context)).toEqual({
      contents: [{ role: "user", parts: [...SYSTEM.parts, TOLD, ...FIRST.parts] }, SECOND],
    });
    expect(noted(context)).toEqual(["approximated messages"]);
    expect(conversation.contents).toEqual([FIRST, SECOND]);
  },
);

test("a model that speaks every text is told as a style", () => {
  const context = contextFor("gemini-3.8-flash-tts");
  const conversation = { contents: [FIRST, SECOND], systemInstruction: { parts: [{ text: "Slow." }, TOLD] } };
  expect(placeSystemInstruction(conversation, undefined, context)).toEqual({
    contents: [
      { role: "user", parts: [{ text: "Hi", speechMetadata: { style: "Slow.\nWrite JSON." } }] },
      SECOND,
    ],
  });
  expect(noted(context)).toEqual(["approximated messages"]);
});

test("such a model without system messages is told nothing", () => {
  const context = contextFor("gemma-3-27b-it");
  expect(placeSystemInstruction({ contents: [FIRST] }, undefined, context)).toEqual({ contents: [FIRST] });
  expect(noted(context)).toEqual([]);
});
