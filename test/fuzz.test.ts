/** Whatever a client sends, it gets an answer or a refusal in OpenAI's shape; nothing of it is ever a bug of ours. */
import {
  type Arbitrary,
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  integer,
  jsonValue,
  nat,
  string,
  tuple,
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
import { startEmulator, type Emulator } from "../src/emulator/server.ts";
import { expectStream, expectWhole } from "./support/answer-checks.ts";
import { chatRequest, nonsenseChatRequest } from "./support/chat-request-arbitrary.ts";
import { conversation } from "./support/conversation-arbitrary.ts";
import { damaged } from "./support/damage.ts";
import { schemas } from "./support/json-schema-arbitrary.ts";

const HELLO = { model: "gemini-3.5-flash", messages: [{ role: "user", content: "Hello there" }] };

let emulator: Emulator;
let gateways: InProcessGateway[];
let errors: MockInstance;
const unhandled: unknown[] = [];
/** Completions so far: fuzz of which nothing is accepted would try nothing but the first check. */
let completed = 0;
const onUnhandled = (reason: unknown): number => unhandled.push(reason);

beforeAll(async () => {
  emulator = await startEmulator({ paceMs: 0 });
  gateways = [
    await createGateway({ env: { GEMINI_API_KEY: "key", GOOGLE_GEMINI_BASE_URL: emulator.url } }),
    await createGateway({
      env: { GOOGLE_GENAI_USE_VERTEXAI: "true", GOOGLE_API_KEY: "key", GOOGLE_VERTEX_BASE_URL: emulator.url },
    }),
  ];
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
  expect(completed).toBeGreaterThan(200);
  process.off("unhandledRejection", onUnhandled);
  await Promise.all(gateways.map((gateway) => gateway.close()));
  await emulator.close();
});

async function send(
  body: string | Uint8Array<ArrayBuffer>,
  host = 0,
  headers: Record<string, string> = {},
): Promise<void> {
  const gateway = gateways[host % gateways.length]!;
  const response = await gateway.fetch("http://pollux/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  const text = await response.text();
  const streamed = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  if (headers["x-pollux-explain"] !== undefined && response.status === 200) JSON.parse(text);
  else if (streamed) expectStream(response.status, text);
  else expectWhole(response.status, text);
  if (response.status === 200) completed += 1;
  // The emulator answers every sound request.
  expect([response.status, response.status < 500 ? "" : text]).toEqual([response.status, ""]);
}

const schemaRequest: Arbitrary<unknown> = schemas({ wild: true }).map((schema) => ({
  ...HELLO,
  tools: [{ type: "function", function: { name: "f", parameters: schema } }],
  response_format: { type: "json_schema", json_schema: { name: "r", schema } },
}));

const talk: Arbitrary<unknown> = conversation.map((messages) => ({ ...HELLO, messages }));

const HEADERS: Record<string, string>[] = [
  {},
  {},
  {},
  { "x-pollux-explain": "1" },
  { "x-pollux-strict": "1" },
];

describe("bodies", () => {
  test.each<[string, Arbitrary<unknown>, number]>([
    ["sound ones", chatRequest, 400],
    ["with something wrong somewhere", damaged(chatRequest), 1200],
    ["conversations with something wrong", damaged(talk), 600],
    ["schemas with something wrong", damaged(schemaRequest), 600],
    ["of nonsense", nonsenseChatRequest, 200],
    ["of any JSON", jsonValue({ maxDepth: 5 }), 200],
    [
      "with any JSON for messages",
      jsonValue({ maxDepth: 5 }).map((messages) => ({ ...HELLO, messages })),
      200,
    ],
    [
      "with any JSON for Google's fields",
      jsonValue({ maxDepth: 5 }).map((google) => ({ ...HELLO, extra_body: { google } })),
      200,
    ],
  ])("%s", async (_, bodies, numRuns) => {
    await assert(
      asyncProperty(bodies, nat(1), constantFrom(...HEADERS), (body, host, headers) =>
        send(JSON.stringify(body), host, headers),
      ),
      { numRuns },
    );
  });

  test("of any bytes", async () => {
    await assert(
      asyncProperty(uint8Array({ maxLength: 200 }), (bytes) => send(bytes)),
      { numRuns: 200 },
    );
    await assert(
      asyncProperty(string({ unit: "binary" }), (text) => send(text)),
      { numRuns: 100 },
    );
  });

  test("of JSON in which bytes were changed, lost or moved", async () => {
    const changes = array(
      tuple(integer({ min: 0, max: 1_000_000 }), integer({ min: 0, max: 255 }), boolean()),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    await assert(
      asyncProperty(chatRequest, changes, async (request, places) => {
        let bytes = Buffer.from(JSON.stringify(request));
        for (const [place, value, lose] of places) {
          const at = place % Math.max(1, bytes.length);
          if (lose) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + (value % 16) + 1)]);
          else bytes[at] = value;
        }
        await send(bytes);
      }),
      { numRuns: 600 },
    );
  });
});
