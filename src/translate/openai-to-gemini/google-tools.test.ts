import { expect, test } from "vitest";
import { contextFor, noted } from "../../../test/support/request-context.ts";
import { readGoogleOptions } from "./extra-body.ts";
import { toGoogleTools } from "./google-tools.ts";

function tools(request: Record<string, unknown>) {
  const context = contextFor();
  const { declarations, hosted } = toGoogleTools(request, readGoogleOptions(request, context.notes), context);
  return { declarations, hosted, notes: noted(context) };
}

test.each<[string, Record<string, unknown>, unknown[], string[]]>([
  ["nothing", {}, [], []],
  ["search", { web_search_options: {} }, [{ googleSearch: {} }], []],
  [
    "search with options",
    { web_search_options: { search_context_size: "low", user_location: null, x: 1 } },
    [{ googleSearch: {} }],
    ["ignored web_search_options.search_context_size", "ignored web_search_options.x"],
  ],
  [
    "native tools",
    { google: { tools: [{ google_search: { exclude_domains: ["a.example"] } }, { urlContext: {} }] } },
    [{ googleSearch: { excludeDomains: ["a.example"] } }, { urlContext: {} }],
    [],
  ],
  [
    "search asked for twice",
    { web_search_options: {}, google: { tools: [{ googleSearch: {} }] } },
    [{ googleSearch: {} }],
    [],
  ],
  [
    "names of the caller's own inside native tools",
    {
      google: {
        tools: [
          {
            function_declarations: [
              {
                name: "f",
                parameters_json_schema: { properties: { some_key: { type: "string" }, ["__proto__"]: {} } },
              },
            ],
          },
        ],
      },
    },
    [
      {
        name: "f",
        parametersJsonSchema: { properties: { some_key: { type: "string" }, ["__proto__"]: {} } },
      },
    ],
    [],
  ],
])("%s", (_, request, expected, notes) => {
  const result = tools(request);
  expect(JSON.stringify([...result.declarations, ...result.hosted])).toBe(JSON.stringify(expected));
  expect(result.notes).toEqual(notes);
});

function nested(depth: number): unknown {
  return depth === 0 ? {} : [nested(depth - 1)];
}

test.each([
  [{ web_search_options: true }, /^web_search_options/],
  [{ google: { tools: {} } }, /^google\.tools$/],
  [{ google: { tools: ["google_search"] } }, /^google\.tools\[0\]$/],
  [{ google: { tools: [{}] } }, /^google\.tools\[0\]$/],
  [{ google: { tools: [{ functionDeclarations: {} }] } }, /^google\.tools\[0\]\.functionDeclarations$/],
  [{ google: { tools: [{ functionDeclarations: [1] }] } }, /^google\.tools\[0\]\.functionDeclarations\[0\]$/],
  [{ google: { tools: [{ x: NaN }] } }, /^google\.tools\[0\]\.x$/],
  [{ google: { tools: [{ x: nested(1000) }] } }, /^google\.tools\[0\]\.x/],
  [{ google: { tools: Array.from({ length: 65 }, () => ({ googleSearch: {} })) } }, /^google\.tools$/],
])("%# names the place", (request, param) => {
  expect(() => tools(request)).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param: expect.stringMatching(param) } }),
  );
});
