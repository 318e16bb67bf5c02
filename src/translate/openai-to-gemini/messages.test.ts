import { describe, expect, test } from "vitest";
import { refusalOf, translateMessages } from "../../../test/support/translate-messages.ts";

const user = (content: unknown) => ({ role: "user", content });
const assistant = (content: unknown, more: object = {}) => ({ role: "assistant", content, ...more });
const system = (content: unknown) => ({ role: "system", content });

describe("a conversation", () => {
  test.each([
    {
      name: "one question",
      messages: [user("Hi")],
      contents: [{ role: "user", parts: [{ text: "Hi" }] }],
    },
    {
      name: "system and developer text is hoisted, one part for each text",
      messages: [
        system("A"),
        {
          role: "developer",
          content: [
            { type: "text", text: "B" },
            { type: "text", text: "" },
            { type: "text", text: "C" },
          ],
        },
        user("Hi"),
      ],
      systemInstruction: { parts: [{ text: "A" }, { text: "B" }, { text: "C" }] },
      contents: [{ role: "user", parts: [{ text: "Hi" }] }],
    },
    {
      name: "a system message in the middle is moved, and does not part its neighbours",
      messages: [user("1"), system("S"), user("2")],
      systemInstruction: { parts: [{ text: "S" }] },
      contents: [{ role: "user", parts: [{ text: "1" }, { text: "2" }] }],
      notes: ["approximated messages[1]"],
    },
    {
      name: "neighbours of one role become one content",
      messages: [user("1"), user("2"), assistant("3"), { role: "model", content: "4" }, user("5")],
      contents: [
        { role: "user", parts: [{ text: "1" }, { text: "2" }] },
        { role: "model", parts: [{ text: "3" }, { text: "4" }] },
        { role: "user", parts: [{ text: "5" }] },
      ],
    },
    {
      name: "system messages alone are sent as the user's",
      messages: [system("Write a haiku."), system("Now.")],
      contents: [{ role: "user", parts: [{ text: "Write a haiku." }, { text: "Now." }] }],
      notes: ["added messages"],
    },
    {
      name: "an assistant that speaks first gets a user turn before it",
      messages: [assistant("Welcome."), user("Hi")],
      contents: [
        { role: "user", parts: [{ text: "Begin." }] },
        { role: "model", parts: [{ text: "Welcome." }] },
        { role: "user", parts: [{ text: "Hi" }] },
      ],
      notes: ["added messages[0]"],
    },
    {
      name: "an empty user message holds a space",
      messages: [system("S"), user("")],
      systemInstruction: { parts: [{ text: "S" }] },
      contents: [{ role: "user", parts: [{ text: " " }] }],
      notes: ["added messages[1]"],
    },
    {
      name: "null, absent and empty-list content say nothing",
      messages: [user("1"), user(null), { role: "user" }, user([])],
      contents: [{ role: "user", parts: [{ text: "1" }] }],
    },
    {
      name: "an empty assistant turn is left out and its neighbours join",
      messages: [user("1"), assistant(""), user("2")],
      contents: [{ role: "user", parts: [{ text: "1" }, { text: "2" }] }],
      notes: ["ignored messages[1]"],
    },
    {
      name: "names, unknown fields and foreign extras are noted; nulls are not",
      messages: [
        {
          role: "user",
          name: "ann",
          content: [{ type: "text", text: "Hi", cache_control: { type: "ephemeral" } }],
          weight: 1,
          refusal: null,
          extra_content: { google: { thought: true, novelty: 1 }, elsewhere: { a: 1 } },
        },
      ],
      contents: [{ role: "user", parts: [{ text: "Hi" }] }],
      notes: [
        "ignored messages[0].weight",
        "ignored messages[0].name",
        "ignored messages[0].extra_content.elsewhere",
        "ignored messages[0].extra_content.google.thought",
        "ignored messages[0].extra_content.google.novelty",
        "ignored messages[0].content[0].cache_control",
      ],
    },
  ])("$name", ({ messages, contents, systemInstruction, notes }) => {
    const result = translateMessages(messages);
    expect(result.contents).toEqual(contents);
    expect(result.systemInstruction).toEqual(systemInstruction);
    expect(result.notes.toSorted()).toEqual((notes ?? []).toSorted());
  });
});

describe("a trailing assistant message", () => {
  const messages = [user("1"), assistant("2")];

  test("stays last where the model takes a prefill", () => {
    const { contents, notes } = translateMessages(messages, { model: "gemini-2.5-flash" });
    expect(contents.at(-1)).toEqual({ role: "model", parts: [{ text: "2" }] });
    expect(notes).toEqual([]);
  });

  test("is followed by a user turn where it does not", () => {
    const { contents, notes } = translateMessages(messages, { model: "gemini-3.8-flash" });
    expect(contents.at(-1)).toEqual({ role: "user", parts: [{ text: "Continue." }] });
    expect(notes).toEqual(["added messages[1]"]);
  });
});

