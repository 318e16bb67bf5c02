/**
 * Exact or loud: whatever a request holds is in the upstream call, in the notes, or in the refusal. Checked for
 * arbitrary requests, field by field, with unique words followed from the request into the call.
 */
import { type Arbitrary, assert, constantFrom, jsonValue, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../src/errors.ts";
import { toNotesHeader } from "../src/translate/notes-header.ts";
import { toGeminiRequest, type RequestOptions } from "../src/translate/openai-to-gemini/request.ts";
import type { RuleId } from "../src/translate/rules.ts";
import type { GeminiCall, Surface } from "../src/translate/target.ts";
import {
  chatRequest,
  damagedChatRequest,
  nonsenseChatRequest,
  sentinelsIn,
} from "./support/chat-request-arbitrary.ts";

const surface: Arbitrary<Surface> = constantFrom("vertex", "gemini-api");

describe("every field is carried over, noted, or named in the refusal", () => {
  test.each([
    { name: "sound requests", requests: chatRequest, runs: 600, minSuccesses: 200 },
    { name: "requests with one wrong value", requests: damagedChatRequest, runs: 400, minSuccesses: 40 },
    { name: "requests of nonsense", requests: nonsenseChatRequest, runs: 200, minSuccesses: 0 },
  ])("$name", ({ requests, runs, minSuccesses }) => {
    let successes = 0;
    assert(
      property(requests, surface, (request, host) => {
        const call = translateOrRefuse(request, { surface: host, trace: true });
        if (call !== undefined) {
          successes += 1;
          expect(unaccounted(request, call)).toEqual([]);
          expect(lost(request, call)).toEqual([]);
        }
      }),
      { numRuns: runs },
    );
    // A test in which everything is refused would prove nothing.
    expect(successes).toBeGreaterThanOrEqual(minSuccesses);
  });
});

test("tracing changes nothing, and the same request gives the same call", () => {
  assert(
    property(chatRequest, surface, (request, host) => {
      const traced = translateOrRefuse(request, { surface: host, trace: true });
      const plain = translateOrRefuse(request, { surface: host });
      expect(plain?.body).toEqual(traced?.body);
      expect(plain?.notes.list).toEqual(traced?.notes.list);
    }),
    { numRuns: 100 },
  );
});

test("strictly, nothing is ignored", () => {
  assert(
    property(chatRequest, surface, (request, host) => {
      const lenient = translateOrRefuse(request, { surface: host });
      const strict = translateOrRefuse(request, { surface: host, strict: true });
      const ignores = lenient?.notes.list.some(({ action }) => action === "ignored") === true;
      expect(strict === undefined).toBe(lenient === undefined || ignores);
      expect(toNotesHeader(strict?.notes ?? lenient?.notes ?? EMPTY)?.startsWith("ignored") ?? false).toBe(
        strict === undefined && ignores,
      );
    }),
    { numRuns: 100 },
  );
});

test("any JSON at all is translated or refused, never an accident", () => {
  assert(
    property(jsonValue({ maxDepth: 6 }), surface, (body, host) => {
      translateOrRefuse(body, { surface: host });
      translateOrRefuse(
        { model: "gemini-3.5-flash", messages: [{ role: "user", content: "x" }], extra_body: body },
        { surface: host },
      );
      translateOrRefuse({ model: "gemini-3.5-flash", messages: body }, { surface: host });
    }),
    { numRuns: 300 },
  );
});

const EMPTY = toGeminiRequest(
  { model: "gemini-3.5-flash", messages: [{ role: "user", content: "x" }] },
  { surface: "vertex" },
).notes;

/** The call, or undefined after a refusal that names a place in the request. Anything else fails the test. */
function translateOrRefuse(body: unknown, options: RequestOptions): GeminiCall | undefined {
  deepFreeze(body);
  try {
    return toGeminiRequest(body, options);
  } catch (error) {
    if (!(error instanceof GatewayError)) {
      throw error;
    }
    expect(["invalid_request", "model_not_found"]).toContain(error.failure.kind);
    if (error.failure.kind === "invalid_request") {
      expect({ param: error.failure.param, inRequest: namesAPlace(error.failure.param, body) }).toMatchObject(
        {
          inRequest: true,
        },
      );
    }
    return undefined;
  }
}

/** A field of the request, or one that is missing from an object of the request. */
function namesAPlace(param: string | null, body: unknown): boolean {
  if (param === null) {
    return typeof body !== "object" || body === null || Array.isArray(body);
  }
  const places = new Set(nodesOf(body).map(({ path }) => path));
  const place = plainPath(param);
  const parent = place.replace(/(?:^|\.)[^.[\]]*$|\[\d+\]$/, "");
  return places.has(place) || places.has(parent);
}

/** Names that are no identifiers may be written `["a b"]`; here every name follows a dot. */
function plainPath(path: string): string {
  return path.replace(/\[("(?:[^"\\]|\\.)*")\]/g, (_, name: string) => `.${JSON.parse(name) as string}`);
}

interface Node {
  path: string;
  value: unknown;
}

/** Every value in the request with its path, the whole one included. */
function nodesOf(value: unknown, path = ""): Node[] {
  const inner = Array.isArray(value)
    ? value.flatMap((entry, index) => nodesOf(entry, `${path}[${index}]`))
    : typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, entry]) => nodesOf(entry, path === "" ? key : `${path}.${key}`))
      : [];
  return [{ path, value }, ...inner];
}

/** Null is absence in OpenAI's API; empty lists and objects say nothing that could be lost. */
function leavesOf(request: unknown): Node[] {
  return nodesOf(request).filter(({ value }) => value !== null && typeof value !== "object");
}

function covers(field: string, path: string): boolean {
  return path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);
}

function unaccounted(request: unknown, { notes }: GeminiCall): string[] {
  const fields = [...(notes.uses ?? []), ...notes.list].map(({ field }) => plainPath(field));
  return leavesOf(request)
    .map(({ path }) => path)
    .filter((path) => !fields.some((field) => covers(field, path)));
}

/** What this rule stands for says nothing about any value, so it is exact to leave it out. */
const MEANINGLESS: RuleId = "schema-metadata";

/** Words that were recorded as carried over exactly, and are nowhere in the call. */
function lost(request: unknown, { notes, body, headers, answer }: GeminiCall): string[] {
  const sent = JSON.stringify({ body, headers, answer });
  const meaningless = (notes.uses ?? []).filter(({ rule }) => rule === MEANINGLESS);
  const excused = [...notes.list, ...meaningless].map(({ field }) => plainPath(field));
  return leavesOf(request)
    .filter(({ path }) => !excused.some((field) => covers(field, path)))
    .flatMap(({ path, value }) =>
      sentinelsIn(String(value))
        .filter((word) => !sent.includes(word))
        .map((word) => `${path}: ${word}`),
    );
}

function deepFreeze(value: unknown): void {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
}
