/** Whatever the upstream says, the client gets OpenAI's shapes or an error: a whole answer, or a stream with one end. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Arbitrary,
  array,
  assert,
  asyncProperty,
  base64String,
  constant,
  constantFrom,
  dictionary,
  double,
  integer,
  jsonValue,
  nat,
  oneof,
  record,
  string,
  uint8Array,
} from "fast-check";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  type MockInstance,
  test,
  vi,
} from "vitest";
import { createGateway, type InProcessGateway } from "../src/client/create-gateway.ts";
import { expectStream, expectWhole } from "./support/answer-checks.ts";
import { damaged } from "./support/damage.ts";

/** What the upstream answers next, in these pieces. */
let reply: { status: number; type: string; pieces: Buffer[] };
let upstream: Server;
let gateway: InProcessGateway;
let errors: MockInstance;
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): number => unhandled.push(reason);

beforeAll(async () => {
  upstream = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      response.writeHead(reply.status, { "content-type": reply.type });
      for (const piece of reply.pieces) response.write(piece);
      response.end();
    });
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const { port } = upstream.address() as AddressInfo;
  // Most of what it says would be worth a second try.
  const env = {
    GEMINI_API_KEY: "key",
    GOOGLE_GEMINI_BASE_URL: `http://127.0.0.1:${port}`,
    POLLUX_RETRY_BUDGET: "0",
  };
  gateway = await createGateway({ env });
  process.on("unhandledRejection", onUnhandled);
});

// A bug is reported there, whatever the client is told.
beforeEach(() => {
  errors = vi.spyOn(console, "error").mockImplementation(() => {});
});

afterEach(() => {
  expect(errors.mock.calls).toEqual([]);
  expect(unhandled).toEqual([]);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
  errors.mockRestore();
});

afterAll(async () => {
  expect(Math.min(...Object.values(ends))).toBeGreaterThan(50);
  process.off("unhandledRejection", onUnhandled);
  await gateway.close();
  upstream.close();
});

const some = <T extends Record<string, Arbitrary<unknown>>>(fields: T): Arbitrary<object> =>
  record(fields, { requiredKeys: [] });
const count = oneof(nat(1000), constantFrom(0, -1, "7"));
const text = oneof(
  string({ unit: "grapheme", maxLength: 20 }),
  constantFrom("", " ", "<think>", "\u0000", "\ud800"),
);
const signature = { thoughtSignature: base64String() };

const part = oneof(
  some({ text, thought: constantFrom(true, false), ...signature }),
  record({ text }),
  some({
    functionCall: some({ id: text, name: constantFrom("f", "g", ""), args: dictionary(text, jsonValue()) }),
    ...signature,
  }),
  record({
    functionCall: some({
      name: constant("f"),
      partialArgs: array(
        some({
          jsonPath: constantFrom("$.a", "$.a[0].b", "$['x']", "a", "$", "$.a[99]"),
          stringValue: text,
          numberValue: double(),
          boolValue: constant(true),
          nullValue: constant("NULL_VALUE"),
          willContinue: constantFrom(true, false),
        }),
        { maxLength: 3 },
      ),
      willContinue: constantFrom(true, false),
    }),
  }),
  record({
    inlineData: some({
      mimeType: constantFrom("image/png", "audio/L16;codec=pcm;rate=24000", "audio/wav", "x", ""),
      data: oneof(base64String(), text),
    }),
    ...signature,
  }),
  record({ executableCode: some({ language: constantFrom("PYTHON", "x"), code: text }) }),
  record({
    codeExecutionResult: some({ outcome: constantFrom("OUTCOME_OK", "OUTCOME_FAILED"), output: text }),
  }),
  record({ fileData: some({ fileUri: text, mimeType: text }) }),
  constant({}),
);

const FINISHES = [
  "STOP",
  "MAX_TOKENS",
  "SAFETY",
  "RECITATION",
  "MALFORMED_FUNCTION_CALL",
  "LANGUAGE",
  "OTHER",
  "NEW_REASON",
  "",
  "FINISH_REASON_UNSPECIFIED",
  "MISSING_THOUGHT_SIGNATURE",
  "NO_IMAGE",
];