describe("an assistant message", () => {
  test.each([
    {
      name: "a refusal is replayed as text, from either place",
      message: { role: "assistant", content: [{ type: "refusal", refusal: "No." }], refusal: "Never." },
      parts: [{ text: "No." }, { text: "Never." }],
      notes: ["approximated messages[1].content[0].refusal", "approximated messages[1].refusal"],
    },
    {
      name: "audio is replayed as its transcript",
      message: { role: "assistant", content: null, audio: { id: "a1", data: "QUJD", transcript: "Hello" } },
      parts: [{ text: "Hello" }],
      notes: ["approximated messages[1].audio"],
    },
    {
      name: "audio by id cannot be replayed",
      message: { role: "assistant", content: "x", audio: { id: "a1" } },
      parts: [{ text: "x" }],
      notes: ["ignored messages[1].audio"],
    },
    {
      name: "reasoning is not replayed",
      message: { role: "assistant", content: "x", reasoning_content: "hm", reasoning: "hm" },
      parts: [{ text: "x" }],
      notes: ["ignored messages[1].reasoning_content", "ignored messages[1].reasoning"],
    },
    {
      name: "what an SDK sends back unasked is no loss",
      message: {
        role: "assistant",
        content: "x",
        refusal: null,
        audio: null,
        annotations: [],
        tool_calls: [],
        function_call: null,
      },
      parts: [{ text: "x" }],
      notes: [],
    },
    {
      name: "a message marked as a thought",
      message: { role: "assistant", content: "x", extra_content: { google: { thought: true } } },
      parts: [{ text: "x", thought: true }],
      notes: [],
    },
    {
      name: "a part marked as a thought",
      message: {
        role: "assistant",
        content: [
          { type: "text", text: "x", extra_content: { google: { thought: true } } },
          { type: "text", text: "y" },
        ],
      },
      parts: [{ text: "x", thought: true }, { text: "y" }],
      notes: [],
    },
    {
      name: "the vertex namespace is an alias",
      message: { role: "assistant", content: "x", extra_content: { vertex: { thought_signature: "QUJD" } } },
      parts: [{ text: "x", thoughtSignature: "QUJD" }],
      notes: [],
    },
    {
      name: "google is read before vertex",
      message: {
        role: "assistant",
        content: "x",
        extra_content: { google: { thought_signature: "QUJD" }, vertex: { thought_signature: "WFla" } },
      },
      parts: [{ text: "x", thoughtSignature: "QUJD" }],
      notes: ["ignored messages[1].extra_content.vertex"],
    },
    {
      name: "an image the model made comes back with its signature",
      message: {
        role: "assistant",
        content: "Here.",
        images: [
          {
            type: "image_url",
            index: 0,
            image_url: { url: "data:image/png;base64,iVBORw==" },
            extra_content: { google: { thought_signature: "QUJD" } },
          },
        ],
      },
      parts: [
        { text: "Here." },
        { inlineData: { mimeType: "image/png", data: "iVBORw==" }, thoughtSignature: "QUJD" },
      ],
      notes: [],
    },
  ])("$name", ({ message, parts, notes }) => {
    const result = translateMessages([user("q"), message, user("next")]);
    expect(result.contents[1]).toEqual({ role: "model", parts });
    expect(result.notes).toEqual(notes);
  });
});

/** The assistant's parts in a request that sets the marker `think`. */
const tagged = (content: unknown, more: object = {}) =>
  translateMessages([user("q"), assistant(content, more), user("next")], { marker: "think" }).contents[1]
    ?.parts;

describe("thought tags", () => {
  test.each([
    ["<think>A</think>B", [{ text: "A", thought: true }, { text: "B" }]],
    ["x<think>A</think>", [{ text: "x" }, { text: "A", thought: true }]],
    [
      "<think>A</think>B<think>C</think>D",
      [{ text: "A", thought: true }, { text: "B" }, { text: "C", thought: true }, { text: "D" }],
    ],
    ["<think></think>B", [{ text: "B" }]],
    ["<think>never closed", [{ text: "<think>never closed" }]],
    ["</think>B", [{ text: "</think>B" }]],
    ["plain", [{ text: "plain" }]],
  ])("%s", (content, expected) => {
    expect(tagged(content)).toEqual(expected);
  });

  test("are only text without a marker in this request", () => {
    const { contents } = translateMessages([user("q"), assistant("<think>A</think>B"), user("next")]);
    expect(contents[1]?.parts).toEqual([{ text: "<think>A</think>B" }]);
  });

  test("are only text where the message says outright what it is", () => {
    expect(tagged("<think>A</think>B", { extra_content: { google: { thought: false } } })).toEqual([
      { text: "<think>A</think>B" },
    ]);
  });

  test("are only text in a user message", () => {
    const { contents } = translateMessages([user("<think>A</think>B")], { marker: "think" });
    expect(contents[0]?.parts).toEqual([{ text: "<think>A</think>B" }]);
  });

  test("a signature stays with the answer, not the thought", () => {
    expect(tagged("<think>A</think>B", { extra_content: { google: { thought_signature: "QUJD" } } })).toEqual(
      [
        { text: "A", thought: true },
        { text: "B", thoughtSignature: "QUJD" },
      ],
    );
  });
});

