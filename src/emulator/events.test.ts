import fc from "fast-check";
import { expect, test } from "vitest";
import type { GenerateContentResponse, Json, Part } from "../wire/gemini.ts";
import type { EmulatedAnswer } from "./answer/emulated-answer.ts";
import type { EmulatedModel } from "./emulated-model.ts";
import { cutText, toEvents, toResponse, type AnswerContext } from "./events.ts";
import { IdSource } from "./id-source.ts";
import { findEmulatedModel } from "./models.ts";
import { SignatureSigner } from "./signatures.ts";

const signer = new SignatureSigner("test");
const ids = new IdSource(1);

function context(modelId: string, more: Partial<AnswerContext> = {}): AnswerContext {
  return {
    surface: "vertex",
    model: findEmulatedModel(modelId) as EmulatedModel,
    modelId,
    responseId: "r1",
    createTime: "2026-01-01T00:00:00.000Z",
    signer,
    mintCallId: (candidate, call) => ids.derive(`${candidate} ${call}`, 8),
    chunkCharacters: 10,
    streamsArguments: false,
    ...more,
  };
}

function answer(parts: Part[], more: Partial<EmulatedAnswer["candidates"][number]> = {}): EmulatedAnswer {
  return {
    candidates: [{ parts, finishReason: "STOP", tokens: { candidates: 6, thoughts: 3 }, ...more }],
    promptTokens: 9,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: 9 }],
    cachedTokens: 0,
  };
}

const partsOf = (events: readonly GenerateContentResponse[]) =>
  events.flatMap((event) => event.candidates?.[0]?.content?.parts ?? []);

test("text pieces join to the text and never split a character", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", maxLength: 80 }),
      fc.integer({ min: 1, max: 30 }),
      (text, limit) => {
        const pieces = cutText(text, limit);
        expect(pieces.join("")).toBe(text);
        for (const piece of pieces) {
          expect(piece.length).toBeGreaterThan(0);
          expect(piece.isWellFormed()).toBe(true);
        }
      },
    ),
  );
});

test("a streamed text ends with its signature on an empty text, an unstreamed one has it on the text", () => {
  const said = answer([{ text: "Let me see.", thought: true }, { text: "High water is at four." }]);
  const whole = toResponse(said, context("gemini-3.5-flash")).candidates?.[0]?.content?.parts ?? [];
  expect(whole.map((part) => part.thoughtSignature !== undefined)).toEqual([false, true]);
  const events = toEvents(said, context("gemini-3.5-flash"));
  const parts = partsOf(events);
  expect(parts.at(-1)).toEqual({ text: "", thoughtSignature: expect.any(String) as string });
  expect(parts.filter((part) => part.thoughtSignature !== undefined)).toHaveLength(1);
  const text = (thought: boolean) =>
    parts
      .filter((part) => (part.thought ?? false) === thought)
      .map((part) => part.text)
      .join("");
  expect(text(true)).toBe("Let me see.");
  expect(text(false)).toBe("High water is at four.");
  expect(events.filter((event) => event.candidates?.[0]?.finishReason !== undefined)).toHaveLength(1);
  expect(events.at(-1)?.candidates?.[0]?.finishReason).toBe("STOP");
});

test("of parallel calls only the first is signed, and each has an id of its own", () => {
  const calls: Part[] = ["a", "b"].map((port) => ({ functionCall: { name: "tide", args: { port } } }));
  const parts = partsOf(toEvents(answer(calls), context("gemini-3.5-flash")));
  expect(parts.map((part) => part.thoughtSignature !== undefined)).toEqual([true, false]);
  expect(new Set(parts.map((part) => part.functionCall?.id)).size).toBe(2);
  expect(signer.verify("gemini-3.5-flash", parts[0] as Part, parts[0]?.thoughtSignature ?? "")).toBe("valid");
});

test("2.5 neither signs nor numbers its calls", () => {
  const [part] = partsOf([
    toResponse(answer([{ functionCall: { name: "f", args: {} } }]), context("gemini-2.5-flash")),
  ]);
  expect(part).toEqual({ functionCall: { name: "f", args: {} } });
});

test("every image is signed", () => {
  const image: Part = { inlineData: { mimeType: "image/png", data: "AAAA" } };
  const parts = partsOf([
    toResponse(answer([image, { text: "Two." }, image]), context("gemini-3-pro-image")),
  ]);
  expect(parts.map((part) => part.thoughtSignature !== undefined)).toEqual([true, false, true]);
});

