import { describe, expect, test } from "vitest";
import {
  type MessageSettings,
  refusalOf,
  translateMessages,
} from "../../../test/support/translate-messages.ts";

/** A model that asks for no signatures, so that only calls and results are looked at. */
const PLAIN = "gemini-2.5-flash";

const ask = { role: "user", content: "q" };
const call = (id: string, name = "tide", args = "{}") => ({
  id,
  type: "function",
  function: { name, arguments: args },
});
const calls = (...tool_calls: object[]) => ({ role: "assistant", content: null, tool_calls });
const result = (tool_call_id: string | undefined, content: unknown, more: object = {}) => ({
  role: "tool",
  ...(tool_call_id === undefined ? {} : { tool_call_id }),
  content,
  ...more,
});
const fc = (name = "tide", args: object = {}) => ({ functionCall: { name, args } });
const fr = (response: object, name = "tide") => ({ functionResponse: { name, response } });
const missing = fr({ error: "No result was returned for this call." });

/** Contents after the question. */
function after(messages: object[], settings: MessageSettings = {}) {
  const { contents, notes } = translateMessages([ask, ...messages], { model: PLAIN, ...settings });
  return { contents: contents.slice(1), notes };
}

describe("calls and results", () => {
  test.each([
    {
      name: "parallel results are one content in the order of the calls",
      messages: [
        calls(call("a", "tide", '{"port":"Brest"}'), call("b", "tide", '{"port":"Roscoff"}')),
        result("b", "no data"),
        result("a", '{"high":"04:12"}'),
      ],
      contents: [
        { role: "model", parts: [fc("tide", { port: "Brest" }), fc("tide", { port: "Roscoff" })] },
        { role: "user", parts: [fr({ high: "04:12" }), fr({ output: "no data" })] },
      ],
    },
    {
      name: "text comes before calls",
      messages: [{ ...calls(call("a")), content: "Looking." }, result("a", "1")],
      contents: [
        { role: "model", parts: [{ text: "Looking." }, fc()] },
        { role: "user", parts: [fr({ output: "1" })] },
      ],
    },
    {
      name: "a user message among the results follows them",
      messages: [
        calls(call("a"), call("b")),
        result("a", "1"),
        { role: "user", content: "hurry" },
        result("b", "2"),
      ],
      contents: [
        { role: "model", parts: [fc(), fc()] },
        { role: "user", parts: [fr({ output: "1" }), fr({ output: "2" })] },
        { role: "user", parts: [{ text: "hurry" }] },
      ],
    },
    {
      name: "a missing result is an error result",
      messages: [calls(call("a"), call("b")), result("b", "2")],
      contents: [
        { role: "model", parts: [fc(), fc()] },
        { role: "user", parts: [missing, fr({ output: "2" })] },
      ],
      notes: ["added messages[1].tool_calls[0]"],
    },
    {
      name: "calls at the very end are answered too",
      messages: [calls(call("a"))],
      contents: [
        { role: "model", parts: [fc()] },
        { role: "user", parts: [missing] },
      ],
      notes: ["added messages[1].tool_calls[0]"],
    },
    {
      name: "calls spread over assistant messages are one step when their results follow together",
      messages: [calls(call("a")), calls(call("b")), result("a", "1"), result("b", "2")],
      contents: [
        { role: "model", parts: [fc(), fc()] },
        { role: "user", parts: [fr({ output: "1" }), fr({ output: "2" })] },
      ],
    },
    {
      name: "calls whose results were lost are answered before the next assistant message",
      messages: [calls(call("a")), { role: "assistant", content: "Done." }],
      contents: [
        { role: "model", parts: [fc()] },
        { role: "user", parts: [missing] },
        { role: "model", parts: [{ text: "Done." }] },
      ],
      notes: ["added messages[1].tool_calls[0]"],
    },
    {
      name: "an id may come again in a later step",
      messages: [calls(call("a")), result("a", "1"), calls(call("a")), result("a", "2")],
      contents: [
        { role: "model", parts: [fc()] },
        { role: "user", parts: [fr({ output: "1" })] },
        { role: "model", parts: [fc()] },
        { role: "user", parts: [fr({ output: "2" })] },
      ],
    },
    {
      name: "the older function_call and its function message",
      messages: [
        { role: "assistant", content: null, function_call: { name: "tide", arguments: '{"port":"Brest"}' } },
        { role: "function", name: "tide", content: "low" },
      ],
      contents: [
        { role: "model", parts: [fc("tide", { port: "Brest" })] },
        { role: "user", parts: [fr({ output: "low" })] },
      ],
    },
    {
      name: "an id nobody knows, beside a name that is waiting",
      messages: [calls(call("a"), call("b", "wind")), result("zz", "1", { name: "wind" }), result("a", "2")],
      contents: [
        { role: "model", parts: [fc(), fc("wind")] },
        { role: "user", parts: [fr({ output: "2" }), fr({ output: "1" }, "wind")] },
      ],
      notes: ["approximated messages[2].tool_call_id"],
    },
    {
      name: "the call's name is sent where the result has another",
      messages: [calls(call("a")), result("a", "1", { name: "wind" })],
      contents: [
        { role: "model", parts: [fc()] },
        { role: "user", parts: [fr({ output: "1" })] },
      ],
      notes: ["ignored messages[2].name"],
    },
    {
      name: "a custom tool call",
      messages: [
        calls({ id: "a", type: "custom", custom: { name: "sql", input: "select 1" } }),
        result("a", "1"),
      ],
      contents: [
        { role: "model", parts: [fc("sql", { input: "select 1" })] },
        { role: "user", parts: [fr({ output: "1" }, "sql")] },
      ],
      notes: ["approximated messages[1].tool_calls[0].custom.input"],
    },
    {
      name: "a signature carried in the id is no part of the id",
      messages: [calls(call("a__thought__QUJD")), result("a", "1")],
      contents: [
        { role: "model", parts: [{ ...fc(), thoughtSignature: "QUJD" }] },
        { role: "user", parts: [fr({ output: "1" })] },
      ],
    },
  ])("$name", ({ messages, contents, notes }) => {
    expect(after(messages)).toEqual({ contents, notes: notes ?? [] });
  });
});

