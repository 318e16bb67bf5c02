import { expect, test } from "vitest";
import { areDisjoint } from "./schema-disjoint.ts";
import type { Shape } from "./schema-shape.ts";

const tagged = (kind: (string | number)[], more: Partial<Shape> = {}): Shape => ({
  type: "object",
  properties: { kind: { type: "string", enum: kind }, size: { type: "number" } },
  required: ["size", "kind"],
  ...more,
});

test.each<[string, Shape[], boolean]>([
  ["types apart", [{ type: "string" }, { type: ["number", "null"] }], true],
  ["one type twice", [{ type: "string" }, { type: ["string", "null"] }], false],
  ["an integer is a number", [{ type: "integer" }, { type: "number" }], false],
  ["any type", [{ type: "string" }, {}], false],
  ["tags apart", [tagged(["circle"]), tagged(["square", "rectangle"])], true],
  ["a tag twice", [tagged(["circle", "dot"]), tagged(["dot"])], false],
  ["a tag that may be missing", [tagged(["circle"]), tagged(["square"], { required: ["size"] })], false],
  ["a tag that may be anything", [tagged(["circle"]), tagged([], { properties: { kind: {} } })], false],
  ["no tag", [tagged(["circle"], { required: ["size"] }), tagged(["square"])], false],
  ["a required name of the prototype", [tagged(["a"], { required: ["toString"] }), tagged(["b"])], false],
  ["objects and nothing said", [{ type: "object" }, { type: "object" }], false],
])("%s", (_, shapes, expected) => {
  expect(areDisjoint(shapes)).toBe(expected);
  expect(areDisjoint(shapes.toReversed())).toBe(expected);
});
