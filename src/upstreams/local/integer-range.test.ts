import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { integerRange } from "./integer-range.ts";

/** Without quotes and spaces, these GBNF expressions are regular expressions. */
function matcher(minimum: number | undefined, maximum: number | undefined): RegExp {
  return new RegExp(`^(?:${integerRange(minimum, maximum)!.replaceAll(/["\s]/g, "")})$`);
}

describe("integerRange", () => {
  test.each([
    [0, 9],
    [1, 1],
    [12, 345],
    [-5, 5],
    [-120, -7],
    [99, 101],
    [0, 0],
  ])("from %i to %i is exactly these", (minimum, maximum) => {
    const matches = matcher(minimum, maximum);
    for (let value = -1100; value <= 1100; value++) {
      expect([value, matches.test(String(value))]).toEqual([value, value >= minimum && value <= maximum]);
    }
  });

  const bound = fc.option(fc.maxSafeInteger(), { nil: undefined });
  test("decides any integer by its bounds", () => {
    fc.assert(
      fc.property(bound, bound, fc.maxSafeInteger(), (one, other, value) => {
        const [minimum, maximum] =
          one !== undefined && other !== undefined
            ? [Math.min(one, other), Math.max(one, other)]
            : [one, other];
        for (const candidate of [value, one, other].filter((each) => each !== undefined)) {
          const within = (minimum ?? -Infinity) <= candidate && candidate <= (maximum ?? Infinity);
          expect(matcher(minimum, maximum).test(String(candidate))).toBe(within);
        }
      }),
    );
  });

  test.each(["00", "-0", "+1", "1.0", "", "01"])("takes no numeral such as %j", (text) => {
    expect(matcher(-10, 10).test(text)).toBe(false);
  });

  test("is undefined for bounds that leave nothing", () => {
    expect(integerRange(2, 1)).toBeUndefined();
  });
});
