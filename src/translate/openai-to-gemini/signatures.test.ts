import { describe, expect, test } from "vitest";
import { type MessageSettings, translateMessages } from "../../../test/support/translate-messages.ts";
import type { RememberedCall } from "../../signatures/signature-store.ts";

const BYPASS = "skip_thought_signature_validator";
const MODEL = "gemini-3.5-flash";

const ask = { role: "user", content: "q" };
const signed = (signature: string) => ({ extra_content: { google: { thought_signature: signature } } });
const call = (id: string, more: object = {}) => ({
  id,
  type: "function",
  function: { name: "f", arguments: "{}" },
  ...more,
});
/** One step: a call for each argument and its result. */
const step = (...tool_calls: { id: string }[]) => [
  { role: "assistant", content: null, tool_calls },
  ...tool_calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "1" })),
];
const remembering = (calls: Record<string, Partial<RememberedCall>>) => {
  const known = new Map(Object.entries(calls));
  return (id: string): RememberedCall | undefined => {
    const remembered = known.get(id);
    return remembered && { name: "f", model: MODEL, ...remembered };
  };
};

/** The signature of each function call, step by step. */
function signatures(messages: object[], settings: MessageSettings = {}) {
  const { contents, notes } = translateMessages([ask, ...messages], { model: MODEL, ...settings });
  const steps = contents
    .filter(({ role }) => role === "model")
    .map(({ parts }) =>
      (parts ?? []).filter((part) => part.functionCall).map((part) => part.thoughtSignature),
    );
  return { steps, notes };
}

describe("the signature of a call", () => {
  test.each([
    {
      name: "comes from what the caller returned, byte for byte",
      messages: step(call("a", signed("-_QUJD"))),
      steps: [["-_QUJD"]],
    },
    {
      name: "comes from memory where the caller dropped it",
      messages: step(call("a"), call("b")),
      recall: remembering({ a: { signature: "QUJD" }, b: {} }),
      steps: [["QUJD", undefined]],
    },
    {
      name: "is the returned one where memory has another",
      messages: step(call("a", signed("QUJD"))),
      recall: remembering({ a: { signature: "WFla" } }),
      steps: [["QUJD"]],
    },
    {
      name: "is the bypass where nothing is known, on the first call only",
      messages: step(call("a"), call("b"), call("c")),
      steps: [[BYPASS, undefined, undefined]],
      notes: ["added messages[1].tool_calls[0]"],
    },
    {
      name: "is the bypass in each step that needs it, and only there",
      messages: [...step(call("a")), ...step(call("b", signed("QUJD"))), ...step(call("c"))],
      steps: [[BYPASS], ["QUJD"], [BYPASS]],
      notes: ["added messages[1].tool_calls[0]", "added messages[5].tool_calls[0]"],
    },
    {
      name: "of a sibling stays where it is, and the first call still needs one",
      messages: step(call("a"), call("b", signed("QUJD"))),
      steps: [[BYPASS, "QUJD"]],
      notes: ["added messages[1].tool_calls[0]"],
    },
    {
      name: "is never invented for a sibling",
      messages: step(call("a", signed("QUJD")), call("b")),
      steps: [["QUJD", undefined]],
    },
    {
      name: "made by another model is not sent",
      messages: step(call("a")),
      recall: remembering({ a: { signature: "QUJD", model: "gemini-3.8-flash" } }),
      steps: [[BYPASS]],
      notes: ["added messages[1].tool_calls[0]"],
    },
    {
      name: "made by another model is not sent, though the caller returned it",
      messages: [...step(call("a", signed("QUJD"))), ...step(call("b__thought__WFla"))],
      recall: remembering({
        a: { signature: "QUJD", model: "gemini-3.8-flash" },
        b: { signature: "WFla", model: "gemini-3.8-flash" },
      }),
      steps: [[BYPASS], [BYPASS]],
      notes: [
        "ignored messages[1].tool_calls[0].extra_content.google.thought_signature",
        "ignored messages[3].tool_calls[0].id",
        "added messages[1].tool_calls[0]",
        "added messages[3].tool_calls[0]",
      ],
    },
    {
      name: "made by another model is not sent before Gemini 3 either",
      messages: step(call("a", signed("QUJD"))),
      model: "gemini-2.5-flash",
      recall: remembering({ a: { signature: "QUJD" } }),
      steps: [[undefined]],
      notes: ["ignored messages[1].tool_calls[0].extra_content.google.thought_signature"],
    },
    {
      name: "is what the caller returned where another model's is remembered",
      messages: step(call("a", signed("QUJD"))),
      recall: remembering({ a: { signature: "WFla", model: "gemini-3.8-flash" } }),
      steps: [["QUJD"]],
    },
    {
      name: "stays on the call where the message repeats it",
      messages: [
        { role: "assistant", content: null, tool_calls: [call("a", signed("QUJD"))], ...signed("QUJD") },
        { role: "tool", tool_call_id: "a", content: "1" },
      ],
      steps: [["QUJD"]],
    },
    {
      name: "made for another function is not sent",
      messages: step(call("a")),
      recall: remembering({ a: { signature: "QUJD", name: "g" } }),
      steps: [[BYPASS]],
      notes: ["added messages[1].tool_calls[0]"],
    },
    {
      name: "may be carried in the id",
      messages: step(call("a__thought__QUJD")),
      steps: [["QUJD"]],
    },
    {
      name: "in the id counts for nothing if it is none",
      messages: step(call("a__thought__<oops>")),
      steps: [[BYPASS]],
      notes: ["added messages[1].tool_calls[0]"],
    },
    {
      name: "is not needed before Gemini 3",
      messages: step(call("a")),
      model: "gemini-2.5-flash",
      steps: [[undefined]],
    },
    {
      name: "is returned before Gemini 3 too",
      messages: step(call("a", signed("QUJD"))),
      model: "gemini-2.5-flash",
      steps: [["QUJD"]],
    },
    {
      name: "is the bypass everywhere after the model refused one",
      messages: [...step(call("a", signed("QUJD")), call("b", signed("QUJD"))), ...step(call("c"))],
      recall: remembering({ c: { signature: "WFla" } }),
      repair: { bypassSignatures: true },
      steps: [[BYPASS, undefined], [BYPASS]],
      notes: [
        "ignored messages[1].tool_calls[0].extra_content.google.thought_signature",
        "ignored messages[1].tool_calls[1].extra_content.google.thought_signature",
        "added messages[1].tool_calls[0]",
        "added messages[4].tool_calls[0]",
      ],
    },
    {
      name: "of the older function_call is the bypass",
      messages: [
        { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } },
        { role: "function", name: "f", content: "1" },
      ],
      steps: [[BYPASS]],
      notes: ["added messages[1].function_call"],
    },
  ])("$name", ({ messages, steps, notes, model, recall, repair }) => {
    const settings = {
      ...(model === undefined ? {} : { model }),
      ...(recall === undefined ? {} : { recall }),
      ...(repair === undefined ? {} : { repair }),
    };
    const result = signatures(messages, settings);
    expect(result.steps).toEqual(steps);
    expect(result.notes.toSorted()).toEqual((notes ?? []).toSorted());
  });
});

