/** Schemas as clients' libraries make them. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { contextFor, noted } from "../../../test/support/request-context.ts";
import { toGeminiJsonSchema, toGeminiSchema } from "./json-schema.ts";

function both(schema: unknown) {
  const jsonContext = contextFor("gemini-3.5-flash", "vertex");
  const openApiContext = contextFor("gemini-2.0-flash", "gemini-api");
  return {
    json: toGeminiJsonSchema(schema, "s", jsonContext),
    jsonNotes: noted(jsonContext),
    openApi: toGeminiSchema(schema, "s", openApiContext),
    openApiNotes: noted(openApiContext),
  };
}

describe("Pydantic, model_json_schema()", () => {
  test("optional fields, defaults, an Enum and a nested model", () => {
    const schema = {
      $defs: {
        Port: {
          properties: {
            name: { title: "Name", type: "string" },
            depth: { anyOf: [{ type: "number" }, { type: "null" }], default: null, title: "Depth" },
          },
          required: ["name"],
          title: "Port",
          type: "object",
        },
        Wind: { enum: ["calm", "breeze", "gale"], title: "Wind", type: "string" },
      },
      properties: {
        port: { $ref: "#/$defs/Port" },
        next_port: { anyOf: [{ $ref: "#/$defs/Port" }, { type: "null" }], default: null },
        wind: { $ref: "#/$defs/Wind", default: "calm", description: "Now" },
        crew: { exclusiveMinimum: 0, title: "Crew", type: "integer" },
      },
      required: ["port", "crew"],
      title: "Voyage",
      type: "object",
    };
    const { json, jsonNotes, openApi, openApiNotes } = both(schema);
    expect(json).toEqual({
      $defs: {
        Port: {
          properties: {
            name: { title: "Name", type: "string" },
            depth: { anyOf: [{ type: "number" }, { type: "null" }], title: "Depth" },
          },
          required: ["name"],
          title: "Port",
          type: "object",
        },
      },
      properties: {
        port: { $ref: "#/$defs/Port" },
        next_port: { anyOf: [{ $ref: "#/$defs/Port" }, { type: "null" }] },
        wind: { type: "string", enum: ["calm", "breeze", "gale"], title: "Wind", description: "Now" },
        crew: { minimum: 1, title: "Crew", type: "integer" },
      },
      required: ["port", "crew"],
      title: "Voyage",
      type: "object",
    });
    expect(jsonNotes).toEqual([
      "ignored s.$defs.Port.properties.depth.default",
      "ignored s.properties.next_port.default",
      "ignored s.properties.wind.default",
    ]);
    const port = {
      type: "OBJECT",
      title: "Port",
      properties: {
        name: { type: "STRING", title: "Name" },
        depth: { type: "NUMBER", nullable: true, default: null, title: "Depth" },
      },
      required: ["name"],
      propertyOrdering: ["name", "depth"],
    };
    expect(openApi).toEqual({
      type: "OBJECT",
      title: "Voyage",
      properties: {
        port,
        next_port: { ...port, nullable: true, default: null },
        wind: {
          type: "STRING",
          format: "enum",
          enum: ["calm", "breeze", "gale"],
          title: "Wind",
          description: "Now",
          default: "calm",
        },
        crew: { type: "INTEGER", minimum: 1, title: "Crew" },
      },
      required: ["port", "crew"],
      propertyOrdering: ["port", "next_port", "wind", "crew"],
    });
    expect(openApiNotes).toEqual([]);
  });

  test("a union of models told apart by a Literal, dict[str, int], tuples and a set", () => {
    const schema = {
      $defs: {
        Cat: {
          properties: {
            kind: { const: "cat", title: "Kind", type: "string" },
            lives: { title: "Lives", type: "integer" },
          },
          required: ["kind", "lives"],
          title: "Cat",
          type: "object",
        },
        Dog: {
          properties: { kind: { const: "dog", title: "Kind", type: "string" } },
          required: ["kind"],
          title: "Dog",
          type: "object",
        },
      },
      properties: {
        pet: {
          discriminator: { mapping: { cat: "#/$defs/Cat", dog: "#/$defs/Dog" }, propertyName: "kind" },
          oneOf: [{ $ref: "#/$defs/Cat" }, { $ref: "#/$defs/Dog" }],
          title: "Pet",
        },
        counts: { additionalProperties: { type: "integer" }, title: "Counts", type: "object" },
        point: {
          maxItems: 2,
          minItems: 2,
          prefixItems: [{ type: "number" }, { type: "number" }],
          title: "Point",
          type: "array",
        },
        tags: { items: { type: "string" }, title: "Tags", type: "array", uniqueItems: true },
      },
      required: ["pet", "counts", "point", "tags"],
      title: "Owner",
      type: "object",
    };
    const { json, jsonNotes, openApi, openApiNotes } = both(schema);
    expect(json).toMatchObject({
      properties: {
        pet: { anyOf: [{ $ref: "#/$defs/Cat" }, { $ref: "#/$defs/Dog" }], title: "Pet" },
        counts: { additionalProperties: { type: "integer" }, title: "Counts", type: "object" },
        point: { prefixItems: [{ type: "number" }, { type: "number" }], minItems: 2, maxItems: 2 },
      },
      $defs: {
        Cat: { properties: { kind: { type: "string", enum: ["cat"] } } },
        Dog: { properties: { kind: { type: "string", enum: ["dog"] } } },
      },
    });
    expect(jsonNotes).toEqual(["ignored s.properties.tags.uniqueItems"]);
    expect(openApi).toMatchObject({
      properties: {
        pet: {
          anyOf: [
            {
              type: "OBJECT",
              title: "Cat",
              properties: { kind: { type: "STRING", format: "enum", enum: ["cat"] } },
            },
            {
              type: "OBJECT",
              title: "Dog",
              properties: { kind: { type: "STRING", format: "enum", enum: ["dog"] } },
            },
          ],
        },
        counts: { type: "OBJECT", title: "Counts" },
        point: { type: "ARRAY", items: { type: "NUMBER" }, minItems: 2, maxItems: 2 },
      },
    });
    expect(openApiNotes).toEqual([
      "ignored s.properties.counts.additionalProperties",
      "approximated s.properties.point.prefixItems",
      "ignored s.properties.tags.uniqueItems",
    ]);
  });

  test("a tree, as parse() of the OpenAI SDK sends it: every property required", () => {
    const schema = {
      $defs: {
        Node: {
          properties: {
            value: { title: "Value", type: "string" },
            children: { items: { $ref: "#/$defs/Node" }, title: "Children", type: "array" },
          },
          required: ["value", "children"],
          title: "Node",
          type: "object",
          additionalProperties: false,
        },
      },
      properties: {
        value: { title: "Value", type: "string" },
        children: { items: { $ref: "#/$defs/Node" }, title: "Children", type: "array" },
      },
      required: ["value", "children"],
      title: "Node",
      type: "object",
      additionalProperties: false,
    };
    const { json, jsonNotes, openApi } = both(schema);
    expect(json).toEqual(node(node(node(node(node({ type: "object" }, 0))))));
    expect(jsonNotes).toEqual(["approximated s.$defs.Node.properties.children.items.$ref"]);
    expect(JSON.stringify(openApi)).toContain('"maxItems":0');
  });
});

describe("Zod, z.toJSONSchema()", () => {
  test("what parse() sends", () => {
    const Voyage = z.object({
      port: z.string().describe("Where to"),
      wind: z.enum(["calm", "gale"]).nullable(),
      crew: z.int(),
      class: z.literal([1, 2]),
      stops: z.array(z.object({ name: z.string() })),
      cargo: z.union([z.string(), z.number()]),
    });
    const { json, jsonNotes, openApi, openApiNotes } = both(z.toJSONSchema(Voyage));
    expect(json).toEqual({
      type: "object",
      properties: {
        port: { type: "string", description: "Where to" },
        wind: { anyOf: [{ type: "string", enum: ["calm", "gale"] }, { type: "null" }] },
        crew: { type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
        class: { type: "number", enum: [1, 2] },
        stops: {
          type: "array",
          items: {
            type: "object",
            properties: { name: { type: "string" } },
            required: ["name"],
            additionalProperties: false,
          },
        },
        cargo: { type: ["string", "number"] },
      },
      required: ["port", "wind", "crew", "class", "stops", "cargo"],
      additionalProperties: false,
    });
    expect(jsonNotes).toEqual([]);
    expect(openApi).toMatchObject({
      properties: {
        wind: { type: "STRING", nullable: true, format: "enum", enum: ["calm", "gale"] },
        class: { type: "NUMBER", description: "One of: 1, 2." },
        cargo: { anyOf: [{ type: "STRING" }, { type: "NUMBER" }] },
      },
      propertyOrdering: ["port", "wind", "crew", "class", "stops", "cargo"],
    });
    expect(openApiNotes).toEqual([
      "approximated s.properties.class.enum",
      "ignored s.properties.stops.items.additionalProperties",
      "ignored s.additionalProperties",
    ]);
  });

  test("recursion at the root, a discriminated union, an intersection, a record and a tuple", () => {
    const Category = z.object({
      name: z.string(),
      get parent() {
        return Category.optional();
      },
    });
    const recursive = both(z.toJSONSchema(Category));
    expect(recursive.jsonNotes).toEqual(["approximated s.properties.parent.$ref"]);
    expect(JSON.stringify(recursive.json).match(/"parent"/g)).toHaveLength(3);
    expect(JSON.stringify(recursive.json)).not.toContain("$ref");

    const Shape = z.object({
      form: z.discriminatedUnion("kind", [
        z.object({ kind: z.literal("circle"), radius: z.number().positive() }),
        z.object({ kind: z.literal("square"), side: z.number().int().positive() }),
      ]),
      both: z.intersection(z.object({ a: z.string() }), z.object({ b: z.number() })),
      byName: z.record(z.string(), z.boolean()),
      pair: z.tuple([z.string(), z.number()]),
    });
    const { json, jsonNotes } = both(z.toJSONSchema(Shape));
    expect(json).toMatchObject({
      properties: {
        form: {
          anyOf: [
            {
              properties: {
                kind: { type: "string", enum: ["circle"] },
                radius: { type: "number", minimum: 0 },
              },
            },
            {
              properties: {
                kind: { type: "string", enum: ["square"] },
                side: { type: "integer", minimum: 1 },
              },
            },
          ],
        },
        both: {
          type: "object",
          properties: { a: { type: "string" }, b: { type: "number" } },
          required: ["a", "b"],
        },
        byName: { type: "object", additionalProperties: { type: "boolean" } },
        pair: { type: "array", prefixItems: [{ type: "string" }, { type: "number" }] },
      },
    });
    expect(jsonNotes).toEqual([
      "approximated s.properties.form.oneOf[0].properties.radius.exclusiveMinimum",
      "ignored s.properties.byName.propertyNames",
    ]);
  });
});

function node(items: unknown, maxItems?: number): unknown {
  return {
    properties: {
      value: { title: "Value", type: "string" },
      children: {
        items,
        title: "Children",
        type: "array",
        ...(maxItems === undefined ? {} : { maxItems }),
      },
    },
    required: ["value", "children"],
    title: "Node",
    type: "object",
    additionalProperties: false,
  };
}
