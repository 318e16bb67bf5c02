import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findToolCallFormat, HERMES, type ToolCallFormat } from "./tool-call-format.ts";
import { type AnswerPiece, ToolCallReader } from "./tool-call-reader.ts";

const MISTRAL = findToolCallFormat("[TOOL_CALLS]")!;
const LLAMA3 = findToolCallFormat('<|eot_id|> {"name": x, "parameters": y}')!;

interface Said {
  content: string;
  calls: [name: string, args: string][];
}

function read(format: ToolCallFormat, pieces: readonly string[], started = false): Said {
  const reader = new ToolCallReader(format, ["add", "sub"], started);
  const said: Said = { content: "", calls: [] };
  const all: AnswerPiece[] = [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
  for (const piece of all) {
    if (piece.kind === "content") said.content += piece.text;
    else if (piece.kind === "call") said.calls[piece.index] = [piece.name, ""];
    else said.calls[piece.index]![1] += piece.text;
  }
  expect(reader.calls).toBeGreaterThanOrEqual(said.calls.length - 1);
  return said;
}

const ADD = '{"name": "add", "arguments": {"a": "}\\"{", "b": [1, {}]}}';
const ADDED: [string, string] = ["add", '{"a": "}\\"{", "b": [1, {}]}'];
const SUB = '{"name": "sub", "arguments": {}}';

const CASES: [what: string, format: ToolCallFormat, text: string, said: Said][] = [
  ["no call", HERMES, "Just <tool> text \n", { content: "Just <tool> text \n", calls: [] }],
  ["a call", HERMES, `<tool_call>\n${ADD}\n</tool_call>`, { content: "", calls: [ADDED] }],
  [
    "text and two calls",
    HERMES,
    `Let me see.\n\n<tool_call>${ADD}</tool_call>\n<tool_call>\n${SUB}\n</tool_call>\n`,
    { content: "Let me see.", calls: [ADDED, ["sub", "{}"]] },
  ],
  [
    "text after a call",
    HERMES,
    `<tool_call>${SUB}</tool_call>\nand so on`,
    { content: "and so on", calls: [["sub", "{}"]] },
  ],
  [
    "arguments before the name",
    HERMES,
    '<tool_call>{"arguments": {"a": 1}, "name": "add"}</tool_call>',
    { content: "", calls: [["add", '{"a":1}']] },
  ],
  [
    "arguments as a string",
    HERMES,
    '<tool_call>{"name": "add", "arguments": "{\\"a\\":1}"}</tool_call>',
    { content: "", calls: [["add", '{"a":1}']] },
  ],
  [
    "what is no JSON",
    HERMES,
    "<tool_call>add(1, 2)</tool_call> done",
    { content: "<tool_call>add(1, 2)</tool_call> done", calls: [] },
  ],
  [
    "a call that is cut off in its arguments",
    HERMES,
    '<tool_call>{"name": "add", "arguments": {"a": 1',
    { content: "", calls: [["add", '{"a": 1']] },
  ],
  [
    "a call that is cut off before its name",
    HERMES,
    'So: <tool_call>{"name": "ad',
    { content: 'So: <tool_call>{"name": "ad', calls: [] },
  ],
  ["a list", MISTRAL, `[TOOL_CALLS] [${ADD}, ${SUB}]`, { content: "", calls: [ADDED, ["sub", "{}"]] }],
  [
    "a list in another order",
    MISTRAL,
    '[TOOL_CALLS][{"arguments": {}, "name": "sub"}]',
    { content: "", calls: [["sub", "{}"]] },
  ],
  [
    "an answer that is a call",
    LLAMA3,
    '{"name": "add", "parameters": {"a": 1}}',
    { content: "", calls: [["add", '{"a": 1}']] },
  ],
  [
    "an answer that is other JSON",
    LLAMA3,
    '{"name": "Ada", "parameters": {"a": 1}}',
    { content: '{"name": "Ada", "parameters": {"a": 1}}', calls: [] },
  ],
  ["an answer with a call inside", LLAMA3, `Use ${ADD}`, { content: `Use ${ADD}`, calls: [] }],
];

describe("ToolCallReader", () => {
  test.each(CASES)("reads %s", (_, format, text, said) => {
    expect(read(format, [text])).toEqual(said);
  });

  test.each(CASES)("reads %s letter by letter as in one piece", (_, format, text, said) => {
    expect(read(format, text.split(""))).toEqual(said);
  });

  test.each([
    [HERMES, `\n${ADD}\n</tool_call>`],
    [MISTRAL, `[${ADD}]`],
  ])("goes on after a lead", (format, text) => {
    expect(read(format, text.split(""), true)).toEqual({ content: "", calls: [ADDED] });
  });

  test("gives arguments as they come", () => {
    const reader = new ToolCallReader(HERMES, ["add"], false);
    expect(reader.push('<tool_call>{"name": "add", "arguments": {"a":')).toEqual([
      { kind: "call", index: 0, name: "add" },
      { kind: "arguments", index: 0, text: '{"a":' },
    ]);
    expect(reader.push(" 12")).toEqual([{ kind: "arguments", index: 0, text: " 12" }]);
    expect(reader.push("3}}</tool_call>")).toEqual([{ kind: "arguments", index: 0, text: "3}" }]);
  });

  test("says where a call has just been opened", () => {
    const reader = new ToolCallReader(HERMES, ["add"], false);
    const states = ["Well <tool", "_call>", "\n", "{"].map((piece) => {
      reader.push(piece);
      return reader.atCallStart;
    });
    expect(states).toEqual([false, true, true, false]);
  });

  test("loses nothing of a text that makes no sense, however it is cut", () => {
    const scraps = fc.constantFrom(
      "<tool_call>",
      "</tool_call>",
      "{",
      "}",
      '"name"',
      ":",
      '"add"',
      ",",
      '"arguments"',
      " ",
      "x",
      "[",
      "\n",
    );
    fc.assert(
      fc.property(
        fc.array(scraps, { maxLength: 20 }),
        fc.constantFrom(HERMES, MISTRAL, LLAMA3),
        (pieces, format) => {
          const cut = read(format, pieces);
          expect(read(format, [pieces.join("")])).toEqual(cut);
          if (cut.calls.length === 0) {
            expect(cut.content.replaceAll(/\s/g, "")).toBe(pieces.join("").replaceAll(/\s/g, ""));
          }
        },
      ),
    );
  });
});
