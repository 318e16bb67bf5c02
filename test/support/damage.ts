/** Values with something wrong in them, somewhere. */
import { type Arbitrary, array, constantFrom, integer, jsonValue, oneof, record, tuple } from "fast-check";

const ODD_KEYS = ["__proto__", "constructor", "toString", "", "type", "id", "0", "a b", "\ud800"];
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  2 ** 63,
  "",
  " ",
  "\u0000",
  "\ud800",
  "🎒",
  "null",
  "-",
  "x".repeat(5000),
  [],
  [[]],
  [null],
  {},
  { a: {} },
  JSON.parse('{"__proto__":{"polluted":1}}'),
];

type Change = "replace" | "remove" | "rename" | "repeat" | "wrap" | "insert";

interface Damage {
  /** Which member to go into at each level, modulo how many there are. */
  route: number[];
  change: Change;
  value: unknown;
  key: string;
}

const damage: Arbitrary<Damage> = record({
  route: array(integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 8 }),
  change: constantFrom("replace", "replace", "remove", "rename", "repeat", "wrap", "insert"),
  value: oneof(constantFrom(...ODD_VALUES), jsonValue({ maxDepth: 3 })),
  key: constantFrom(...ODD_KEYS),
});

/** The value with 1 to 3 changes, anywhere. What was generated is not changed. */
export function damaged(sound: Arbitrary<unknown>): Arbitrary<unknown> {
  return tuple(sound, array(damage, { minLength: 1, maxLength: 3 })).map(([value, changes]) =>
    changes.reduce<unknown>(
      (current, { route, change, value: other, key }) => apply(current, route, change, other, key),
      value,
    ),
  );
}

function apply(value: unknown, route: number[], change: Change, other: unknown, key: string): unknown {
  const [step = 0, ...rest] = route;
  if (typeof value !== "object" || value === null) return change === "wrap" ? [value] : other;
  const entries = Object.entries(value);
  if (entries.length === 0) return other;
  const chosen = step % entries.length;
  const [name, member] = entries[chosen]!;
  if (rest.length > 0 && typeof member === "object" && member !== null) {
    entries[chosen] = [name, apply(member, rest, change, other, key)];
  } else if (change === "replace") entries[chosen] = [name, other];
  else if (change === "remove") entries.splice(chosen, 1);
  else if (change === "rename") entries[chosen] = [key, member];
  else if (change === "repeat") entries.push([name, member]);
  else if (change === "wrap") entries[chosen] = [name, [member]];
  else entries.push([key, other]);
  return Array.isArray(value) ? entries.map(([, one]) => one) : Object.fromEntries(entries);
}