const logprobs = some({
  chosenCandidates: array(some({ token: text, logProbability: double(), tokenId: integer() }), {
    maxLength: 2,
  }),
  topCandidates: array(
    some({ candidates: array(some({ token: text, logProbability: double() }), { maxLength: 2 }) }),
    { maxLength: 2 },
  ),
});
const grounding = some({
  groundingChunks: array(
    some({ web: some({ uri: text, title: text }), retrievedContext: some({ uri: text }) }),
    { maxLength: 2 },
  ),
  groundingSupports: array(
    some({
      segment: some({ startIndex: count, endIndex: count, partIndex: nat(2), text }),
      groundingChunkIndices: array(integer({ min: -1, max: 3 }), { maxLength: 2 }),
    }),
    { maxLength: 2 },
  ),
  webSearchQueries: array(text, { maxLength: 1 }),
});
const candidate = some({
  index: oneof(nat(2), constantFrom(-1, 1.5, "0", 100_000)),
  content: some({ role: constant("model"), parts: array(part, { maxLength: 4 }) }),
  finishReason: constantFrom(...FINISHES),
  finishMessage: text,
  safetyRatings: array(jsonValue({ maxDepth: 1 }), { maxLength: 1 }),
  citationMetadata: some({
    citations: array(some({ startIndex: count, endIndex: count, uri: text }), { maxLength: 2 }),
  }),
  avgLogprobs: double(),
  logprobsResult: logprobs,
  groundingMetadata: grounding,
});
const usage = some({
  promptTokenCount: count,
  candidatesTokenCount: count,
  thoughtsTokenCount: count,
  totalTokenCount: count,
  cachedContentTokenCount: count,
  toolUsePromptTokenCount: count,
  promptTokensDetails: array(some({ modality: constantFrom("TEXT", "AUDIO", "NEW"), tokenCount: count }), {
    maxLength: 2,
  }),
  candidatesTokensDetails: array(some({ modality: constantFrom("TEXT", "AUDIO"), tokenCount: count }), {
    maxLength: 2,
  }),
  trafficType: text,
  serviceTier: text,
});

/** An answer, or one event of a streamed one, with nothing in it guaranteed. */
const answer = some({
  candidates: array(candidate, { maxLength: 3 }),
  usageMetadata: usage,
  promptFeedback: some({ blockReason: constantFrom("SAFETY", "OTHER", "NEW", ""), blockReasonMessage: text }),
  modelVersion: text,
  responseId: text,
  createTime: oneof(constant("2026-01-01T00:00:00Z"), text),
  error: constantFrom(undefined, undefined, undefined, {
    code: 503,
    status: "UNAVAILABLE",
    message: "Busy.",
  }),
});

/** One that is as Google's are. */
const sound = record({
  candidates: array(
    record({
      content: record({
        role: constant("model"),
        parts: array(
          oneof(
            record({ text }),
            record({ functionCall: record({ name: constant("f"), args: dictionary(text, jsonValue()) }) }),
          ),
          { minLength: 1, maxLength: 3 },
        ),
      }),
      finishReason: constant("STOP"),
      index: constant(0),
    }),
    { minLength: 1, maxLength: 1 },
  ),
  usageMetadata: record({ promptTokenCount: nat(9), candidatesTokenCount: nat(9), totalTokenCount: nat(20) }),
  modelVersion: constant("gemini-3.5-flash"),
  responseId: constant("r"),
});

const anyAnswer: Arbitrary<unknown> = oneof(
  answer,
  damaged(sound),
  damaged(answer),
  jsonValue({ maxDepth: 4 }),
);

const ASK = {
  model: "gemini-3.5-flash",
  messages: [{ role: "user", content: "x" }],
  tools: [{ type: "function", function: { name: "f" } }],
};
/** Fields that change how an answer is read. */
const ASKS: object[] = [
  ASK,
  {
    ...ASK,
    extra_body: { google: { thought_tag_marker: "think", thinking_config: { include_thoughts: true } } },
  },
  { ...ASK, tools: undefined, functions: [{ name: "f" }] },
  { ...ASK, model: "gemini-2.5-flash", n: 3, logprobs: true, top_logprobs: 2 },
  { ...ASK, model: "gemini-3.8-flash", n: 2 },
  { ...ASK, tools: undefined, response_format: { type: "json_object" } },
  {
    ...ASK,
    tools: undefined,
    model: "gemini-2.5-flash-tts",
    modalities: ["audio"],
    audio: { voice: "Kore", format: "pcm16" },
  },
];
const ask = constantFrom(...ASKS);