describe("arguments", () => {
  test.each([
    ['{"a":1}', { a: 1 }, undefined],
    ["", {}, "approximated"],
    ["  ", {}, "approximated"],
    ['{"a":', {}, "approximated"],
    ["null", {}, "approximated"],
    ["[1,2]", { value: [1, 2] }, "approximated"],
    ["7", { value: 7 }, "approximated"],
    ['"x"', { value: "x" }, "approximated"],
    ['{"id":12345678901234567890}', { id: Number("12345678901234567890") }, "approximated"],
    ['{"id":"12345678901234567890"}', { id: "12345678901234567890" }, undefined],
    [`${"[".repeat(200)}${"]".repeat(200)}`, {}, "approximated"],
    [`${"[".repeat(100_000)}`, {}, "approximated"],
  ])("%s", (text, args, action) => {
    const { contents, notes } = after([calls(call("a", "tide", text)), result("a", "1")]);
    expect(contents[0]?.parts).toEqual([fc("tide", args)]);
    expect(notes).toEqual(
      action === undefined ? [] : [`${action} messages[1].tool_calls[0].function.arguments`],
    );
  });

  test("keys that name prototypes are ordinary keys", () => {
    const text = '{"__proto__":{"polluted":true},"constructor":1,"toString":2}';
    const { contents } = after([calls(call("a", "tide", text)), result("a", text)]);
    expect(JSON.stringify(contents[0]?.parts?.[0]?.functionCall?.args)).toBe(text);
    expect(JSON.stringify(contents[1]?.parts?.[0]?.functionResponse?.response)).toBe(text);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});

describe("the content of a result", () => {
  test.each([
    ['{"a":1}', { a: 1 }],
    ['  {"a":1}\n', { a: 1 }],
    ['{"error":"no"}', { error: "no" }],
    ["[1]", { output: "[1]" }],
    ['{"a":', { output: '{"a":' }],
    ["", { output: "" }],
    [null, { output: "" }],
    [[{ type: "text", text: '{"a":1}' }], { a: 1 }],
    ['{"id":12345678901234567890}', { output: '{"id":12345678901234567890}' }],
    [`${'{"a":'.repeat(200)}1${"}".repeat(200)}`, { output: `${'{"a":'.repeat(200)}1${"}".repeat(200)}` }],
  ])("%j", (content, response) => {
    const { contents, notes } = after([calls(call("a")), result("a", content)]);
    expect(contents[1]?.parts).toEqual([fr(response)]);
    expect(notes).toEqual([]);
  });

  test("several texts are joined, and that is noted", () => {
    const content = [
      { type: "text", text: "1" },
      { type: "text", text: "2" },
    ];
    const { contents, notes } = after([calls(call("a")), result("a", content)]);
    expect(contents[1]?.parts).toEqual([fr({ output: "1\n2" })]);
    expect(notes).toEqual(["approximated messages[2].content"]);
  });

  const picture = { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw==" } };
  const inlineData = { mimeType: "image/png", data: "iVBORw==" };

  test("media is part of the response from Gemini 3 on", () => {
    const { contents } = after([calls(call("a")), result("a", [{ type: "text", text: "ok" }, picture])], {
      model: "gemini-3.5-flash",
    });
    expect(contents[1]?.parts).toEqual([
      { functionResponse: { name: "tide", response: { output: "ok" }, parts: [{ inlineData }] } },
    ]);
  });

  test("media follows the responses before Gemini 3", () => {
    const { contents, notes } = after([
      calls(call("a"), call("b")),
      result("a", [picture]),
      result("b", "2"),
    ]);
    expect(contents.slice(1)).toEqual([
      { role: "user", parts: [fr({ output: "" }), fr({ output: "2" })] },
      { role: "user", parts: [{ inlineData }] },
    ]);
    expect(notes).toEqual(["approximated messages[2]"]);
  });

  test.each([
    [
      { inlineData: { mimeType: "image/jpg", data: "iVBORw==", displayName: "x.jpg" } },
      { inlineData: { mimeType: "image/jpeg", data: "iVBORw==", displayName: "x.jpg" } },
    ],
    [{ inline_data: { mime_type: "image/png", data: "iVBORw==" } }, { inlineData }],
    [
      { fileData: { mimeType: "image/png", fileUri: "gs://b/a" } },
      { fileData: { mimeType: "image/png", fileUri: "gs://b/a" } },
    ],
    [
      { file_data: { mime_type: "image/png", file_uri: "gs://b/a" } },
      { fileData: { mimeType: "image/png", fileUri: "gs://b/a" } },
    ],
  ])("Google's own parts: %j", (part, expected) => {
    const { contents, notes } = after(
      [calls(call("a")), result("a", "ok", { extra_content: { google: { parts: [part] } } })],
      { model: "gemini-3-pro-image" },
    );
    expect(contents[1]?.parts?.[0]?.functionResponse?.parts).toEqual([expected]);
    expect(notes).toEqual([]);
  });
});

describe("$ref in a result", () => {
  const picture = (displayName: string) => ({
    inlineData: { mimeType: "image/png", data: "iVBORw==", displayName },
  });

  test.each([
    ['{"schema":{"$ref":"#/$defs/A"}}'],
    ['{"list":[1,{"$ref":"#/components/schemas/E"}]}'],
    ['{"\\u0024ref":"a.png"}'],
    ['{"$r\\u0065f":"a.png"}'],
    ['{"$ref":{"type":"string"}}'],
  ])("%s is sent as text to Gemini 3, with a note", (text) => {
    const { contents, notes } = after([calls(call("a")), result("a", text)], { model: "gemini-3.5-flash" });
    expect(contents[1]?.parts).toEqual([fr({ output: text })]);
    expect(notes).toContain("approximated messages[2].content");
  });

  test.each([
    ["gemini-2.5-flash", '{"schema":{"$ref":"#/$defs/A"}}'],
    ["gemini-3.5-flash", '{"schema":"$ref","text":"\\u0024ref: \\"$ref\\""}'],
  ])("%s gets %s as it is", (model, text) => {
    const { contents, notes } = after([calls(call("a")), result("a", text)], { model });
    expect(contents[1]?.parts).toEqual([fr(JSON.parse(text) as object)]);
    expect(notes).not.toContain("approximated messages[2].content");
  });

  test("a reference to the result's own media stays, and one to others does not", () => {
    const sent = (text: string) =>
      after(
        [calls(call("a")), result("a", text, { extra_content: { google: { parts: [picture("a.png")] } } })],
        { model: "gemini-3.5-flash" },
      ).contents[1]?.parts?.[0]?.functionResponse?.response;
    expect(sent('{"plot":{"$ref":"a.png"}}')).toEqual({ plot: { $ref: "a.png" } });
    expect(sent('{"plot":{"$ref":"b.png"}}')).toEqual({ output: '{"plot":{"$ref":"b.png"}}' });
  });
});

describe("refused, by name", () => {
  test.each([
    [[calls(call("a")), result("b", "1")], "messages[2].tool_call_id"],
    [[calls(call("a")), result("a", "1"), result("a", "2")], "messages[3].tool_call_id"],
    [[calls(call("a")), result(undefined, "1")], "messages[2].tool_call_id"],
    [[calls(call("a")), result(undefined, "1", { name: "wind" })], "messages[2].name"],
    [[calls(call("a")), { role: "function", content: "1" }], "messages[2].name"],
    [[result("a", "1")], "messages[1].tool_call_id"],
    [[{ role: "assistant", content: "x" }, result("a", "1")], "messages[2].tool_call_id"],
    [
      [calls(call("a")), result("a", "1"), { role: "assistant", content: "" }, result("a", "1")],
      "messages[4].tool_call_id",
    ],
    [[calls(call("a"), call("a"))], "messages[1].tool_calls[1].id"],
    [[calls(call("__proto__")), result("constructor", "1")], "messages[2].tool_call_id"],
    [[{ role: "assistant", tool_calls: ["x"] }], "messages[1].tool_calls[0]"],
    [[{ role: "assistant", tool_calls: [{ id: "a" }] }], "messages[1].tool_calls[0].function"],
    [[calls({ id: "a", function: {} })], "messages[1].tool_calls[0].function.name"],
    [[calls(call("a", ""))], "messages[1].tool_calls[0].function.name"],
    [[calls(call("a", "x".repeat(129)))], "messages[1].tool_calls[0].function.name"],
    [[calls({ id: 1, function: { name: "f" } })], "messages[1].tool_calls[0].id"],
    [[calls({ id: "a", type: "remote", function: { name: "f" } })], "messages[1].tool_calls[0].type"],
    [
      [calls({ id: "a", function: { name: "f", arguments: {} } })],
      "messages[1].tool_calls[0].function.arguments",
    ],
    [[{ role: "assistant", function_call: "auto" }], "messages[1].function_call"],
    [[calls(...Array.from({ length: 1_001 }, (_, index) => call(`c${index}`)))], "messages[1].tool_calls"],
    [
      [
        calls(call("a")),
        result("a", "1", { extra_content: { google: { parts: [{ inlineData: { data: "QUJD" } }] } } }),
      ],
      "messages[2].extra_content.google.parts[0].inlineData.mimeType",
    ],
    [
      [calls(call("a")), result("a", "1", { extra_content: { google: { parts: [{}] } } })],
      "messages[2].extra_content.google.parts[0]",
    ],
  ])("%#", (messages, param) => {
    const refusal = refusalOf([ask, ...messages], { model: PLAIN });
    expect(refusal.param).toBe(param);
    expect(refusal.message.startsWith(`${param}: `)).toBe(true);
  });
});
