import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withMember } from "./json-member.ts";

const change = (text: string): string =>
  Buffer.concat(withMember(Buffer.from(text), "model", "new")).toString();

describe("withMember", () => {
  test.each([
    ['{"model":"old"}', '{"model":"new"}'],
    [
      ' { "model" : "o\\"ld" , "seed": 12345678901234567890 } ',
      ' { "model" : "new" , "seed": 12345678901234567890 } ',
    ],
    [
      '{"a":{"model":"in"},"model":null,"b":[{"model":1}]}',
      '{"a":{"model":"in"},"model":"new","b":[{"model":1}]}',
    ],
    ['{"model":{"x":[1,2]},"b":1.0}', '{"model":"new","b":1.0}'],
    ['{"mod\\u0065l":"old","model":"twice"}', '{"mod\\u0065l":"new","model":"new"}'],
    ['{"x":"model","y":["model","z"]}', '{"model":"new","x":"model","y":["model","z"]}'],
    ["{ }", '{"model":"new" }'],
    ["\ufeff{}", '\ufeff{"model":"new"}'],
  ])("%s", (text, expected) => {
    expect(change(text)).toBe(expected);
  });

  test("what is not the member stays as it was, byte for byte", () => {
    const json = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.oneof(fc.string(), fc.constantFrom("model", "__proto__", 'a"b')), json), {
          maxLength: 6,
        }),
        fc.constantFrom("", " ", "\n\t"),
        (members, space) => {
          const write = (chosen: (value: unknown, key: string) => unknown): string =>
            `${space}{${members
              .map(
                ([key, value]) =>
                  `${space}${JSON.stringify(key)}${space}:${space}${JSON.stringify(chosen(value, key))}${space}`,
              )
              .join(",")}}${space}`;
          const changed = change(write((value) => value));
          if (members.some(([key]) => key === "model")) {
            expect(changed).toBe(write((value, key) => (key === "model" ? "new" : value)));
          } else {
            expect(changed.replace(/"model":"new",?/, "")).toBe(write((value) => value));
            expect((JSON.parse(changed) as { model: string }).model).toBe("new");
          }
        },
      ),
    );
  });
});
