import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { conversation } from "../../../test/support/conversation-arbitrary.ts";
import { contextFor } from "../../../test/support/request-context.ts";
import { GatewayError } from "../../errors.ts";
import type { Content, Part } from "../../wire/gemini.ts";
import { type Conversation, toContents } from "./messages.ts";

const MODELS = ["gemini-2.0-flash", "gemini-2.5-flash", "gemini-3.5-flash", "gemini-3.8-flash"];

/** The translation and its context; undefined when the messages were refused with a GatewayError. */
function translate(messages: unknown, model: string, marker: string | undefined) {
  const context = { ...contextFor(model), recall: () => undefined };
  try {
    return { context, result: toContents(messages, context, { thoughtTagMarker: marker }) };
  } catch (error) {
    if (error instanceof GatewayError && error.failure.kind === "invalid_request") return undefined;
    throw error;
  }
}

const isEmpty = ({ text: words, thoughtSignature, ...rest }: Part) =>
  (words === undefined || (words === "" && thoughtSignature === undefined)) && Object.keys(rest).length === 0;

function expectSound({ contents, systemInstruction }: Conversation, model: string): void {
  expect(contents.length).toBeGreaterThan(0);
  expect(contents[0]?.role).toBe("user");
  if (model === "gemini-3.8-flash") expect(contents.at(-1)?.role).toBe("user");
  for (const { parts } of [...contents, ...(systemInstruction === undefined ? [] : [systemInstruction])]) {
    expect(parts?.length).toBeGreaterThan(0);
    expect(parts?.filter(isEmpty)).toEqual([]);
  }
  for (const [index, content] of contents.entries()) {
    const called = namesIn(content, "functionCall");
    const answered = namesIn(contents[index + 1], "functionResponse");
    expect(answered).toEqual(called);
    if (called.length > 0) {
      expect(content.role).toBe("model");
      expect(contents[index - 1]?.role).toBe("user");
      expect(contents[index + 1]?.parts?.length).toBe(called.length);
    }
  }
}

function namesIn(
  content: Content | undefined,
  kind: "functionCall" | "functionResponse",
): (string | undefined)[] {
  return (content?.parts ?? []).filter((one) => one[kind] !== undefined).map((one) => one[kind]?.name);
}

/** Paths of everything that is not an object or array with something in it. */
function leaves(value: unknown, path: string): string[] {
  if (Array.isArray(value) && value.length > 0)
    return value.flatMap((entry, index) => leaves(entry, `${path}[${index}]`));
  if (typeof value === "object" && value !== null && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, entry]) => leaves(entry, `${path}.${key}`));
  }
  return [path];
}

function covers(field: string, leaf: string): boolean {
  return leaf === field || leaf.startsWith(`${field}.`) || leaf.startsWith(`${field}[`);
}

describe("for conversations that look like ones", () => {
  test("the result is one Gemini accepts, and the caller's objects are as they were", () => {
    fc.assert(
      fc.property(
        conversation,
        fc.constantFrom(...MODELS),
        fc.constantFrom(undefined, "x"),
        (messages, model, marker) => {
          const before = JSON.stringify(messages);
          const translated = translate(messages, model, marker);
          expect(JSON.stringify(messages)).toBe(before);
          if (translated !== undefined) expectSound(translated.result, model);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("every field is used or noted", () => {
    let accepted = 0;
    fc.assert(
      fc.property(conversation, fc.constantFrom(...MODELS), (messages, model) => {
        const translated = translate(messages, model, undefined);
        if (translated === undefined) return;
        accepted += 1;
        const { notes } = translated.context;
        // What was added speaks of no field of the caller's.
        const spoken = notes.list.filter(({ action }) => action !== "added");
        const fields = [...(notes.uses ?? []), ...spoken].map(({ field }) => field);
        const silent = leaves(messages, "messages").filter(
          (leaf) => !fields.some((field) => covers(field, leaf)),
        );
        expect(silent).toEqual([]);
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  test("a note is never about a field that is not there, but for an added one", () => {
    fc.assert(
      fc.property(conversation, (messages) => {
        const translated = translate(messages, "gemini-3.5-flash", undefined);
        const present = leaves(messages, "messages");
        const strays = (translated?.context.notes.list ?? []).filter(
          ({ field }) => !present.some((leaf) => covers(field, leaf)),
        );
        expect(strays.map(({ field }) => field)).toEqual([]);
      }),
    );
  });
});

describe("for anything at all", () => {
  const model = fc.constantFrom(...MODELS);

  test("JSON is translated or refused, never a crash", () => {
    fc.assert(
      fc.property(fc.jsonValue(), model, (messages, id) => {
        translate(messages, id, "x");
      }),
    );
  });

  test("a conversation with one value replaced by any JSON is translated or refused", () => {
    const replaced = fc.tuple(conversation, fc.nat(), fc.jsonValue()).map(([messages, at, value]) => {
      const copy: unknown = structuredClone(messages);
      replaceLeaf(copy, at, value);
      return copy;
    });
    fc.assert(
      fc.property(replaced, model, (messages, id) => {
        const before = JSON.stringify(messages);
        const translated = translate(messages, id, "x");
        expect(JSON.stringify(messages)).toBe(before);
        if (translated !== undefined) expectSound(translated.result, id);
      }),
      { numRuns: 500 },
    );
  });
});

/** Puts `value` in place of one field, chosen by `at`. */
function replaceLeaf(root: unknown, at: number, value: unknown): void {
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const holder = node as Record<string, unknown>;
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      visit(holder[key]);
    }
  };
  visit(root);
  const place = places[at % Math.max(places.length, 1)];
  if (place !== undefined) place.holder[place.key] = value;
}
