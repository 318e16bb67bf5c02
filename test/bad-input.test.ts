/** Bodies of the wrong shape, over a real socket: what is no JSON, wrong numbers, types, media and names. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { post } from "./support/running-gateway.ts";
import {
  MODEL,
  HELLO,
  times,
  asks,
  says,
  user,
  schema,
  picture,
  sound,
  called,
  PICTURE,
  SCHEMA,
  tryGateway,
  type TriedGateway,
  type ErrorBody,
} from "./support/wrong-requests.ts";

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

let gateway: TriedGateway;

beforeAll(async () => {
  gateway = await tryGateway();
});

afterEach(() => gateway.expectUnharmed());

afterAll(() => gateway.close());

const deep = (open: string, close: string): string =>
  `{"model":"${MODEL}","messages":${open.repeat(100_000)}1${close.repeat(100_000)}}`;

describe("the body", () => {
  test.each<[string, unknown]>([
    ["S-31 100,000 lists", deep("[", "]")],
    ["S-31 100,000 objects", deep('{"a":', "}")],
    ["S-31 100,000 brackets alone", "[".repeat(100_000)],
    ["S-34 NaN", `{"model":"${MODEL}","messages":[],"temperature":NaN}`],
    ["S-34 Infinity", `{"model":"${MODEL}","messages":[],"temperature":Infinity}`],
    ["a list", [HELLO]],
    ["a text", '"hello"'],
    ["nothing", " "],
    ["a cut object", '{"model":'],
    ["100 messages of 10,000 parts", asks({ messages: times(100, () => user(times(10_000, () => ({})))) })],
  ])("%s", (_, body) => gateway.expectRefused(body, null));

  test.each([
    ["S-35 overlong UTF-8", [0xc0, 0xaf]],
    ["S-35 bytes that are no UTF-8", [0xff, 0xfe]],
    ["S-35 a cut character", [0xe2, 0x82]],
    ["S-35 a surrogate in UTF-8", [0xed, 0xa0, 0x80]],
  ])("%s", async (_, bytes) => {
    const text = JSON.stringify(HELLO);
    const body = Buffer.concat([
      Buffer.from(text.slice(0, -4)),
      Buffer.from(bytes),
      Buffer.from(text.slice(-4)),
    ]);
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    expect(response.status).toBe(400);
    expect(((await response.json()) as ErrorBody).error.message).toContain("UTF-8");
  });

  test.each([
    ["S-35 a byte order mark", `\ufeff${JSON.stringify(HELLO)}`],
    ["S-33 keys given twice", JSON.stringify(HELLO).replace("{", '{"model":"../..",')],
  ])("%s is taken", (_, body) => gateway.expectAnswered(body));

  test.each([
    ["S-35 NUL", "a\u0000b"],
    ["S-35 line separators", "a\u2028\u2029b"],
    ["S-35 a megabyte of combining marks", `e${"\u0301".repeat(500_000)}`],
    ["S-35 characters beyond the first plane", "🎒𐍈"],
  ])("%s come through exactly", async (_, text) => {
    await gateway.expectAnswered(says(user(text)));
    const sent = gateway.lastSent();
    expect(sent.contents).toEqual([{ role: "user", parts: [{ text }] }]);
  });
});

describe("S-34 S-39 numbers", () => {
  const ANY = ["1e400", "-1e400", "1e308", '"1"', "true", "[]", "{}", '"NaN"'];
  const WHOLE = [...ANY, "1.5", "9007199254740993", "5e-324", "0.1e1000"];
  const FIELDS: Record<string, readonly string[]> = {
    temperature: [...ANY, "-1", "2.1", "1e9"],
    top_p: [...ANY, "-0.1", "1.1", "1e9"],
    top_k: [...WHOLE, "2147483648"],
    n: [...WHOLE, "0", "-0", "-1", "9", "1000"],
    max_tokens: [...WHOLE, "0", "-1"],
    max_completion_tokens: [...WHOLE, "0", "-1"],
    seed: WHOLE,
    frequency_penalty: [...ANY, "2.1", "-2.1"],
    presence_penalty: [...ANY, "2.1", "-2.1"],
    top_logprobs: [...WHOLE, "-1", "21", "1000"],
  };
  const rows = Object.entries(FIELDS).flatMap(([field, values]) =>
    values.map((value) => [field, value] as const),
  );

  test.each(rows)("%s: %s", (field, value) =>
    gateway.expectRefused(JSON.stringify(HELLO).replace("{", `{"${field}":${value},`), field),
  );

  const BUDGET = "extra_body.google.thinking_config.thinking_budget";

  test.each(["-999", "-2", "1e400", "1.5", '"5"', "true"])("thinking_budget: %s", (value) =>
    gateway.expectRefused(
      `{"model":"gemini-2.5-flash","messages":[{"role":"user","content":"x"}],"extra_body":{"google":{"thinking_config":{"thinking_budget":${value}}}}}`,
      BUDGET,
    ),
  );

  test.each([
    ["max_tokens", 2 ** 31],
    ["max_completion_tokens", 2 ** 32],
    ["max_tokens", 1e9],
  ])("%s: %d is the most there is", async (field, value) => {
    const response = await post(gateway, asks({ [field]: value }));
    expect([response.status, response.headers.get("x-pollux-notes")]).toEqual([200, `clamped: ${field}`]);
  });

  test.each([
    ["minimum", { type: "number", minimum: "1" }],
    ["maxLength", { type: "string", maxLength: -1 }],
    ["minItems", { type: "array", items: {}, minItems: 1.5 }],
    ["maximum", { type: "number", maximum: "1e400" }],
  ])("%s of a schema", (keyword, property) =>
    gateway.expectRefused(
      schema({ type: "object", properties: { p: property } }),
      `${SCHEMA}.properties.p.${keyword}`,
    ),
  );
});

describe("S-38 media", () => {
  test.each<[string, unknown, string]>([
    ["no bytes", picture("data:image/png;base64,"), PICTURE],
    ["bad padding", picture("data:image/png;base64,abc"), PICTURE],
    ["padding in the middle", picture("data:image/png;base64,ab=c"), PICTURE],
    ["only padding", picture("data:image/png;base64,===="), PICTURE],
    ["one character", picture("data:image/png;base64,A"), PICTURE],
    ["a space", picture("data:image/png;base64,AAAA AAAA"), PICTURE],
    ["a tab", picture("data:image/png;base64,AAAA\tAAAA"), PICTURE],
    ["an escaped space", picture("data:image/png;base64,AAAA%20AAAA"), PICTURE],
    ["a letter of no alphabet", picture("data:image/png;base64,###"), PICTURE],
    ["10 MB with a wrong end", picture(`data:image/png;base64,${"A".repeat(10_000_000)}!`), PICTURE],
    ["10 MB of padding", picture(`data:image/png;base64,${"=".repeat(10_000_000)}`), PICTURE],
    ["no comma", picture("data:image/png;base64"), PICTURE],
    ["no media type", picture(`data:;base64,${PNG}`), PICTURE],
    ["no URL", picture(""), PICTURE],
    ["a number", picture(7), PICTURE],
    ["a script", picture("javascript:alert(1)"), PICTURE],
    ["a file", picture("file:///etc/passwd"), PICTURE],
    ["S-21 a line break in a URL", picture("https://a.example/\r\nHost: b"), PICTURE],
    ["S-21 a backslash in a URL", picture("https://good.example\\@evil.example/x.png"), PICTURE],
    ["a bucket without an object", picture("gs://bucket"), PICTURE],
    ["no sound", sound({ data: "", format: "wav" }), "messages[0].content[0].input_audio.data"],
    [
      "sound that is no base64",
      sound({ data: "!!!", format: "wav" }),
      "messages[0].content[0].input_audio.data",
    ],
    ["sound without a format", sound({ data: "AAAA" }), "messages[0].content[0].input_audio.format"],
  ])("%s", (_, body, param) => gateway.expectRefused(body, param));

  test("a type that no model takes is the upstream's to refuse, and names the messages", async () => {
    const response = await post(gateway, picture(`data:application/x-msdownload;base64,${PNG}`));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param: "messages" } });
  });
});

describe("wrong types", () => {
  const WRONG: unknown[] = [7, true, "text", [1], { a: 1 }];
  const TAKES: Record<string, (value: unknown) => boolean> = {
    model: (value) => typeof value === "string",
    messages: () => false,
    tools: () => false,
    functions: () => false,
    stop: (value) => typeof value === "string",
    stream: (value) => typeof value === "boolean",
    response_format: () => false,
    modalities: () => false,
    tool_choice: () => false,
    logprobs: (value) => typeof value === "boolean",
    extra_body: (value) => JSON.stringify(value) === '{"a":1}',
    stream_options: (value) => JSON.stringify(value) === '{"a":1}',
    reasoning_effort: () => false,
  };

  test.each(Object.entries(TAKES))("%s", async (field, takes) => {
    for (const value of WRONG.filter((one) => !takes(one))) {
      // A wrong member is named by its own place.
      await gateway.expectRefused(asks({ stream: true, [field]: value }), new RegExp(`^${field}(?![a-z_])`));
    }
  });

  test.each<[string, unknown, string]>([
    ["no message", says(), "messages"],
    ["a message that is null", says(null), "messages[0]"],
    ["a message that is a list", says([]), "messages[0]"],
    ["content that is a number", says(user(5)), "messages[0].content"],
    ["content that is an object", says(user({})), "messages[0].content"],
    ["a part that is null", says(user([null])), "messages[0].content[0]"],
    ["arguments that are an object", called({} as string), "messages[1].tool_calls[0].function.arguments"],
  ])("%s", (_, body, param) => gateway.expectRefused(body, param));
});

describe("S-24 names that become part of a URL", () => {
  const CLIMBING = [
    "..",
    "../..",
    "a/../b",
    "a/b",
    "a?key=1",
    "a#b",
    "a@evil.example",
    "a\\b",
    "a%2fb",
    "a%2e%2e",
    "a b",
    "a\r\nX-Evil: 1",
    "ü",
    "\u0000",
    "\ud800",
    ".",
    "a:b",
  ];

  test.each(CLIMBING.filter((name) => name !== "a/b" && name !== "a:b"))("model %j", (name) =>
    gateway.expectRefused(asks({ model: name }), "model"),
  );

  test.each(CLIMBING.filter((name) => name !== "." && name !== "a:b"))(
    "project, location and endpoint %j",
    async (name) => {
      const sent = gateway.sent();
      const written = encodeURIComponent(name.toWellFormed());
      for (const scope of [`${written}/locations/us-central1`, `some-project/locations/${written}`]) {
        for (const end of ["openapi", "1234567890"]) {
          const response = await post(gateway, HELLO, {
            path: `/v1/projects/${scope}/endpoints/${end}/chat/completions`,
          });
          expect([400, 404]).toContain(response.status);
          expect(await response.json()).toHaveProperty("error.message");
        }
      }
      const path = `/v1/projects/some-project/locations/us-central1/endpoints/${written}/chat/completions`;
      expect([400, 404]).toContain((await post(gateway, HELLO, { path })).status);
      expect(gateway.sent()).toBe(sent);
    },
  );
});
