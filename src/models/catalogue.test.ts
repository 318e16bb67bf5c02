import { describe, expect, test } from "vitest";
import { factsFor, MODELS } from "./catalogue.ts";

test("ids are unique and bare", () => {
  expect(new Set(MODELS.map(({ id }) => id)).size).toBe(MODELS.length);
  expect(MODELS.every(({ id }) => /^[a-z0-9.-]+$/.test(id))).toBe(true);
});

test("every listed model is its own family", () => {
  for (const facts of MODELS) {
    expect(factsFor(facts.id)).toBe(facts);
  }
});

describe("another spelling of a known model has its facts under its own id", () => {
  test.each([
    ["gemini-2.5-flash-preview-04-17", "gemini-2.5-flash"],
    ["gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash"],
    ["gemini-2.5-flash-lite-preview-06-17", "gemini-2.5-flash-lite"],
    ["gemini-2.5-pro-exp-03-25", "gemini-2.5-pro"],
    ["gemini-2.0-flash-001", "gemini-2.0-flash"],
    ["gemini-2.0-flash-lite-001", "gemini-2.0-flash-lite"],
    ["gemini-2.5-flash-image-preview", "gemini-2.5-flash-image"],
    ["gemini-3.1-pro", "gemini-3.1-pro-preview"],
    ["gemini-3.1-pro-preview-customtools", "gemini-3.1-pro-preview"],
    ["gemini-3-flash", "gemini-3-flash-preview"],
    ["gemini-3-pro-image-preview", "gemini-3-pro-image"],
  ])("%s is %s", (id, family) => {
    expect(factsFor(id)).toEqual({ ...factsFor(family), id });
  });
});

describe("an unknown model is judged by its name", () => {
  test.each([
    {
      id: "gemini-4-flash",
      generation: 4,
      thinking: "level",
      penalties: false,
      candidateCount: false,
      prefill: false,
    },
    {
      id: "gemini-3.9-pro",
      generation: 3.9,
      thinking: "level",
      penalties: false,
      candidateCount: false,
      prefill: false,
    },
    {
      id: "gemini-10-ultra",
      generation: 10,
      thinking: "level",
      penalties: false,
      candidateCount: false,
      prefill: false,
    },
    {
      id: "gemini-flash-latest",
      generation: Infinity,
      thinking: "level",
      penalties: false,
      candidateCount: false,
      prefill: false,
    },
    {
      id: "gemini-live-2.5-flash-native-audio",
      generation: 2.5,
      thinking: "budget",
      penalties: false,
      candidateCount: true,
      prefill: true,
    },
    {
      id: "gemini-1.5-pro-002",
      generation: 1.5,
      thinking: "none",
      penalties: true,
      candidateCount: true,
      prefill: true,
    },
    {
      id: "gemma-3-27b-it",
      generation: 2,
      thinking: "none",
      penalties: false,
      candidateCount: false,
      prefill: true,
    },
    {
      id: "toString",
      generation: 2,
      thinking: "none",
      penalties: false,
      candidateCount: false,
      prefill: true,
    },
  ])("$id", ({ id, generation, thinking, ...flags }) => {
    const facts = factsFor(id);
    expect(facts).toMatchObject({ id, known: false, generation, created: 0, ...flags });
    expect(facts.thinking.kind).toBe(thinking);
  });

  test.each([
    ["gemma-3-27b-it", "turn"],
    ["gemma-3n-e4b-it", "turn"],
    ["gemma-2-9b-it", "turn"],
    ["gemma-4-31b-it", "instruction"],
    ["gemini-2.9-flash-tts", "turn"],
    ["gemini-9-flash-tts", "style"],
    ["gemini-9-flash", "instruction"],
  ])("%s is told beforehand in its %s", (id, systemText) => {
    expect(factsFor(id)).toMatchObject({ known: false, systemText });
  });

  test.each([
    ["gemini-4-pro-image", ["text", "image"]],
    ["nano-banana-2.1", ["text", "image"]],
    ["gemini-5-flash-tts", ["audio"]],
  ])("%s writes %j", (id, outputModalities) => {
    expect(factsFor(id)).toMatchObject({ known: false, outputModalities, candidateCount: false });
  });
});

describe("what the pages say", () => {
  test.each([
    ["gemini-3.8-flash", { kind: "level", levels: ["LOW", "MEDIUM", "HIGH"], default: "MEDIUM" }],
    ["gemini-3.5-flash", { kind: "level", levels: ["MINIMAL", "LOW", "MEDIUM", "HIGH"], default: "MEDIUM" }],
    [
      "gemini-3.1-flash-lite",
      { kind: "level", levels: ["MINIMAL", "LOW", "MEDIUM", "HIGH"], default: "MINIMAL" },
    ],
    ["gemini-3-pro-preview", { kind: "level", levels: ["LOW", "HIGH"], default: "HIGH" }],
    ["gemini-3-pro-image", { kind: "level", levels: ["HIGH"], default: "HIGH" }],
    ["gemini-2.5-pro", { kind: "budget", min: 128, max: 32768, canBeOff: false, default: "dynamic" }],
    ["gemini-2.5-flash", { kind: "budget", min: 0, max: 24576, canBeOff: true, default: "dynamic" }],
    ["gemini-2.5-flash-lite", { kind: "budget", min: 512, max: 24576, canBeOff: true, default: 0 }],
    ["gemini-2.0-flash", { kind: "none" }],
  ])("%s thinks by %j", (id, thinking) => {
    expect(factsFor(id).thinking).toEqual(thinking);
  });

  test.each([
    [
      "gemini-3.8-flash",
      { sampling: false, penalties: false, candidateCount: false, prefill: false, callIds: true },
    ],
    ["gemini-3.6-flash", { sampling: true, penalties: false, candidateCount: false, prefill: false }],
    [
      "gemini-3.5-flash",
      { candidateCount: true, prefill: true, combinesTools: true, requiresSignatures: true },
    ],
    [
      "gemini-2.5-flash",
      { jsonSchema: true, combinesTools: false, requiresSignatures: false, callIds: false },
    ],
    ["gemini-2.0-flash", { jsonSchema: false, penalties: true, maxOutputTokens: 8192 }],
    ["endpoints/4567", { known: false, generation: 2.5, jsonSchema: true, requiresSignatures: false }],
    ["gemini-3-pro-image", { requiresSignatures: false, outputModalities: ["text", "image"] }],
    ["gemini-3.1-flash-image", { requiresSignatures: true, outputModalities: ["text", "image"] }],
  ])("%s: %j", (id, expected) => {
    expect(factsFor(id)).toMatchObject(expected);
  });
});