describe("refused, by name", () => {
  test.each([
    [undefined, "messages"],
    ["Hi", "messages"],
    [[], "messages"],
    [[assistant("")], "messages"],
    [["Hi"], "messages[0]"],
    [[null], "messages[0]"],
    [[{ content: "Hi" }], "messages[0].role"],
    [[{ role: 1, content: "Hi" }], "messages[0].role"],
    [[{ role: "critic", content: "Hi" }], "messages[0].role"],
    [[{ role: "constructor", content: "Hi" }], "messages[0].role"],
    [[user(5)], "messages[0].content"],
    [[user({ type: "text", text: "Hi" })], "messages[0].content"],
    [[user(["Hi"])], "messages[0].content[0]"],
    [[user([{ text: "Hi" }])], "messages[0].content[0].type"],
    [[user([{ type: "text" }])], "messages[0].content[0].text"],
    [[user([{ type: "text", text: 5 }])], "messages[0].content[0].text"],
    [[user([{ type: "toString" }])], "messages[0].content[0].type"],
    [[user([{ type: "refusal", refusal: "No" }])], "messages[0].content[0].type"],
    [[system([{ type: "image_url", image_url: "gs://b/a.png" }])], "messages[0].content[0].type"],
    [[{ role: "user", content: "Hi", name: 5 }], "messages[0].name"],
    [[{ role: "user", content: "Hi", extra_content: [1] }], "messages[0].extra_content"],
    [[{ role: "user", content: "Hi", extra_content: { google: "x" } }], "messages[0].extra_content.google"],
    [
      [user("q"), assistant("x", { extra_content: { google: { thought: "yes" } } })],
      "messages[1].extra_content.google.thought",
    ],
    [
      [user("q"), assistant("x", { extra_content: { google: { thought_signature: "not base64!" } } })],
      "messages[1].extra_content.google.thought_signature",
    ],
    [[user("q"), assistant("x", { refusal: {} })], "messages[1].refusal"],
    [[user("q"), assistant("x", { tool_calls: {} })], "messages[1].tool_calls"],
    [[user("q"), assistant("x", { images: [{ image_url: 5 }] })], "messages[1].images[0].image_url"],
    [Array.from({ length: 10_001 }, () => user("x")), "messages"],
    [[user(Array.from({ length: 10_001 }, () => ({ type: "text", text: "x" })))], "messages[0].content"],
  ])("%#", (messages, param) => {
    const refusal = refusalOf(messages);
    expect(refusal.param).toBe(param);
    expect(refusal.message.startsWith(`${param}: `)).toBe(true);
  });
});

test("a conversation as large as allowed is translated without overflowing the stack", () => {
  const many = Array.from({ length: 10_000 }, () => ({ type: "text", text: "x" }));
  const { contents } = translateMessages(Array.from({ length: 30 }, () => user(many)));
  expect(contents).toHaveLength(1);
  expect(contents[0]?.parts).toHaveLength(300_000);
});

describe("what accumulated streams send back", () => {
  test("a thought flag added up to a number says nothing, and is noted", () => {
    const { contents, notes } = translateMessages([
      user("Hi"),
      assistant("Hello", { extra_content: { google: { thought: 3 } } }),
      user("And?"),
    ]);
    expect(contents[1]).toEqual({ role: "model", parts: [{ text: "Hello" }] });
    expect(notes).toEqual(["ignored messages[1].extra_content.google.thought"]);
  });

  test("the signature of a message with function_call belongs to the call", () => {
    const { contents, notes } = translateMessages([
      user("Tide?"),
      assistant(null, {
        function_call: { name: "tide", arguments: "{}" },
        extra_content: { google: { thought_signature: "QUJDRA==" } },
      }),
      { role: "function", name: "tide", content: "04:12" },
    ]);
    expect(contents[1]!.parts).toEqual([
      { functionCall: { name: "tide", args: {} }, thoughtSignature: "QUJDRA==" },
    ]);
    expect(notes).toEqual([]);
  });
});
