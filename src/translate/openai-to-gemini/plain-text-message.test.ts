import { describe, expect, test } from "vitest";
import { toGeminiRequest } from "./request.ts";

const OPTIONS = { surface: "vertex", model: "gemini-2.5-flash" } as const;

describe("messages of a role and a text are translated as all others are", () => {
  test.each([
    ["plain ones", { role: "system", content: "s" }, { role: "assistant", content: "a" }],
    ["thought tags", { role: "user", content: "<t>u</t>" }, { role: "assistant", content: "<t>a</t>b" }],
    ["a null beside the text", { role: "user", content: "u", name: null }, { role: "model", content: "a" }],
    ["empty text", { role: "user", content: "" }, { role: "assistant", content: "" }],
    ["another field", { role: "user", content: "u", x: 1 }, { role: "assistant", content: "a", x: 1 }],
    [
      "the prototype's field",
      JSON.parse('{"role":"user","content":"u","__proto__":{"x":1}}'),
      { role: "user" },
    ],
  ])("%s", (_, ...messages: unknown[]) => {
    for (const marker of [undefined, "t"]) {
      const google = marker === undefined ? {} : { extra_body: { google: { thought_tag_marker: marker } } };
      const body = { messages: [...messages, { role: "user", content: "end" }], ...google };
      const plain = toGeminiRequest(body, OPTIONS);
      // A trace looks at every field of every message.
      const traced = toGeminiRequest(body, { ...OPTIONS, trace: true });
      expect(plain.body).toEqual(traced.body);
      expect(plain.notes.list).toEqual(traced.notes.list);
    }
  });
});
