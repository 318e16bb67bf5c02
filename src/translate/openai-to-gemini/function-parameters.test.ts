import { describe, expect, test } from "vitest";
import { contextFor } from "../../../test/support/request-context.ts";
import { GatewayError } from "../../errors.ts";
import { toParameters } from "./function-parameters.ts";

const TEXT = { type: "string" };
const PORT = { type: "object", properties: { port: TEXT } };
const read = (parameters: unknown, model?: string) => toParameters({ parameters }, "f", contextFor(model));

describe("arguments are an object, whatever else a schema allows at the top", () => {
  test.each<[string, object, object]>([
    ["an object", PORT, PORT],
    ["no type", { description: "D" }, { type: "object", description: "D" }],
    ["properties without a type", { properties: { port: TEXT } }, PORT],
    ["an object or null", { ...PORT, type: ["object", "null"] }, PORT],
    ["a choice of an object and null", { anyOf: [PORT, { type: "null" }] }, PORT],
    ["a choice of an object and a text", { title: "T", anyOf: [TEXT, PORT] }, { title: "T", ...PORT }],
    ["an object out of a reference", { $ref: "#/$defs/port", $defs: { port: PORT } }, PORT],
  ])("%s", (_, parameters, schema) => {
    expect(read(parameters).parametersJsonSchema).toEqual(schema);
  });

  test.each<[string, object]>([
    ["no type", { description: "D", additionalProperties: TEXT }],
    ["an object or null", { ...PORT, type: ["object", "null"] }],
    ["a choice of an object and null", { anyOf: [PORT, { type: "null" }] }],
    ["a choice of an object and a text", { anyOf: [TEXT, PORT] }],
  ])("%s, for an older model", (_, parameters) => {
    expect(read(parameters, "gemini-2.0-flash").parameters).toMatchObject({ type: "OBJECT" });
  });

  test.each<[string, object]>([
    ["a text", TEXT],
    ["an array", { type: "array", items: TEXT }],
    ["a text or null", { type: ["string", "null"] }],
    ["a choice without an object", { anyOf: [TEXT, { type: "number" }] }],
    ["a choice of two objects", { anyOf: [PORT, { type: "object", properties: { river: TEXT } }] }],
    ["an enum", { enum: ["a", "b"] }],
  ])("%s is refused", (_, parameters) => {
    for (const model of ["gemini-3.5-flash", "gemini-2.0-flash"]) {
      let thrown: unknown;
      try {
        read(parameters, model);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(GatewayError);
      expect((thrown as GatewayError).failure).toMatchObject({
        kind: "invalid_request",
        param: expect.stringMatching(/^f\.parameters(\.type)?$/),
      });
    }
  });
});
