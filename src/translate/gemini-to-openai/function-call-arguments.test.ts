import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject, PartialArg } from "../../wire/gemini.ts";
import { FunctionCallArguments } from "./function-call-arguments.ts";

/** Text after each event's `partialArgs`, then the closing text. */
function pushed(events: PartialArg[][]): string[] {
  const built = new FunctionCallArguments();
  return [...events.map((event) => built.push(event)), built.end()];
}

/** What a parser that closes everything still open would read. */
function closed(prefix: string): string {
  const closers: string[] = [];
  let inString = false;
  for (let at = 0; at < prefix.length; at += 1) {
    const character = prefix[at];
    if (inString) {
      if (character === "\\") at += 1;
      else if (character === `"`) inString = false;
    } else if (character === `"`) inString = true;
    else if (character === "{") closers.unshift("}");
    else if (character === "[") closers.unshift("]");
    else if (character === "}" || character === "]") closers.shift();
  }
  return prefix + (inString ? `"` : "") + closers.join("");
}

describe("pieces", () => {
  test.each<{ name: string; events: PartialArg[][]; args: unknown }>([
    { name: "nothing", events: [], args: {} },
    { name: "an event without arguments", events: [[]], args: {} },
    {
      name: "a string in pieces, with characters that need escapes",
      events: [
        [{ jsonPath: "$.a", stringValue: "line\n", willContinue: true }],
        [{ jsonPath: "$.a", stringValue: `"\\ \u2028`, willContinue: true }],
        [{ jsonPath: "$.a", stringValue: "" }],
      ],
      args: { a: `line\n"\\ \u2028` },
    },
    {
      name: "a surrogate pair cut in two",
      events: [
        [{ jsonPath: "$.a", stringValue: "\ud83d", willContinue: true }],
        [{ jsonPath: "$.a", stringValue: "\ude42" }],
      ],
      args: { a: "🙂" },
    },
    {
      name: "scalars",
      events: [
        [
          { jsonPath: "$.n", numberValue: -1.5e21 },
          { jsonPath: "$.b", boolValue: false },
          { jsonPath: "$.z", nullValue: "NULL_VALUE" },
        ],
      ],
      args: { n: -1.5e21, b: false, z: null },
    },
    {
      name: "containers left and entered",
      events: [
        [
          { jsonPath: "$.items[0].qty", numberValue: 1 },
          { jsonPath: "$.items[0].tags[0]", stringValue: "x" },
        ],
        [{ jsonPath: "$.items[1].qty", numberValue: 2 }],
        [{ jsonPath: "$.note", stringValue: "y" }],
      ],
      args: { items: [{ qty: 1, tags: ["x"] }, { qty: 2 }], note: "y" },
    },
    {
      name: "names in brackets, with escapes, dots and prototypes",
      events: [
        [
          { jsonPath: `$['a.b']`, numberValue: 1 },
          { jsonPath: `$["c\\"d"]`, numberValue: 2 },
          { jsonPath: `$['e\\'f']`, numberValue: 3 },
          { jsonPath: "$.__proto__", numberValue: 4 },
          { jsonPath: "$.größe", numberValue: 5 },
        ],
      ],
      args: JSON.parse(`{"a.b":1,"c\\"d":2,"e'f":3,"__proto__":4,"größe":5}`),
    },
    {
      name: "gaps in an array",
      events: [[{ jsonPath: "$.a[2]", numberValue: 7 }]],
      args: { a: [null, null, 7] },
    },
    {
      name: "an announced string, and its end told by its path alone",
      events: [
        [{ jsonPath: "$.a", willContinue: true }],
        [{ jsonPath: "$.a", stringValue: "x", willContinue: true }],
        [{ jsonPath: "$.a" }],
        [{ jsonPath: "$.b", boolValue: true }],
      ],
      args: { a: "x", b: true },
    },
  ])("$name", ({ events, args }) => {
    const texts = pushed(events);
    expect(JSON.parse(texts.join(""))).toEqual(args);
    let prefix = "";
    for (const text of texts.slice(0, -1)) {
      prefix += text;
      if (prefix !== "") expect(() => JSON.parse(closed(prefix))).not.toThrow();
    }
  });

  test.each([
    "",
    "$",
    "a",
    "$a",
    "$.",
    "$..a",
    "$[0]",
    "$.a[*]",
    "$.a[-1]",
    "$.a[99999]",
    "$['a",
    `$["\\q"]`,
    `$${".a".repeat(100)}`,
  ])("a path that cannot be read is an error: %s", (jsonPath) => {
    expect(() => pushed([[{ jsonPath, numberValue: 1 }]])).toThrowError(
      expect.objectContaining({
        failure: expect.objectContaining({ status: 502, code: "malformed_function_call" }),
      }),
    );
  });

  test.each([
    ["$.a", "$.a"],
    ["$.a", "$.a.b"],
    ["$.a.b", "$.a"],
    ["$.a[1]", "$.a[0]"],
    ["$.a[0]", "$.a.b"],
  ])("going back is an error: %s, then %s", (first, second) => {
    const events = [[{ jsonPath: first, numberValue: 1 }], [{ jsonPath: second, numberValue: 2 }]];
    expect(() => pushed(events)).toThrowError(/already written/);
  });
});

/** Any arguments as the model would stream them: in order, strings in pieces. Empty containers have no path. */
function streamOf(args: JsonObject): PartialArg[] {
  const partials: PartialArg[] = [];
  const walk = (value: Json, path: string): void => {
    if (typeof value === "string") {
      for (const character of value)
        partials.push({ jsonPath: path, stringValue: character, willContinue: true });
      partials.push({ jsonPath: path, stringValue: "" });
    } else if (typeof value === "number") partials.push({ jsonPath: path, numberValue: value });
    else if (typeof value === "boolean") partials.push({ jsonPath: path, boolValue: value });
    else if (value === null) partials.push({ jsonPath: path, nullValue: null });
    else if (Array.isArray(value))
      for (const [index, entry] of value.entries()) walk(entry, `${path}[${index}]`);
    else for (const [name, entry] of Object.entries(value)) walk(entry, `${path}[${JSON.stringify(name)}]`);
  };
  walk(args, "$");
  return partials;
}

function withoutEmpty(value: Json): Json | undefined {
  if (Array.isArray(value)) {
    const entries = value.map((entry) => withoutEmpty(entry) ?? 0);
    return entries.length === 0 ? undefined : entries;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).flatMap(([name, entry]) => {
    const kept = withoutEmpty(entry);
    return kept === undefined ? [] : [[name, kept] as const];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

test("any arguments come out as they went in, and are valid at every step", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), fc.nat(3), (given, grouping) => {
      const args = (withoutEmpty(JSON.parse(JSON.stringify(given)) as Json) ?? {}) as JsonObject;
      const partials = streamOf(args);
      const events: PartialArg[][] = [];
      while (partials.length > 0) events.push(partials.splice(0, grouping + 1));
      const texts = pushed(events);
      expect(JSON.parse(texts.join(""))).toEqual(args);
      let prefix = "";
      for (const text of texts.slice(0, -1)) {
        prefix += text;
        JSON.parse(closed(prefix));
      }
    }),
  );
});
