/**
 * S-46: keys, tokens and what users write go into requests that fail in every way there is, and come out neither in
 * what other callers could see of it nor in what the process prints.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sendRaw, sendText } from "./support/raw-http.ts";
import { servePollux, type ServedProcess } from "./support/served-process.ts";

const ACCESS_KEY = "canary-access-key-5f2d8a";
const WRONG_KEY = "canary-wrong-key-91c3e7";
const PROMPT = "canary prompt of a user 4b7e";
const ARGUMENT = "canary-argument-c0ffee";
const TOKEN = "ya29.canary-token-2a9d4c6b8e";
const API_KEY = "AIzaCanaryApiKey3c5d7e9f1a2b4c6d8e0f";
const SECRETS = [ACCESS_KEY, WRONG_KEY, PROMPT, ARGUMENT, TOKEN, API_KEY];

const MODEL = "gemini-3.5-flash";
const PNG = Buffer.from(PROMPT).toString("base64");

/** Every place that a prompt can stand in, sound but for `changes`. */
const ask = (changes: object = {}): object => ({
  model: MODEL,
  messages: [
    { role: "system", content: PROMPT },
    { role: "user", content: [{ type: "text", text: PROMPT }], name: PROMPT },
    {
      role: "assistant",
      content: PROMPT,
      tool_calls: [
        { id: "c", type: "function", function: { name: "f", arguments: JSON.stringify({ a: ARGUMENT }) } },
      ],
    },
    { role: "tool", tool_call_id: "c", content: PROMPT },
    { role: "user", content: PROMPT },
  ],
  tools: [
    {
      type: "function",
      function: {
        name: "f",
        description: PROMPT,
        parameters: { type: "object", properties: { a: { type: "string", description: PROMPT } } },
      },
    },
  ],
  user: PROMPT,
  metadata: { note: PROMPT },
  safety_identifier: PROMPT,
  ...changes,
});
const says = (content: unknown): object => ask({ messages: [{ role: "user", content }] });
const image = (url: string): object => says([{ type: "image_url", image_url: { url } }]);

/** Wrong in every reader's own way. */
const WRONG: [string, string | object][] = [
  ["no JSON", `{"messages": ${PROMPT}}`],
  ["JSON cut in the prompt", `{"messages": [{"role": "user", "content": "${PROMPT}`],
  ["a bad escape", `{"messages": "${PROMPT}\\x"}`],
  ["a prompt for messages", ask({ messages: PROMPT })],
  ["a prompt for a message", ask({ messages: [PROMPT] })],
  ["a prompt for a role", ask({ messages: [{ role: PROMPT, content: PROMPT }] })],
  ["a prompt for a part", says([PROMPT])],
  ["a prompt for a part's type", says([{ type: PROMPT, text: PROMPT }])],
  ["a prompt in a list of lists", says([[PROMPT]])],
  ["a prompt for base64", image(`data:image/png;base64,${PROMPT}`)],
  ["a prompt for a URL", image(PROMPT)],
  ["a prompt in a URL of an odd scheme", image(`x-${ARGUMENT}://${ARGUMENT}`)],
  ["a prompt for a number", ask({ temperature: PROMPT })],
  ["a prompt for a word", ask({ reasoning_effort: PROMPT, service_tier: PROMPT })],
  ["a prompt for a tool", ask({ tools: [PROMPT] })],
  ["a prompt for a tool's name", ask({ tools: [{ type: "function", function: { name: PROMPT } }] })],
  [
    "a prompt for a schema's type",
    ask({ tools: [{ type: "function", function: { name: "f", parameters: { type: PROMPT } } }] }),
  ],
  ["a prompt for an answer's type", ask({ response_format: { type: PROMPT } })],
  [
    "a prompt for a call's arguments",
    ask({
      messages: [
        {
          role: "assistant",
          tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: [PROMPT] } }],
        },
      ],
    }),
  ],
  [
    "a result without its call",
    ask({ messages: [{ role: "tool", tool_call_id: ARGUMENT, content: PROMPT }] }),
  ],
  [
    "a prompt for an option",
    ask({ extra_body: { google: { thinking_config: { thinking_level: PROMPT }, safety_settings: PROMPT } } }),
  ],
  ["a media type that no model takes", image(`data:application/x-odd;base64,${PNG}`)],
  ["a model there is none of", ask({ model: "gemini-0-none" })],
];

/** Faults of the emulator, and whether they break an unstreamed answer too. */
const FAULTS: [fault: string, whole: boolean][] = [
  ["status=400", true],
  ["status=401", true],
  ["status=403", true],
  ["status=404", true],
  ["status=429", true],
  ["status=500", true],
  ["status=503", true],
  ["html-200", true],
  ["empty-body", true],
  ["reset", true],
  ["malformed-json-after=0", true],
  ["malformed-json-after=1", false],
  ["error-after=0:503", false],
  ["error-after=1:500:raw", false],
  ["cut-after=1", false],
  ["cut-in-utf8", false],
  ["end-after=1", false],
  ["no-candidates", false],
];

function expectNoSecret(text: string): void {
  for (const secret of SECRETS) expect(text).not.toContain(secret);
}

