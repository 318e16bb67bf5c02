import fc from "fast-check";
import { expect, test } from "vitest";
import { rewrite } from "./rewrite.ts";
import { SensitiveText } from "./sensitive-text.ts";
import { StandIns } from "./stand-ins.ts";

const sensitive = new SensitiveText();

function withStandIns(units: readonly string[], standIns = new StandIns()): string[] {
  return rewrite(units, { sensitive, replace: (kind, value) => standIns.for(kind, value) });
}

const event = (text: string): string =>
  `data: {"candidates": [{"content": {"parts": [{"text": ${JSON.stringify(text)}}]},"index": 0}]}\r\n\r\n`;

const textOf = (unit: string): string =>
  (JSON.parse(unit.slice(6)) as { candidates: { content: { parts: { text: string }[] } }[] }).candidates[0]!
    .content.parts[0]!.text;

test("a value that is cut in two, three or many by events is one", () => {
  const text = 'Write to "alice@corp.org"\nor +49 171 2345678, not bob@corp.org.';
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
      const places = [0, ...cuts.toSorted((one, other) => one - other), text.length];
      const pieces = places.slice(1).map((place, index) => text.slice(places[index], place));
      const units = withStandIns(pieces.map(event));
      expect(units.map(textOf).join("")).toBe(
        'Write to "person-1@example.com"\nor +15 550 0000001, not person-2@example.com.',
      );
      // Everything around the texts is as it was.
      expect(units.map((unit) => unit.replace(/"text": "(?:[^"\\]|\\.)*"/, ""))).toEqual(
        pieces.map(() => event("").replace('"text": ""', "")),
      );
    }),
  );
});

test("and comes back as it was", () => {
  const standIns = new StandIns();
  const replaced = withStandIns([event("mail ali"), event("ce@corp.org"), event(" now")], standIns);
  const restored = rewrite(replaced, {
    sensitive,
    replace: (kind, value) => standIns.valueOf(kind, Number(/person-(\d+)/.exec(value)?.[1]), value) ?? value,
  });
  expect(restored.map(textOf).join("")).toBe("mail alice@corp.org now");
});

test.each([
  [
    "arguments in a string",
    `{"arguments":"{\\"to\\":\\"a@b.co\\"}"}`,
    `{"arguments":"{\\"to\\":\\"person-1@example.com\\"}"}`,
  ],
  ["keys", `{"a@b.co":1}`, `{"person-1@example.com":1}`],
  ["numbers", `{"card":4111111111111111,"n":1.50}`, `{"card":4000000000000010,"n":1.50}`],
  ["escapes", `{"text":"\\u0061@b.co\\n\\"x"}`, `{"text":"person-1@example.com\\n\\"x"}`],
  ["a page that is no JSON", "<p>a@b.co</p>", "<p>person-1@example.com</p>"],
  [
    "an event that is cut",
    `data: {"error": {"message": "for a@b.co in`,
    `data: {"error": {"message": "for person-1@example.com in`,
  ],
  [
    "numbers too long for a double",
    `{"n":12345678901234567890123,"m":1e400}`,
    `{"n":12345678901234567890123,"m":1e400}`,
  ],
  [
    "signatures, which nobody can read",
    `{"thoughtSignature":"4111111111111111"}`,
    `{"thoughtSignature":"4111111111111111"}`,
  ],
])("%s", (_, raw, expected) => {
  expect(withStandIns([raw])).toEqual([expected]);
});