describe("the upstream's call id", () => {
  const recall = remembering({ a: { upstreamId: "up1", signature: "QUJD" }, b: { upstreamId: "up2" } });
  const ids = (settings: MessageSettings) =>
    translateMessages([ask, ...step(call("a"), call("b"))], { model: MODEL, recall, ...settings })
      .contents.flatMap(({ parts }) => parts ?? [])
      .flatMap((part) => part.functionCall ?? part.functionResponse ?? [])
      .map(({ id }) => id);

  test("goes on the call and on its result", () => {
    expect(ids({})).toEqual(["up1", "up2", "up1", "up2"]);
  });

  test("is found by an id that carries a signature", () => {
    const messages = [ask, ...step(call("a__thought__QUJD"))];
    const { contents } = translateMessages(messages, { model: MODEL, recall });
    expect(contents[1]?.parts).toEqual([
      { functionCall: { id: "up1", name: "f", args: {} }, thoughtSignature: "QUJD" },
    ]);
    expect(contents[2]?.parts?.[0]?.functionResponse?.id).toBe("up1");
  });

  test("is left out where the model takes none", () => {
    expect(ids({ model: "gemini-2.5-flash" })).toEqual([undefined, undefined, undefined, undefined]);
  });

  test("is left out after the upstream refused it", () => {
    expect(ids({ repair: { withoutCallIds: true } })).toEqual([undefined, undefined, undefined, undefined]);
  });

  test("is never the caller's own id", () => {
    expect(ids({ recall: () => undefined })).toEqual([undefined, undefined, undefined, undefined]);
  });
});

/** The parts of one assistant message. */
const partsOf = (message: object, settings: MessageSettings = {}) =>
  translateMessages([ask, { role: "assistant", ...message }, ask], { model: MODEL, ...settings }).contents[1]
    ?.parts;

describe("the signature of text", () => {
  test.each([
    [{ content: "x", ...signed("QUJD") }, [{ text: "x", thoughtSignature: "QUJD" }]],
    [
      {
        content: [
          { type: "text", text: "x" },
          { type: "text", text: "y" },
        ],
        ...signed("QUJD"),
      },
      [{ text: "x" }, { text: "y", thoughtSignature: "QUJD" }],
    ],
    [
      {
        content: [
          { type: "text", text: "x", ...signed("QUJD") },
          { type: "text", text: "y" },
        ],
      },
      [{ text: "x", thoughtSignature: "QUJD" }, { text: "y" }],
    ],
    [{ content: [{ type: "text", text: "", ...signed("QUJD") }] }, [{ text: "", thoughtSignature: "QUJD" }]],
    [{ content: "", ...signed("QUJD") }, [{ text: "", thoughtSignature: "QUJD" }]],
    [{ content: null, ...signed("QUJD") }, [{ text: "", thoughtSignature: "QUJD" }]],
    [
      { content: [{ type: "text", text: "x", ...signed("QUJD") }], ...signed("QUJD") },
      [{ text: "x", thoughtSignature: "QUJD" }],
    ],
    [
      { content: [{ type: "text", text: "x", ...signed("QUJD") }], ...signed("WFla") },
      [
        { text: "x", thoughtSignature: "QUJD" },
        { text: "", thoughtSignature: "WFla" },
      ],
    ],
  ])("%j", (message, expected) => {
    expect(partsOf(message)).toEqual(expected);
  });

  test("is not sent again after the model refused one", () => {
    expect(partsOf({ content: "x", ...signed("QUJD") }, { repair: { bypassSignatures: true } })).toEqual([
      { text: "x" },
    ]);
  });
});