/** The refusal: whole, or the last frame of a stream that broke. What the model said before is the caller's own. */
function refusalIn(text: string): string {
  const frames = text.split("\n\n").filter((frame) => frame.startsWith('data: {"error"'));
  return text.startsWith("data: ") || text.startsWith(":") ? frames.join("") : text;
}

describe("with access keys, answered by the emulator", () => {
  let pollux: ServedProcess;

  beforeAll(async () => {
    pollux = await servePollux({ POLLUX_API_KEYS: ACCESS_KEY, POLLUX_RETRY_BUDGET: "0" });
  });

  afterAll(async () => {
    await pollux.stop();
    expectNoSecret(pollux.printed());
  });

  async function refused(
    body: string | object,
    headers: Record<string, string> = {},
    path?: string,
  ): Promise<void> {
    const answer = await sendRaw(pollux.url, {
      ...(path === undefined ? {} : { path }),
      headers: { authorization: `Bearer ${ACCESS_KEY}`, ...headers },
      body: [typeof body === "string" ? body : JSON.stringify(body)],
    });
    const refusal = refusalIn(answer.body);
    expect(refusal).toContain('"error"');
    expectNoSecret(refusal);
    expectNoSecret(JSON.stringify(answer.headers));
  }

  test.each(WRONG)("%s", async (_, body) => {
    await refused(body);
    if (typeof body === "object") await refused({ ...body, stream: true });
  });

  test("strictly", () => refused(ask(), { "x-pollux-strict": "1" }));

  // Long enough for several events.
  const story = ask({
    messages: [{ role: "user", content: `Write a story about a ${PROMPT}, über alles.` }],
    tools: [],
  });

  test.each(FAULTS)("an upstream's %s", async (fault, whole) => {
    await refused({ ...story, stream: true }, { "x-emulator-fault": fault });
    if (whole) await refused(story, { "x-emulator-fault": fault });
  });

  test("wrong keys, wherever they are put", async () => {
    await refused(ask(), { authorization: `Bearer ${WRONG_KEY}` });
    await refused(ask(), { authorization: `Basic ${WRONG_KEY}` });
    await refused(ask(), { authorization: "", "x-api-key": WRONG_KEY, "api-key": WRONG_KEY });
    await refused(ask(), { authorization: "" }, `/v1/chat/completions?key=${WRONG_KEY}`);
    await refused(ask(), { "x-pollux-api-key": WRONG_KEY });
    await refused(ask(), {}, `/v1/nothing?key=${WRONG_KEY}`);
  });

  test("requests that are no HTTP", async () => {
    const text = `POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer ${ACCESS_KEY}\r\nBad header ${WRONG_KEY}\r\n\r\n${PROMPT}`;
    const answer = await sendText(pollux.url, text);
    expect(answer).toContain('"malformed_http"');
    expectNoSecret(answer);
  });
});

describe("with a caller's or the gateway's own credential, before a Google that says it back", () => {
  let google: Server;
  let base: string;
  let status: number;

  beforeAll(async () => {
    google = createServer((request, response) => {
      const { authorization, "x-goog-api-key": apiKey } = request.headers;
      request.resume();
      request.on("end", () => {
        const message = `Request had invalid credentials: ${authorization ?? ""} ${String(apiKey ?? "")}.`;
        response.writeHead(status, {
          "content-type": "application/json",
          "x-echo": String(authorization ?? apiKey),
        });
        response.end(JSON.stringify({ error: { code: status, message, status: "UNAUTHENTICATED" } }));
      });
    });
    google.listen(0, "127.0.0.1");
    await once(google, "listening");
    base = `http://127.0.0.1:${(google.address() as AddressInfo).port}`;
  });

  afterAll(() => google.close());

  test.each<[string, () => Record<string, string>, Record<string, string>]>([
    [
      "a caller's token",
      () => ({
        POLLUX_UPSTREAM: "vertex",
        GOOGLE_CLOUD_PROJECT: "p",
        GOOGLE_VERTEX_BASE_URL: base,
        NO_GCE_CHECK: "true",
      }),
      { authorization: `Bearer ${TOKEN}` },
    ],
    [
      "a caller's key",
      () => ({ POLLUX_UPSTREAM: "gemini-api", GOOGLE_GEMINI_BASE_URL: base }),
      { authorization: `Bearer ${API_KEY}` },
    ],
    ["the gateway's key", () => ({ GEMINI_API_KEY: API_KEY, GOOGLE_GEMINI_BASE_URL: base }), {}],
  ])("%s", async (_, env, headers) => {
    const pollux = await servePollux({ ...env(), POLLUX_RETRY_BUDGET: "0" });
    for (status of [400, 401, 403, 404, 429, 500, 503]) {
      for (const stream of [false, true]) {
        const answer = await sendRaw(pollux.url, { headers, body: [JSON.stringify(ask({ stream }))] });
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(JSON.parse(answer.body)).toHaveProperty("error.message");
        expectNoSecret(answer.body + JSON.stringify(answer.headers));
      }
    }
    await pollux.stop();
    expectNoSecret(pollux.printed());
  });
});
