/** Requests and schemas that are too large in some way, over a real socket: refused or borne, in bounded time. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  MODEL,
  times,
  keyed,
  asks,
  says,
  user,
  google,
  functions,
  schema,
  picture,
  called,
  PICTURE,
  SCHEMA,
  tryGateway,
  type TriedGateway,
} from "./support/wrong-requests.ts";

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const OLDER = "gemini-2.0-flash-001";

let gateway: TriedGateway;

beforeAll(async () => {
  gateway = await tryGateway();
});

afterEach(() => gateway.expectUnharmed());

afterAll(() => gateway.close());

describe("S-36 too much of one thing", () => {
  test.each<[string, () => unknown, string]>([
    [
      "100,000 parts",
      () => says(user(times(80_000, () => ({ type: "text", text: "a" })))),
      "messages[0].content",
    ],
    ["100,000 messages", () => says(...times(80_000, () => user("a"))), "messages"],
    ["10,000 tools", () => functions(...times(10_000, (index) => ({ name: `f${index}` }))), "tools"],
    [
      "10,000 functions",
      () => asks({ functions: times(10_000, (index) => ({ name: `f${index}` })) }),
      "functions",
    ],
    ["a tool name of 1 MB", () => functions({ name: "a".repeat(1_000_000) }), "tools[0].function.name"],
    ["10,000 stop sequences", () => asks({ stop: times(10_000, (index) => `s${index}`) }), "stop"],
    ["10,000 modalities", () => asks({ modalities: times(10_000, () => "text") }), "modalities"],
    ["10,000 labels", () => google({ labels: keyed(10_000, () => "v") }), "extra_body.google.labels"],
    [
      "10,000 safety settings",
      () => google({ safety_settings: times(10_000, () => ({})) }),
      "extra_body.google.safety_settings",
    ],
    [
      "10,000 tools of Google's",
      () => google({ tools: times(10_000, () => ({})) }),
      "extra_body.google.tools",
    ],
    [
      "10,000 tool calls",
      () => says(user("x"), { role: "assistant", tool_calls: times(10_000, () => ({})) }),
      "messages[1].tool_calls",
    ],
    [
      "10,000 allowed tools",
      () =>
        asks({
          tools: [{ type: "function", function: { name: "f" } }],
          tool_choice: {
            type: "allowed_tools",
            allowed_tools: { mode: "auto", tools: times(10_000, () => ({})) },
          },
        }),
      "tool_choice.allowed_tools.tools",
    ],
    ["a model of 1 MB", () => asks({ model: "g".repeat(1_000_000) }), "model"],
    ["a URL of 1 MB", () => picture(`https://a.example/${"b".repeat(1_000_000)}`), PICTURE],
    ["a media type of 1 MB", () => picture(`data:${"a".repeat(1_000_000)};base64,${PNG}`), PICTURE],
    [
      "a thought tag of 1 MB",
      () => google({ thought_tag_marker: "a".repeat(1_000_000) }),
      "extra_body.google.thought_tag_marker",
    ],
    [
      "a cache name of 1 MB",
      () => google({ cached_content: "a".repeat(1_000_000) }),
      "extra_body.google.cached_content",
    ],
  ])("%s", (_, make, param) => gateway.expectRefused(make(), param));

  test.each<[string, () => unknown]>([
    ["arguments of a million levels", () => called(`${'{"a":'.repeat(1_000_000)}1${"}".repeat(1_000_000)}`)],
    ["arguments of a million numbers", () => called(`{"a":[${"1,".repeat(500_000)}1]}`)],
    ["a result of 100,000 levels", () => called("{}", "[".repeat(100_000) + "]".repeat(100_000))],
    ["100,000 fields nobody knows", () => asks(keyed(100_000, () => 1))],
    [
      "thought tags that never close",
      () => ({
        ...google({ thought_tag_marker: "think" }),
        messages: [user("x"), { role: "assistant", content: "<think>".repeat(300_000) }, user("y")],
      }),
    ],
  ])("%s are borne", (_, make) => gateway.expectAnswered(make()));
});

/** Every definition refers to the next one twice. */
const doubling = (levels: number): object => ({
  type: "object",
  properties: { a: { $ref: "#/$defs/k0" } },
  $defs: keyed(levels, (level) =>
    level === levels - 1
      ? { type: "string" }
      : {
          type: "object",
          properties: { l: { $ref: `#/$defs/k${level + 1}` }, r: { $ref: `#/$defs/k${level + 1}` } },
        },
  ),
});
const nested = (levels: number): object =>
  times(levels, () => 0).reduce<object>((inner) => ({ type: "object", properties: { a: inner } }), {
    type: "string",
  });
const inside = (property: unknown): object => ({ type: "object", properties: { p: property } });

describe("S-37 schemas", () => {
  const REFUSED: [string, object, string | RegExp][] = [
    ["a reference to itself", { $ref: "#" }, SCHEMA],
    [
      "references in a circle",
      { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } },
      SCHEMA,
    ],
    ["2^30 of nested references", doubling(30), /^tools\[0\]\.function\.parameters\.\$defs\.k\d+$/],
    [
      "a remote reference",
      inside({ $ref: "https://evil.example/schema.json" }),
      `${SCHEMA}.properties.p.$ref`,
    ],
    ["a reference to a file", inside({ $ref: "file:///etc/passwd" }), `${SCHEMA}.properties.p.$ref`],
    [
      "a reference to the metadata server",
      inside({ $ref: "http://169.254.169.254/latest" }),
      `${SCHEMA}.properties.p.$ref`,
    ],
    [
      "an enum of 100,000",
      inside({ type: "string", enum: times(100_000, (index) => `e${index}`) }),
      `${SCHEMA}.properties.p.enum`,
    ],
    [
      "10,000 properties",
      { type: "object", properties: keyed(10_000, () => ({ type: "string" })) },
      /^tools\[0\]\.function\.parameters/,
    ],
    ["40 levels", nested(40), /^tools\[0\]\.function\.parameters(\.properties\.a)+$/],
  ];

  describe.each([MODEL, OLDER])("for %s", (model) => {
    test.each(REFUSED)("%s", (_, parameters, param) =>
      gateway.expectRefused({ ...schema(parameters), model }, param),
    );

    test.each<[string, object]>([
      ["2^10 of nested references", doubling(10)],
      ["a tree of itself", { type: "object", properties: keyed(3, () => ({ $ref: "#" })) }],
      [
        "a thousand references to itself",
        {
          type: "object",
          properties: { a: { $ref: "#/$defs/x" } },
          $defs: { x: { type: "object", properties: keyed(1000, () => ({ $ref: "#/$defs/x" })) } },
        },
      ],
      [
        "60 definitions that refer to all of them",
        {
          type: "object",
          properties: { a: { $ref: "#/$defs/k0" } },
          $defs: keyed(60, () => ({
            type: "object",
            properties: keyed(60, (index) => ({ $ref: `#/$defs/k${index}` })),
          })),
        },
      ],
      ["$dynamicRef", inside({ type: "string", $dynamicRef: "#x" })],
      ["a pattern that takes for ever", inside({ type: "string", pattern: "(a+)+$" })],
      ["100,000 keywords nobody knows", inside({ type: "string", ...keyed(100_000, () => 1) })],
    ])("%s is bounded", (_, parameters) => gateway.expectAnswered({ ...schema(parameters), model }));
  });

  test("the enum that is allowed is sent whole", async () => {
    await gateway.expectAnswered(
      schema(inside({ type: "string", enum: times(10_000, (index) => `e${index}`) })),
    );
    expect(JSON.stringify(gateway.lastSent())).toContain('"e9999"');
  });
});
