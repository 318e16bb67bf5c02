import { expect, test } from "vitest";
import { accumulate } from "./accumulate.ts";

const chunk = (delta: object, rest: object = {}): object => ({
  id: "c",
  choices: [{ index: 0, delta, finish_reason: null, ...rest }],
});

test("texts are joined, tool calls by index, the last word on the finish counts", () => {
  const message = accumulate([
    chunk({ role: "assistant", content: "" }),
    chunk({ reasoning_content: "Hm" }),
    chunk({ reasoning_content: "m." }),
    chunk({ content: "Gr" }),
    chunk({ content: "üß" }),
    chunk({
      tool_calls: [{ index: 1, id: "b", type: "function", function: { name: "g", arguments: "{}" } }],
    }),
    chunk({
      tool_calls: [{ index: 0, id: "a", type: "function", function: { name: "f", arguments: '{"x"' } }],
    }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }] }),
    chunk({}, { finish_reason: "tool_calls" }),
    { id: "c", choices: [], usage: { total_tokens: 3 } },
  ]);
  expect(message).toMatchObject({
    id: "c",
    usage: { total_tokens: 3 },
    choices: [
      {
        index: 0,
        role: "assistant",
        content: "Grüß",
        reasoning_content: "Hmm.",
        finish_reason: "tool_calls",
        tool_calls: [
          { index: 1, id: "b", name: "g", arguments: "{}" },
          { index: 0, id: "a", name: "f", arguments: '{"x":1}' },
        ],
      },
    ],
  });
});

test("nothing came: content and finish are null, never invented", () => {
  expect(accumulate([chunk({ role: "assistant" })])).toMatchObject({
    choices: [{ content: null, finish_reason: null }],
  });
  expect(accumulate([])).toEqual({ choices: [] });
  expect(accumulate([null, 3, { choices: "x" }, { choices: [null] }])).toEqual({ choices: [] });
});

test("logprobs and annotations are added up", () => {
  const message = accumulate([
    chunk({ annotations: [{ type: "url_citation" }] }, { logprobs: { content: [{ token: "a" }] } }),
    chunk({ annotations: [{ type: "url_citation" }] }, { logprobs: { content: [{ token: "b" }] } }),
  ]);
  expect(message).toMatchObject({
    choices: [{ logprobs: { content: [{ token: "a" }, { token: "b" }] }, annotations: [{}, {}] }],
  });
});

test("the chunks themselves stay as they are", () => {
  const chunks = [
    chunk({ tool_calls: [{ index: 0, function: { arguments: "a" } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: "b" } }] }),
  ];
  const before = structuredClone(chunks);
  accumulate(chunks);
  expect(chunks).toEqual(before);
});