/** How streams ended so far: a fuzz that knows only one end would prove little. */
const ends = { done: 0, broken: 0, refused: 0 };

async function send(body: object, stream: boolean): Promise<void> {
  const response = await gateway.fetch("http://pollux/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(stream ? { ...body, stream, stream_options: { include_usage: true } } : body),
  });
  const received = await response.text();
  if (stream) ends[expectStream(response.status, received)] += 1;
  else expectWhole(response.status, received);
}

/** The same bytes in pieces of these sizes, again and again. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

function frames(events: readonly unknown[], end = "\n\n"): string {
  return events.map((event) => `data: ${JSON.stringify(event)}${end}`).join("");
}

const sizes = array(integer({ min: 1, max: 200 }), { maxLength: 3 });

test("whole answers of every kind", async () => {
  await assert(
    asyncProperty(anyAnswer, ask, async (value, body) => {
      reply = { status: 200, type: "application/json", pieces: [Buffer.from(JSON.stringify(value) ?? "")] };
      await send(body, false);
    }),
    { numRuns: 700 },
  );
});

test("streams of every kind of event", async () => {
  await assert(
    asyncProperty(array(anyAnswer, { maxLength: 5 }), ask, sizes, async (events, body, pieces) => {
      const sse = frames(events, "\r\n\r\n");
      reply = { status: 200, type: "text/event-stream", pieces: cut(Buffer.from(sse), pieces) };
      await send(body, true);
    }),
    { numRuns: 700 },
  );
});

test("streams of sound events up to something else", async () => {
  const noise = oneof(
    constantFrom(
      "data: {",
      "data: [DONE]\n\n",
      "data:\n\n",
      "\n\n\n",
      ": x\n\n",
      "event: error\ndata: {}\n\n",
      '{"error":{"code":500}}',
      "<html>",
      "[{}]",
      "data: null\n\n",
      "data: 7\n\n",
      "id: 1\nretry: 5\n",
    ),
    string({ unit: "binary" }),
  );
  await assert(
    asyncProperty(
      array(sound, { maxLength: 3 }),
      noise,
      array(sound, { maxLength: 2 }),
      sizes,
      async (before, odd, after, pieces) => {
        const sse = frames(before) + odd + frames(after);
        reply = { status: 200, type: "text/event-stream", pieces: cut(Buffer.from(sse), pieces) };
        await send(ASK, true);
      },
    ),
    { numRuns: 250 },
  );
});

describe("refusals", () => {
  const status = constantFrom(301, 302, 400, 401, 403, 404, 408, 409, 413, 429, 499, 500, 501, 503, 504, 529);
  const error = some({
    code: oneof(integer(), text),
    message: oneof(
      text,
      constantFrom("x".repeat(100_000), 'Unknown name "id"', "thought_signature is not valid"),
    ),
    status: oneof(constantFrom("RESOURCE_EXHAUSTED", "INVALID_ARGUMENT", "NEW"), text),
    details: array(
      oneof(
        jsonValue({ maxDepth: 2 }),
        some({
          "@type": constantFrom(
            "type.googleapis.com/google.rpc.RetryInfo",
            "type.googleapis.com/google.rpc.BadRequest",
            "type.googleapis.com/google.rpc.ErrorInfo",
          ),
          retryDelay: oneof(text, constantFrom("27s", "1e9s", "-1s", "0.5s")),
          fieldViolations: array(some({ field: text, description: text }), { maxLength: 2 }),
          reason: text,
          metadata: jsonValue({ maxDepth: 1 }),
        }),
      ),
      { maxLength: 3 },
    ),
  });
  const body = oneof(
    record({ error }).map((value) => JSON.stringify(value)),
    array(record({ error }), { maxLength: 2 }).map((value) => JSON.stringify(value)),
    damaged(record({ error })).map((value) => JSON.stringify(value) ?? ""),
    constantFrom("", "<html><body>nginx</body></html>", "{", "null", "[]"),
    uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  );

  test.each([false, true])("of every kind (stream: %s)", async (stream) => {
    await assert(
      asyncProperty(status, body, async (code, words) => {
        reply = { status: code, type: "application/json", pieces: [Buffer.from(words)] };
        await send(ASK, stream);
      }),
      { numRuns: 250 },
    );
  });
});
