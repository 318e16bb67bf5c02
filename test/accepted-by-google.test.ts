/**
 * What translation lets through, Google takes: for arbitrary requests to every model on both hosts, the emulator's
 * checks, which were written from Google's documents alone, refuse nothing but what no translation can put right.
 */
import {
  type Arbitrary,
  array,
  assert,
  constantFrom,
  constant,
  jsonValue,
  oneof,
  property,
  record,
  tuple,
} from "fast-check";
import { describe, expect, test } from "vitest";
import { checkRequest } from "../src/emulator/checks/check-request.ts";
import { GoogleApiError } from "../src/emulator/google-error.ts";
import { EMULATED_MODELS } from "../src/emulator/models.ts";
import { SignatureSigner } from "../src/emulator/signatures.ts";
import { GatewayError } from "../src/errors.ts";
import { MODELS } from "../src/models/catalogue.ts";
import { toGeminiRequest } from "../src/translate/openai-to-gemini/request.ts";
import type { GeminiCall, Surface } from "../src/translate/target.ts";
import { chatRequest } from "./support/chat-request-arbitrary.ts";
import { conversation } from "./support/conversation-arbitrary.ts";
import { schemas } from "./support/json-schema-arbitrary.ts";

/** Refusals that are the caller's to hear, as only the upstream can know. */
const EXPECTED: readonly { why: string; says: RegExp; on?: Surface }[] = [
  {
    why: "which models give logprobs is documented nowhere and changes",
    says: /Logprobs is not (enabled|supported) for/,
  },
  {
    why: "the Gemini API reads no bucket",
    says: /^Invalid or unsupported file uri: gs:/,
    on: "gemini-api",
  },
  {
    why: "a signature that the caller sends goes on as it is, and may be of another's making",
    says: /^Corrupted thought signature\.$/,
  },
  {
    why: "speech models call nothing",
    says: /Function calling is not enabled for models\/[\w.-]*tts/,
  },
  {
    why: "models before 2.5 take no object without properties there, and nothing else means the same",
    says: /: should be non-empty for OBJECT type\n$/,
    on: "gemini-api",
  },
];

const signer = new SignatureSigner("seed");
const surfaces: Arbitrary<Surface> = constantFrom("vertex", "gemini-api");
const KNOWN = EMULATED_MODELS.filter(({ id }) => MODELS.some((model) => model.id === id));
const models = constantFrom(...KNOWN.map(({ id }) => id));
const repairs = constantFrom({}, { withoutCallIds: true }, { bypassSignatures: true });

/** The request with the model; undefined after a refusal. */
function translate(
  body: object,
  surface: Surface,
  repair: { withoutCallIds?: boolean; bypassSignatures?: boolean },
): GeminiCall | undefined {
  try {
    return toGeminiRequest(body, { surface, repair });
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}

/** What Google says to the call; undefined when it takes it. */
function refusalOf({ target, body, stream }: GeminiCall, surface: Surface): string | undefined {
  const model = KNOWN.find(({ id }) => id === target.model)!;
  const version = surface === "vertex" ? "v1" : "v1beta";
  try {
    // What leaves the process is text.
    const sent: unknown = JSON.parse(JSON.stringify(body));
    checkRequest(sent, { surface, version, model, modelId: model.id, signer, stream });
    return undefined;
  } catch (error) {
    if (error instanceof GoogleApiError) return error.message;
    throw error;
  }
}

function isExpected(refusal: string, surface: Surface): boolean {
  return EXPECTED.some(({ says, on }) => says.test(refusal) && (on ?? surface) === surface);
}

const ask = { messages: [{ role: "user", content: "Hello" }] };

const withSchema = (options: { wild?: boolean; typed?: boolean }): Arbitrary<object> =>
  tuple(schemas(options), schemas(options), constantFrom("tools", "functions", "format", "both")).map(
    ([first, second, place]) => {
      const declared = { name: "first", parameters: first };
      const format = { type: "json_schema", json_schema: { name: "answer", schema: second } };
      return {
        ...ask,
        ...(place === "functions" ? { functions: [declared] } : {}),
        ...(place === "tools" || place === "both"
          ? { tools: [{ type: "function", function: declared }] }
          : {}),
        ...(place === "format" || place === "both" ? { response_format: format } : {}),
      };
    },
  );

/** Tool calls with their results, as a client sends them that keeps only what OpenAI's API knows. */
const agentTurns: Arbitrary<object> = array(
  tuple(
    array(constantFrom("tide", "wind"), { minLength: 1, maxLength: 4 }),
    oneof(
      jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
      constant("done"),
    ),
    constantFrom("Look.", "", null),
  ),
  { minLength: 1, maxLength: 4 },
).map((rounds) => ({
  messages: [
    ...ask.messages,
    ...rounds.flatMap(([names, result, content], round) => [
      {
        role: "assistant",
        content,
        tool_calls: names.map((name, index) => ({
          id: `call_${round}_${index}`,
          type: "function",
          function: { name, arguments: '{"port":"Brest"}' },
        })),
      },
      ...names.map((_, index) => ({ role: "tool", tool_call_id: `call_${round}_${index}`, content: result })),
    ]),
  ],
  tools: ["tide", "wind"].map((name) => ({
    type: "function",
    function: { name, parameters: { type: "object", properties: { port: { type: "string" } } } },
  })),
}));

const REQUESTS: { name: string; requests: Arbitrary<object>; runs: number }[] = [
  { name: "requests of every field", requests: chatRequest, runs: 1200 },
  { name: "conversations", requests: record({ messages: conversation }), runs: 1200 },
  { name: "agents' turns", requests: agentTurns, runs: 400 },
  { name: "schemas", requests: withSchema({}), runs: 600 },
  { name: "schemas of which every part has a type", requests: withSchema({ typed: true }), runs: 600 },
  { name: "schemas in every spelling", requests: withSchema({ wild: true }), runs: 600 },
];

describe("what is translated is accepted", () => {
  test.each(REQUESTS)("$name", ({ requests, runs }) => {
    let accepted = 0;
    assert(
      property(requests, models, surfaces, repairs, (request, model, surface, repair) => {
        const call = translate({ ...request, model }, surface, repair);
        if (call === undefined) return;
        const refusal = refusalOf(call, surface);
        if (refusal === undefined) accepted += 1;
        else if (!isExpected(refusal, surface)) expect.fail(`${refusal}\n${JSON.stringify(call.body)}`);
      }),
      { numRuns: runs },
    );
    // A test in which nothing comes through would prove nothing.
    expect(accepted).toBeGreaterThan(runs / 5);
  });

  test("every model but those for speech takes a whole agent's session", () => {
    const takesTools = KNOWN.filter(({ tools }) => tools !== false);
    expect(takesTools.length).toBeGreaterThan(15);
    assert(
      property(
        agentTurns,
        constantFrom(...takesTools.map(({ id }) => id)),
        surfaces,
        (request, model, surface) => {
          const call = translate({ ...request, model }, surface, {});
          expect(call === undefined ? "refused here" : refusalOf(call, surface)).toBeUndefined();
        },
      ),
      { numRuns: 400 },
    );
  });
});
