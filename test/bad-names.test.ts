/** Keys and values named like what every object inherits, over a real socket: data like any other. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  MODEL,
  asks,
  says,
  user,
  google,
  functions,
  schema,
  sound,
  SCHEMA,
  tryGateway,
  type TriedGateway,
} from "./support/wrong-requests.ts";

let gateway: TriedGateway;

beforeAll(async () => {
  gateway = await tryGateway();
});

afterEach(() => gateway.expectUnharmed());

afterAll(() => gateway.close());

describe("S-32 names that every object has", () => {
  const NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"];

  test.each(NAMES)("%s as a key everywhere", async (name) => {
    const own = `"${name}":{"polluted":1,"${name}":{"polluted":1}}`;
    const text = `"${name}":"x"`;
    await gateway.expectAnswered(`{
      "model": "${MODEL}", "stream": true, ${own},
      "messages": [
        {"role": "user", "content": [{"type": "text", "text": "x", ${own}}], ${own}, "extra_content": {${own}, "google": {${own}}}},
        {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", ${own}, "function": {"name": "f", ${own}, "arguments": ${JSON.stringify(`{${own}}`)}}}]},
        {"role": "tool", "tool_call_id": "c", "content": ${JSON.stringify(`{${own}}`)}, ${own}}
      ],
      "tools": [{"type": "function", ${own}, "function": {"name": "f", ${own}, "parameters": {
        "type": "object", ${own}, "required": ["${name}"],
        "properties": {"${name}": {"type": "string", ${own}}, "other": {"$ref": "#/$defs/${name}"}},
        "$defs": {"${name}": {"type": "object", "properties": {"${name}": {"type": "integer"}}}}
      }}}],
      "metadata": {${text}}, "logit_bias": {"${name}": 1}, "stream_options": {${own}},
      "extra_body": {${own}, "google": {${own}, "thinking_config": {${own}}}},
      "response_format": {"type": "json_schema", ${own}, "json_schema": {"name": "r", ${own}, "schema": {"type": "object", "properties": {"${name}": {"type": "string"}}}}}
    }`);
    const sent = JSON.stringify(gateway.lastSent());
    expect(sent).toContain(`"required":["${name}"]`);
    expect(sent).not.toContain(`"parts":[{"text":"x","${name}"`);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test.each<[string, (name: string) => unknown, string]>([
    ["a role", (name) => says({ role: name, content: "x" }), "messages[0].role"],
    ["a part's type", (name) => says(user([{ type: name, [name]: "x" }])), "messages[0].content[0].type"],
    ["a tool's type", (name) => asks({ tools: [{ type: name }] }), "tools[0].type"],
    [
      "a tool that is called for",
      (name) =>
        asks({
          tools: [{ type: "function", function: { name: "f" } }],
          tool_choice: { type: "function", function: { name } },
        }),
      "tool_choice.function.name",
    ],
    [
      "tool_choice",
      (name) => asks({ tools: [{ type: "function", function: { name: "f" } }], tool_choice: name }),
      "tool_choice",
    ],
    ["reasoning_effort", (name) => asks({ reasoning_effort: name }), "reasoning_effort"],
    ["verbosity", (name) => asks({ verbosity: name }), "verbosity"],
    ["service_tier", (name) => asks({ service_tier: name }), "service_tier"],
    ["response_format", (name) => asks({ response_format: { type: name } }), "response_format.type"],
    ["a modality", (name) => asks({ modalities: [name] }), "modalities[0]"],
    [
      "an audio format",
      (name) => sound({ data: "AAAA", format: name }),
      "messages[0].content[0].input_audio.format",
    ],
    [
      "a detail",
      (name) =>
        says(user([{ type: "image_url", image_url: { url: "https://a.example/x.png", detail: name } }])),
      "messages[0].content[0].image_url.detail",
    ],
    [
      "a media resolution",
      (name) => google({ media_resolution: name }),
      "extra_body.google.media_resolution",
    ],
    [
      "a thinking level",
      (name) => google({ thinking_config: { thinking_level: name } }),
      "extra_body.google.thinking_config.thinking_level",
    ],
    [
      "a schema's type",
      (name) => schema({ type: "object", properties: { p: { type: name } } }),
      `${SCHEMA}.properties.p.type`,
    ],
    [
      "a reference to nothing",
      (name) => schema({ type: "object", properties: { p: { $ref: `#/${name}` } } }),
      `${SCHEMA}.properties.p.$ref`,
    ],
    [
      "a file's ending",
      (name) => says(user([{ type: "file", file: { filename: `x.${name}`, file_data: "AAAA" } }])),
      "messages[0].content[0].file.file_data",
    ],
    [
      "the id of a call that was not made",
      (name) => says(user("x"), { role: "tool", tool_call_id: name, content: "x" }),
      "messages[1].tool_call_id",
    ],
  ])("as %s", async (_, make, param) => {
    for (const name of NAMES) await gateway.expectRefused(make(name), param);
  });

  test.each(["__proto__", "constructor", "toString"])("a tool may be called %s", (name) =>
    gateway.expectAnswered(
      functions({ name, parameters: { type: "object", properties: { a: { type: "string" } } } }),
    ),
  );
});
