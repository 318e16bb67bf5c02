import { describe, expect, test } from "vitest";
import { readCase } from "./load-cases.ts";

const GOOD = `fact: A greeting comes back as it was.
source: [https://example.com/doc]
profile: basic
exchanges:
  - request: { json: { model: $MODEL, messages: [] } }
    google:
      - { json: {} }
    calls: 1
    seen:
      - { path: status, equals: 200 }
`;

function problems(text: string): string[] {
  const read = readCase(text, "a/b.yaml");
  return "problems" in read ? read.problems : [];
}

test("a good case has its defaults", () => {
  const read = readCase(GOOD, "a/b.yaml");
  expect(read).toMatchObject({
    case: {
      model: "gemini-3.5-flash",
      surface: "gemini-api",
      open: false,
      exchanges: [{ request: { path: "/v1/chat/completions", method: "POST" } }],
    },
  });
});

describe("what is wrong is told by file, line and key", () => {
  test.each<[string, string, string, RegExp]>([
    ["an unknown key", "profile: basic", "profile: basic\nprofil: x", /^a\/b\.yaml:4: profil: is not a key/],
    ["a missing key", "profile: basic\n", "", /^a\/b\.yaml:1: profile: /],
    ["a source that is none", "https://example.com/doc", "example.com", /^a\/b\.yaml:2: source\[0\]: /],
    [
      "an unknown word",
      "equals: 200",
      "equal: 200",
      /^a\/b\.yaml:10: exchanges\[0\]\.seen\[0\]\.equal: is not a key/,
    ],
    [
      "a fact that says nothing",
      "path: status, equals: 200",
      "path: status",
      /:10: .*seen\[0\]: says nothing/,
    ],
    ["a path that makes no sense", "path: status", "path: a..b", /:10: .*seen\[0\]\.path: the path "a\.\.b"/],
    ["a pattern that is none", "equals: 200", 'matches: "("', /:10: .*matches: /],
    ["calls that are no number", "calls: 1", "calls: one", /:8: .*calls: is a number, or \{ min, max \}/],
    ["calls where none may come", "    google:\n      - { json: {} }\n", "", /calls: calls come, but/],
    [
      "an answer of two forms",
      "{ json: {} }",
      "{ json: {}, raw: x }",
      /:7: .*google\[0\]: is one of json, raw/,
    ],
    ["an answer of no form", "{ json: {} }", "{ status: 200 }", /:7: .*google\[0\]: needs one of/],
    ["a gap without events", "{ json: {} }", "{ json: {}, gap_ms: 1 }", /:7: .*gap_ms: belongs to events/],
    [
      "a name nobody captured",
      "model: $MODEL",
      'model: "${id}"',
      /:5: .*request\.json\.model: \$\{id\} is captured by no/,
    ],
    [
      "a case that states nothing",
      "    calls: 1\n    seen:\n      - { path: status, equals: 200 }\n",
      "",
      /the case: states no fact/,
    ],
    ["open without open facts", "profile: basic", "profile: basic\nopen: true", /:4: open: no fact/],
    ["open facts of a closed case", "equals: 200", "equals: 200, open: true", /open: facts are marked open/],
    ["text that is no YAML", "fact: A", "fact: [A", /^a\/b\.yaml:\d+: /],
    ["a key twice", "profile: basic", "profile: basic\nprofile: strict", /:\d: .*unique/],
  ])("%s", (_, from, to, expected) => {
    expect(GOOD).toContain(from);
    const found = problems(GOOD.replace(from, to));
    expect(found.join("\n")).toMatch(expected);
  });
});

test("a captured name is known to the exchanges after it, not to its own", () => {
  const capture = "    capture: { id: body.id }\n";
  const second = `  - request: { json: { x: "\${id}" } }\n    seen: [{ path: body.x, equals: "\${id}" }]\n`;
  expect(problems(GOOD + capture + second)).toEqual([]);
  expect(problems(GOOD + second)).toHaveLength(2);
  expect(problems(GOOD.replace("equals: 200", 'equals: "${id}"') + capture)).toHaveLength(1);
});
