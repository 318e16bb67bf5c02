import { describe, expect, test } from "vitest";
import { camelCased } from "./google-names.ts";

describe("both spellings of Google's fields are one", () => {
  test("at every depth", () => {
    expect(
      camelCased({
        system_instruction: { parts: [{ text: "some_text" }] },
        generationConfig: { max_output_tokens: 5, thinking_config: { thinking_level: "LOW" } },
        contents: [{ role: "model", parts: [{ function_call: { name: "f" }, thought_signature: "x_y" }] }],
      }),
    ).toStrictEqual({
      systemInstruction: { parts: [{ text: "some_text" }] },
      generationConfig: { maxOutputTokens: 5, thinkingConfig: { thinkingLevel: "LOW" } },
      contents: [{ role: "model", parts: [{ functionCall: { name: "f" }, thoughtSignature: "x_y" }] }],
    });
  });

  test("what is the caller's own stays as it is", () => {
    const parts = [
      { functionCall: { name: "f", args: { a_b: 1 } } },
      { functionResponse: { name: "f", response: { c_d: { e_f: 1 } } } },
    ];
    expect(
      camelCased({
        contents: [{ parts }],
        tools: [
          {
            function_declarations: [
              { name: "f", parameters: { properties: { a_b: { any_of: [{ type: "STRING" }] } } } },
              { name: "g", parameters_json_schema: { properties: { c_d: { min_items: 1 } } } },
            ],
          },
        ],
        labels: { cost_center: "x" },
      }),
    ).toStrictEqual({
      contents: [{ parts }],
      tools: [
        {
          functionDeclarations: [
            { name: "f", parameters: { properties: { a_b: { anyOf: [{ type: "STRING" }] } } } },
            { name: "g", parametersJsonSchema: { properties: { c_d: { min_items: 1 } } } },
          ],
        },
      ],
      labels: { cost_center: "x" },
    });
  });
});