test("usage grows to the unstreamed counts, with the traffic type at the end alone", () => {
  const said = answer([{ text: "one two three four five six" }]);
  const events = toEvents(said, context("gemini-3.5-flash"));
  const totals = events.map((event) => event.usageMetadata?.totalTokenCount ?? 0);
  expect(totals).toEqual([...totals].sort((a, b) => a - b));
  expect(events.at(-1)?.usageMetadata).toEqual(toResponse(said, context("gemini-3.5-flash")).usageMetadata);
  expect(events.at(-1)?.usageMetadata).toMatchObject({
    promptTokenCount: 9,
    candidatesTokenCount: 6,
    thoughtsTokenCount: 3,
    totalTokenCount: 18,
    trafficType: "ON_DEMAND",
  });
  expect(events.slice(0, -1).some((event) => event.usageMetadata?.trafficType !== undefined)).toBe(false);
});

test("the Gemini API sends neither creation time nor traffic type, and both mark the version", () => {
  const here = toResponse(answer([{ text: "a" }]), context("gemini-2.5-flash", { surface: "gemini-api" }));
  expect(here.createTime).toBeUndefined();
  expect(here.usageMetadata?.trafficType).toBeUndefined();
  expect(here.modelVersion).toBe("gemini-2.5-flash-emulated");
});

test("candidates take turns, each with its own end", () => {
  const one = answer([{ text: "first answer" }]).candidates;
  const two = answer([{ text: "second" }]).candidates;
  const events = toEvents({ ...answer([]), candidates: [...one, ...two] }, context("gemini-2.5-flash"));
  const order = events.map((event) => event.candidates?.[0]?.index);
  expect(order).toEqual([0, 1, 0]);
  expect(events.flatMap((event) => event.candidates?.[0]?.finishReason ?? [])).toEqual(["STOP", "STOP"]);
});

test("log probabilities arrive with the text they belong to, all of them", () => {
  const tokens = ["High", " water", " is", " at", " four", "."];
  const logprobsResult = {
    chosenCandidates: tokens.map((token) => ({ token, logProbability: -0.1 })),
    topCandidates: tokens.map((token) => ({ candidates: [{ token, logProbability: -0.1 }] })),
  };
  const events = toEvents(
    answer([{ text: tokens.join("") }], { logprobsResult }),
    context("gemini-2.5-flash"),
  );
  let text = "";
  let counted = "";
  for (const event of events) {
    text += event.candidates?.[0]?.content?.parts?.map((part) => part.text ?? "").join("") ?? "";
    const chosen = event.candidates?.[0]?.logprobsResult?.chosenCandidates ?? [];
    expect(event.candidates?.[0]?.logprobsResult?.topCandidates?.length ?? 0).toBe(chosen.length);
    counted += chosen.map((token) => token.token).join("");
    expect(text.startsWith(counted)).toBe(true);
  }
  expect(counted).toBe(tokens.join(""));
});

test("streamed arguments: name first, a path at a time, an empty call last", () => {
  const args = {
    body: "a line that is longer than one piece",
    items: [{ qty: 2, ok: true, none: null }],
    "odd key": "x",
  };
  const call: Part = { functionCall: { name: "note", args } };
  const parts = partsOf(toEvents(answer([call]), context("gemini-3.5-flash", { streamsArguments: true })));
  expect(parts[0]?.functionCall).toMatchObject({ name: "note", willContinue: true });
  expect(parts[0]?.functionCall?.args).toBeUndefined();
  expect(parts[0]?.thoughtSignature).toBeDefined();
  expect(parts.at(-1)).toEqual({ functionCall: {} });
  const values = new Map<string, Json>();
  for (const partial of parts.flatMap((part) => part.functionCall?.partialArgs ?? [])) {
    const path = partial.jsonPath ?? "";
    if (partial.stringValue !== undefined)
      values.set(path, `${(values.get(path) as string | undefined) ?? ""}${partial.stringValue}`);
    else values.set(path, partial.numberValue ?? partial.boolValue ?? null);
  }
  expect(Object.fromEntries(values)).toEqual({
    "$.body": args.body,
    "$.items[0].qty": 2,
    "$.items[0].ok": true,
    "$.items[0].none": null,
    '$["odd key"]': "x",
  });
});

test("a refused prompt has no candidates", () => {
  const blocked = {
    ...answer([]),
    candidates: [],
    blocked: { blockReason: "SAFETY", blockReasonMessage: "No." },
  };
  expect(toEvents(blocked, context("gemini-2.5-flash"))).toEqual([
    toResponse(blocked, context("gemini-2.5-flash")),
  ]);
  expect(toResponse(blocked, context("gemini-2.5-flash"))).toMatchObject({
    promptFeedback: { blockReason: "SAFETY", blockReasonMessage: "No." },
    usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 },
  });
  const there = toResponse(blocked, context("gemini-2.5-flash", { surface: "gemini-api" }));
  expect(there.promptFeedback).toEqual({ blockReason: "SAFETY" });
});

test("an answer without parts still ends", () => {
  const events = toEvents(answer([], { finishReason: "MAX_TOKENS" }), context("gemini-3.5-flash"));
  expect(events.map((event) => event.candidates)).toEqual([[{ index: 0, finishReason: "MAX_TOKENS" }]]);
});
