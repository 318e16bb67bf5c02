/** Arbitrary JSON Schemas, definitions and references among them. */
import * as fc from "fast-check";

export type Fields = Record<string, unknown>;

const PLAIN_NAMES = ["a", "b", "type", "enum", "$ref", "properties", "constructor"];
export const scalar = fc.constantFrom<unknown>("a", "b", "", 0, 1, 2.5, true, false, null);
const typeName = fc.constantFrom("null", "boolean", "integer", "number", "string", "array", "object");

/**
 * Schemas of every keyword there is. `wild` adds what no validator agrees on: old spellings and wrong values;
 * `typed` gives each a type, without which the OpenAPI field can say little exactly.
 */
export function schemas({ wild = false, typed = false }): fc.Arbitrary<unknown> {
  const name = fc.constantFrom(...PLAIN_NAMES, ...(wild ? ["__proto__", "a.b", "é"] : []));
  const reference = fc.constantFrom(
    "#",
    "#/$defs/A",
    "#/$defs/B",
    ...(wild ? ["#/properties/a", "#/definitions/C", "#C", "#/$defs/none", "x.json"] : []),
  );
  return fc.letrec<{ schema: unknown; root: unknown }>((tie) => {
    const schema = tie("schema");
    const map = fc
      .array(fc.tuple(name, schema), { maxLength: 3 })
      // JSON.parse makes an own property of `__proto__`, where assignment would not.
      .map(
        (entries) =>
          JSON.parse(
            `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`,
          ) as Fields,
      );
    const branches = fc.array(schema, { minLength: 1, maxLength: 3 });
    const keywords: Record<string, fc.Arbitrary<unknown>> = {
      $ref: reference,
      type: fc.oneof(typeName, fc.uniqueArray(typeName, { minLength: 1, maxLength: 3 })),
      enum: fc.uniqueArray(scalar, { minLength: 1, maxLength: 3 }),
      const: fc.oneof(scalar, fc.constant({ a: 1 })),
      title: fc.constant("T"),
      description: fc.constantFrom("D", "E"),
      default: scalar,
      examples: fc.array(scalar, { maxLength: 2 }),
      $comment: fc.constant("C"),
      properties: map,
      required: fc.uniqueArray(name, { maxLength: 2 }),
      additionalProperties: fc.oneof(fc.boolean(), schema),
      items: schema,
      prefixItems: fc.array(schema, { minLength: 1, maxLength: 2 }),
      minItems: fc.nat(2),
      maxItems: fc.nat(2),
      minLength: fc.nat(2),
      maxLength: fc.nat(2),
      minProperties: fc.nat(1),
      minimum: fc.constantFrom(0, 1, 1.5),
      maximum: fc.constantFrom(0, 1, 1.5),
      exclusiveMinimum: fc.constantFrom(0, 1, 1.5),
      exclusiveMaximum: fc.constantFrom(0, 1, 1.5),
      multipleOf: fc.constant(2),
      pattern: fc.constant("a"),
      not: schema,
      anyOf: branches,
      oneOf: branches,
      allOf: branches,
      uniqueItems: fc.boolean(),
      ...(wild
        ? {
            nullable: fc.boolean(),
            format: fc.constantFrom("date-time", "uri"),
            additionalItems: schema,
            definitions: fc.record({ C: schema }),
            discriminator: fc.constant({ propertyName: "a" }),
            $anchor: fc.constant("C"),
            $dynamicRef: fc.constant("#C"),
            if: schema,
            "x-mine": scalar,
            propertyOrdering: fc.constant(["a"]),
          }
        : {}),
    };
    const object = fc
      .uniqueArray(fc.constantFrom(...Object.keys(keywords)), { maxLength: 5 })
      .chain((chosen) =>
        fc.record(
          Object.fromEntries(
            [...(typed ? ["type"] : []), ...chosen].map((keyword) => [keyword, keywords[keyword] ?? scalar]),
          ),
        ),
      );
    const wrong = fc.constantFrom<unknown>(
      null,
      1,
      "x",
      [],
      { type: 5 },
      { enum: [] },
      { items: 3 },
      { anyOf: {} },
      { items: [{}] },
    );
    return {
      schema: fc.oneof(
        { maxDepth: 4, depthSize: "small" },
        {
          arbitrary: fc.constantFrom<unknown>(
            { type: "string" },
            { type: "integer" },
            ...(typed ? [] : [{}, true]),
          ),
          weight: 3,
        },
        { arbitrary: fc.boolean(), weight: 1 },
        ...(wild ? [{ arbitrary: wrong, weight: 1 }] : []),
        { arbitrary: object, weight: 8 },
      ),
      root: fc.tuple(object, schema, schema).map(([fields, A, B]) => ({ ...fields, $defs: { A, B } })),
    };
  }).root;
}
