import { Ajv } from "ajv";
import { parse } from "yaml";
import { expect, test } from "vitest";
import { z } from "zod";
import { configJsonSchema } from "./json-schema.ts";
import { bare, descriptionOf } from "./schema-walk.ts";
import { configSchema } from "./schema.ts";

const validate = new Ajv({ allErrors: true }).compile(configJsonSchema());

test.each([
  "{}",
  'server: { port: "${PORT}", apiKeys: ["${KEY}", "file:/run/secrets/key"] }',
  "upstreams: { v: { kind: vertex, project: 123456, location: eu, tier: flex } }",
  'upstreams: { v: { kind: vertex, location: "${LOCATION:-eu}", tier: "${TIER}", project: "${P}-x" } }',
  "upstreams: { e: { kind: vertex-endpoint, location: eu, endpoint: 1234567890 } }",
  "models: { a: b, c: { targets: [{ upstream: v, model: m, weight: 0.5 }] } }",
  'routes: [{ match: "*", targets: [{ upstream: v }], locations: [eu] }]',
])("an editor takes %s", (text) => {
  expect([validate(parse(text)), validate.errors]).toEqual([true, null]);
});

test.each([
  "serve: {}",
  "server: { port: http }",
  "server: { port: 70000 }",
  "upstreams: { v: { kind: vertx } }",
  "upstreams: { v: { kind: vertex, locaton: eu } }",
  "upstreams: { v: { kind: vertex, location: Europe } }",
  "upstreams: { 1v: { kind: vertex } }",
  "upstreams: { v: { kind: vertex, credentials: { kind: service-account } } }",
  "models: { a: 5 }",
  "routes: [{ match: x }]",
  "routes: [{ match: x, targets: [] }]",
])("an editor marks %s", (text) => {
  expect(validate(parse(text))).toBe(false);
});

test("every key is described", () => {
  const undescribed: string[] = [];
  const visit = (schema: z.core.$ZodType, path: string): void => {
    const plain = bare(schema);
    if (plain instanceof z.ZodObject) {
      for (const [key, field] of Object.entries<z.core.$ZodType>(plain.shape)) {
        if (descriptionOf(field) === undefined && key !== "kind") undescribed.push(`${path}.${key}`);
        visit(field, `${path}.${key}`);
      }
    } else if (plain instanceof z.ZodUnion) {
      for (const option of plain.options) visit(option, path);
    } else if (plain instanceof z.ZodRecord) visit(plain.valueType, `${path}.*`);
    else if (plain instanceof z.ZodArray) visit(plain.element, `${path}[]`);
  };
  visit(configSchema, "");
  expect(undescribed).toEqual([]);
});
