import { assert, json, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { contextFor as tracedContext } from "../../../test/support/request-context.ts";
import type { Json } from "../../wire/gemini.ts";
import { Notes } from "../notes.ts";
import type { RequestContext } from "../target.ts";
import { SchemaMemory } from "./schema-memory.ts";

const contextFor = (): RequestContext => ({ ...tracedContext(), notes: new Notes() });

/** Says what it was given, with a note and at a cost. */
function counting(): {
  calls: number;
  convert: (schema: unknown, path: string, context: RequestContext) => Json;
} {
  const counted = {
    calls: 0,
    convert(schema: unknown, path: string, { notes, schemaParts }: RequestContext): Json {
      counted.calls += 1;
      notes.add("ignored", "schema-unsupported", path, "Not taken.");
      schemaParts.left -= 3;
      return { written: JSON.stringify(schema) };
    },
  };
  return counted;
}

const schema = (): unknown => ({
  type: "object",
  properties: { a: { type: "string", enum: ["x", null] }, b: { minimum: 1 } },
});

describe("what was converted before", () => {
  test("is given back, with its notes and what it costs", () => {
    const memory = new SchemaMemory();
    const counted = counting();
    const results = [1, 2].map(() => {
      const context = contextFor();
      const before = context.schemaParts.left;
      const converted = memory.converted("json", schema(), "tools[0]", context, counted.convert);
      return { converted, notes: context.notes.list, parts: before - context.schemaParts.left };
    });
    expect(results[1]).toEqual(results[0]);
    expect(results[0]?.parts).toBe(3);
    expect(counted.calls).toBe(1);
  });

  test.each<[string, unknown, string, string]>([
    ["another place", schema(), "tools[1]", "json"],
    ["another form", schema(), "tools[0]", "vertex"],
    [
      "another order",
      { properties: (schema() as { properties: unknown }).properties, type: "object" },
      "tools[0]",
      "json",
    ],
    [
      "another value deep inside",
      { type: "object", properties: { a: { type: "string", enum: ["x", null] }, b: { minimum: 2 } } },
      "tools[0]",
      "json",
    ],
    [
      "a number that JSON has no word for",
      { type: "object", properties: { a: { type: "string", enum: ["x", Infinity] }, b: { minimum: 1 } } },
      "tools[0]",
      "json",
    ],
    [
      "one value more",
      { type: "object", properties: { a: { type: "string", enum: ["x", null, 1] }, b: { minimum: 1 } } },
      "tools[0]",
      "json",
    ],
    [
      "an object for a list",
      { type: "object", properties: { a: { type: "string", enum: { 0: "x", 1: null } }, b: { minimum: 1 } } },
      "tools[0]",
      "json",
    ],
  ])("is not taken for %s", (_, other, path, kind) => {
    const memory = new SchemaMemory();
    const counted = counting();
    memory.converted("json", schema(), "tools[0]", contextFor(), counted.convert);
    const written = memory.converted(kind, other, path, contextFor(), counted.convert);
    expect(counted.calls).toBe(2);
    expect(written).toEqual({ written: JSON.stringify(other) });
  });

  test("is its own, whatever becomes of the object that was passed", () => {
    const memory = new SchemaMemory();
    const counted = counting();
    const passed = schema() as { type: string };
    memory.converted("json", passed, "tools[0]", contextFor(), counted.convert);
    passed.type = "array";
    memory.converted("json", passed, "tools[0]", contextFor(), counted.convert);
    expect(counted.calls).toBe(2);
    const given = schema();
    const same = (value: unknown): Json => value as Json;
    memory.converted("json", given, "tools[1]", contextFor(), same);
    const kept = memory.converted("json", schema(), "tools[1]", contextFor(), same);
    expect(kept).toEqual(given);
    expect(Object.isFrozen(kept)).toBe(true);
    expect(Object.isFrozen(given)).toBe(false);
  });

  test("does not help a request that has had its share", () => {
    const memory = new SchemaMemory();
    const counted = counting();
    memory.converted("json", schema(), "tools[0]", contextFor(), counted.convert);
    const context = contextFor();
    context.schemaParts.left = 2;
    memory.converted("json", schema(), "tools[0]", context, counted.convert);
    expect(counted.calls).toBe(2);
  });

  test("does not stand in where there are more notes than are kept, or all of them are traced", () => {
    const memory = new SchemaMemory();
    const counted = counting();
    memory.converted("json", schema(), "tools[0]", contextFor(), counted.convert);
    const full = contextFor();
    for (let index = 0; index < 499; index += 1) full.notes.add("ignored", "model", "f", "D");
    memory.converted("json", schema(), "tools[0]", full, counted.convert);
    expect(counted.calls).toBe(2);
    const traced = tracedContext();
    memory.converted("json", schema(), "tools[0]", traced, counted.convert);
    expect(counted.calls).toBe(3);
  });

  test("is forgotten when it was not asked for, and kept when it was", () => {
    const memory = new SchemaMemory(20_000);
    const often = counting();
    const once = counting();
    memory.converted("json", { n: -1 }, "often", contextFor(), often.convert);
    for (let index = 0; index < 1_000; index += 1) {
      memory.converted("json", { n: index }, `tools[${index}]`, contextFor(), once.convert);
      memory.converted("json", { n: -1 }, "often", contextFor(), often.convert);
    }
    expect(often.calls).toBe(1);
    memory.converted("json", { n: 0 }, "tools[0]", contextFor(), once.convert);
    expect(once.calls).toBe(1_001);
  });
});

test("nothing that is no JSON, too large or too deep is kept, and any of it is converted", () => {
  const memory = new SchemaMemory();
  let deep: unknown = {};
  for (let level = 0; level < 500; level += 1) deep = { deep };
  const odd = [
    { a: undefined },
    { a: 1n },
    { a: new Date(0) },
    JSON.parse('{"__proto__": {"type": "string"}}'),
    "x".repeat(300_000),
    deep,
  ];
  let calls = 0;
  for (const value of [...odd, ...odd]) {
    memory.converted("json", value, "tools[0]", contextFor(), () => {
      calls += 1;
      return true;
    });
  }
  expect(calls).toBe(2 * odd.length);
});

test("any JSON is given back as it would be converted", () => {
  const memory = new SchemaMemory(2_000);
  const convert = (given: unknown): Json => [JSON.stringify(given), given as Json];
  assert(
    property(json({ depthSize: "small" }), (text) => {
      for (let time = 0; time < 2; time += 1) {
        const given: unknown = JSON.parse(text);
        expect(memory.converted("json", given, "p", contextFor(), convert)).toEqual(convert(given));
      }
    }),
    { numRuns: 300 },
  );
});
