import { describe, expect, test } from "vitest";
import { describeBug, printable, withoutEcho } from "./safe-text.ts";

const PROMPT = "a canary in the mine, called c0ffee42";
const REQUEST = Buffer.from(JSON.stringify({ messages: [{ role: "user", content: PROMPT }] }));

describe("what an upstream said", () => {
  test.each([
    ["Quota exceeded for quota metric 'GenerateContent' of projects/123456789012.", undefined],
    [`Invalid value: "${PROMPT}"`, 'Invalid value: "[...] [...] [...] [...] [...], [...] [...]"'],
    ["Bad word c0ffee42 there", "Bad word [...] there"],
    ["near canary in the", "near [...] [...] [...]"],
    ["odd \u001b[31mred\r\nline", "odd  [31mred line"],
  ])("%j", (said, kept) => {
    expect(withoutEcho(said, REQUEST)).toBe(kept ?? said);
  });

  test("holds no secret, is bounded, and is left out where the request is too large to compare", () => {
    expect(withoutEcho("The key s3cret is wrong", REQUEST, ["s3cret", undefined, ""])).toBe(
      "The key [...] is wrong",
    );
    expect(withoutEcho("word ".repeat(1000), REQUEST)?.length).toBeLessThanOrEqual(500);
    expect(withoutEcho("Quota exceeded.", Buffer.alloc(300_000))).toBeUndefined();
  });

  test("a piece of a long word of the request is that word's", () => {
    const image = Buffer.from(JSON.stringify({ url: `data:image/png;base64,${"QUJD".repeat(100)}` }));
    expect(withoutEcho(`Cannot decode QUJD${"QUJD".repeat(20)} as PNG`, image)).toBe(
      "Cannot decode [...] as PNG",
    );
  });
});

describe("a bug", () => {
  test("is told by kind, words and frames", () => {
    const bug = new TypeError("Cannot read properties of undefined (reading 'parts')", {
      cause: new RangeError("Invalid array length"),
    });
    expect(describeBug(bug)).toMatchObject({
      type: "TypeError",
      message: "Cannot read properties of undefined (reading 'parts')",
      stack: expect.arrayContaining([expect.stringMatching(/^at .*safe-text\.test\.ts/)]),
      cause: { type: "RangeError", message: "Invalid array length" },
    });
  });

  test.each(["canary", "a canary in the mine", "canary-0"])(
    "S-46 without the data %j that the parser quotes",
    (text) => {
      let caught: unknown;
      try {
        JSON.parse(`{"a": ${text}`);
      } catch (error) {
        caught = error;
      }
      expect(String(caught)).toContain("canary");
      expect(JSON.stringify(describeBug(caught))).not.toContain("canary");
    },
  );

  test.each([`unknown value "a canary"`, "bad 'canary.\nline'", 'cut "canary and no end'])(
    "S-46 without quoted data: %j",
    (message) => {
      expect(describeBug(new Error(message)).message).not.toContain("canary");
    },
  );

  test.each([undefined, null, "canary", { message: "canary" }])("that is no error: %j", (thrown) => {
    expect(JSON.stringify(describeBug(thrown))).not.toContain("canary");
  });

  test("ends, however its causes go in circles", () => {
    const bug = new Error("round");
    bug.cause = bug;
    expect(describeBug(bug).cause?.cause?.cause?.cause?.cause).toBeUndefined();
  });
});

test("S-49 a name is one line, without commands to a terminal", () => {
  expect(printable('m\r\n{"level":60}\u001b]0;x\u0007\u2028')).toBe('m??{"level":60}?]0;x??');
});
