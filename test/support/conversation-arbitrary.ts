/** Arbitrary conversations of every role and kind of part, with calls and their results. */
import * as fc from "fast-check";

/** A few values far more often than any, so that ids and names meet and every branch is taken. */
const word = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom("a", "b", "", "x") },
  { weight: 1, arbitrary: fc.string() },
);
const signature = fc.constantFrom("QUJD", "WFla", "");
const extraContent = fc.record(
  {
    google: fc.record(
      { thought: fc.boolean(), thought_signature: signature, odd: word },
      { requiredKeys: [] },
    ),
    vertex: fc.record({ thought_signature: signature }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);
const url = fc.constantFrom(
  "data:image/png;base64,QUJD",
  "gs://b/a.png",
  "https://example.org/a",
  "data:text/plain,x",
);
const part = fc.oneof(
  fc.record(
    { type: fc.constant("text"), text: word, extra_content: extraContent },
    { requiredKeys: ["type", "text"] },
  ),
  fc.record(
    { type: fc.constant("text"), text: word, [`odd key`]: fc.jsonValue() },
    { requiredKeys: ["type", "text"] },
  ),
  fc.record({
    type: fc.constant("image_url"),
    image_url: fc.oneof(
      url,
      fc.record(
        { url, detail: fc.constantFrom("auto", "low", "high", "ultra_high") },
        { requiredKeys: ["url"] },
      ),
    ),
  }),
  fc.record({
    type: fc.constant("input_audio"),
    input_audio: fc.record({
      data: fc.constantFrom("QUJD", "gs://b/a.wav"),
      format: fc.constantFrom("wav", "mp3"),
    }),
  }),
  fc.record({
    type: fc.constant("file"),
    file: fc.record({
      file_data: fc.constantFrom("QUJD", "data:;base64,QUJD"),
      filename: fc.constant("a.pdf"),
    }),
  }),
);
const textPart = fc.record({ type: fc.constant("text"), text: word });
const text = fc.oneof(word, fc.constant(null), fc.array(textPart, { maxLength: 3 }));
const toolCall = fc.record(
  {
    id: fc.constantFrom("a", "b", "c", "d__thought__QUJD"),
    type: fc.constant("function"),
    function: fc.record({
      name: fc.constantFrom("f", "g"),
      arguments: fc.oneof(fc.json(), fc.constantFrom("", "{", '{"__proto__":1}')),
    }),
    extra_content: extraContent,
  },
  { requiredKeys: ["id", "function"] },
);
const assistant = fc.record(
  {
    role: fc.constantFrom("assistant", "model"),
    content: text,
    refusal: fc.constantFrom(null, "no"),
    reasoning_content: word,
    audio: fc.constantFrom(null, { id: "x" }, { transcript: "x" }),
    annotations: fc.array(fc.jsonValue(), { maxLength: 1 }),
    tool_calls: fc.uniqueArray(toolCall, { maxLength: 3, selector: ({ id }) => id }),
    function_call: fc.constantFrom(null, { name: "f", arguments: "{}" }),
    images: fc.array(fc.record({ type: fc.constant("image_url"), image_url: fc.record({ url }) }), {
      maxLength: 1,
    }),
    extra_content: extraContent,
  },
  { requiredKeys: ["role"] },
);
const toolMessage = fc.record(
  {
    role: fc.constantFrom("tool", "function"),
    tool_call_id: fc.constantFrom("a", "b", "c", "d"),
    name: fc.constantFrom("f", "g"),
    content: fc.oneof(fc.json(), text, fc.array(part, { maxLength: 2 })),
  },
  { requiredKeys: ["role", "content"] },
);
const message = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ role: fc.constantFrom("system", "developer"), content: text, name: word }),
  },
  {
    weight: 3,
    arbitrary: fc.record(
      {
        role: fc.constant("user"),
        content: fc.oneof(text, fc.array(part, { maxLength: 4 })),
        extra_content: extraContent,
      },
      { requiredKeys: ["role"] },
    ),
  },
  { weight: 4, arbitrary: assistant },
  { weight: 2, arbitrary: toolMessage },
);
/** An assistant that calls, and results for some of its calls, so that acceptance is common. */
const exchange = fc
  .tuple(assistant, fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), fc.json())
  .map(([caller, answered, content]) => [
    caller,
    ...(caller.tool_calls ?? [])
      .filter((_, index) => answered[index])
      .map(({ id }) => ({ role: "tool", tool_call_id: id, content })),
  ]);
/** Messages that are mostly well formed, a few values meeting often: most conversations can be translated. */
export const conversation = fc
  .array(
    fc.oneof(
      message.map((one) => [one]),
      exchange,
    ),
    { maxLength: 6 },
  )
  .map((pieces): unknown[] => pieces.flat());
