/**
 * A caller's JSON Schema (of a function's parameters or of `response_format`) for the field of Gemini's that takes it.
 * Gemini has two: a JSON Schema field with part of JSON Schema's vocabulary, on models from 2.5 on, and an older one
 * with an OpenAPI subset. What neither can say is noted.
 */
import { GatewayError, invalidRequest } from "../../errors.ts";
import type { Json } from "../../wire/gemini.ts";
import type { RequestContext } from "../target.ts";
import { GeminiSchemaWriter } from "./gemini-schema.ts";
import { isSchemaTooLarge, SchemaConversion } from "./schema-conversion.ts";
import { type Dialect, JSON_SCHEMA, openApiDialect } from "./schema-dialect.ts";
import { SchemaLedger } from "./schema-ledger.ts";
import { SchemaMemory } from "./schema-memory.ts";
import { SchemaRefs, schemaTooLarge } from "./schema-ref.ts";
import { put, type Shape } from "./schema-shape.ts";

/** Schemas within a schema, references followed. OpenAI's own limit is 5,000 properties. */
const MAX_NODES = 5_000;

/**
 * How often a definition is written out inside itself: as often as stays small. Google refuses what takes "too many
 * states", and every level may multiply them.
 */
const RECURSIVE_ATTEMPTS = [
  { unroll: 3, maxNodes: 500 },
  { unroll: 2, maxNodes: 1_000 },
  { unroll: 1, maxNodes: MAX_NODES },
  { unroll: 0, maxNodes: MAX_NODES },
];
const PLAIN_ATTEMPT = [{ unroll: 0, maxNodes: MAX_NODES }];

const LOSSES = {
  required: {
    rule: "schema-required",
    detail: "Names under required that are not under properties are left out.",
  },
  union: {
    rule: "schema-any-of",
    detail: "Some keywords beside anyOf cannot be combined with its branches and are left out.",
  },
  any: {
    rule: "schema-any-type",
    detail: "A type must be given here, so a value of any type is offered as a few.",
  },
} as const;

const memory = new SchemaMemory();

interface Finished {
  shape: Shape;
  definitions: { [name: string]: Shape };
}

/**
 * For `parametersJsonSchema` and `responseJsonSchema`.
 *
 * @param schema as the caller sent it; never changed. The result is shared with other requests: it must not be changed either.
 * @param path of the schema in the request, for example `tools[0].function.parameters`.
 * @throws GatewayError (400) naming the part of the schema that is malformed, refers elsewhere, or is too much.
 */
export function toGeminiJsonSchema(schema: unknown, path: string, context: RequestContext): Json {
  return memory.converted("json", schema, path, context, asJsonSchema);
}

function asJsonSchema(schema: unknown, path: string, context: RequestContext): Json {
  const ledger = new SchemaLedger(context.notes);
  const { shape, definitions } = convert(schema, path, JSON_SCHEMA, ledger, context, (finished) => finished);
  ledger.flush();
  const used = reachable(shape, definitions);
  return Object.keys(used).length === 0 ? shape : { ...shape, $defs: used };
}

/**
 * For `parameters` and `responseSchema`: upper-case types, references written out, and only the keywords that the
 * host in `context.target.surface` takes.
 *
 * @param schema as the caller sent it; never changed. The result is shared with other requests: it must not be changed either.
 * @param path of the schema in the request.
 * @throws GatewayError (400) naming the part of the schema that is malformed, refers elsewhere, or is too much.
 */
export function toGeminiSchema(schema: unknown, path: string, context: RequestContext): Json {
  return memory.converted(context.target.surface, schema, path, context, asOpenApiSchema);
}

function asOpenApiSchema(schema: unknown, path: string, context: RequestContext): Json {
  const ledger = new SchemaLedger(context.notes);
  const dialect = openApiDialect(context.target.surface);
  const written = convert(schema, path, dialect, ledger, context, ({ shape }) => {
    const writer = new GeminiSchemaWriter({
      maxNodes: MAX_NODES,
      onTooLarge: () => {
        throw schemaTooLarge(path, MAX_NODES);
      },
      onLoss: (what, at) => {
        const { rule, detail } = LOSSES[what];
        ledger.note("approximated", rule, at, detail);
      },
      anyTypes: dialect.anyTypes,
    });
    return writer.write(shape, path);
  });
  ledger.flush();
  return written;
}

/** Converts with as much recursion as fits; `finish` may still find the result too large. */
function convert<Result>(
  schema: unknown,
  path: string,
  dialect: Dialect,
  ledger: SchemaLedger,
  { schemaParts }: RequestContext,
  finish: (finished: Finished) => Result,
): Result {
  const refs = new SchemaRefs(schema, path, MAX_NODES);
  const attempts = refs.recursive ? RECURSIVE_ATTEMPTS : PLAIN_ATTEMPT;
  for (const [index, limits] of attempts.entries()) {
    ledger.rewind(0);
    try {
      const conversion = new SchemaConversion(dialect, refs, ledger, { ...limits, parts: schemaParts });
      const shape = conversion.root();
      if (shape === undefined) throw invalidRequest(path, `${path}: no value satisfies this schema.`);
      return finish({ shape, definitions: conversion.definitions });
    } catch (error) {
      const last = index === attempts.length - 1;
      if (last || !(error instanceof GatewayError) || !isSchemaTooLarge(error)) throw error;
    }
  }
  throw schemaTooLarge(path, MAX_NODES);
}

/** The definitions that `shape` leads to: parts of the schema may have been left out after theirs were made. */
function reachable(shape: Shape, definitions: { [name: string]: Shape }): { [name: string]: Shape } {
  const found: { [name: string]: Shape } = {};
  const waiting: Shape[] = [shape];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const name = next.$ref?.slice("#/$defs/".length);
    if (name !== undefined && !Object.hasOwn(found, name)) {
      const definition = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
      if (definition !== undefined) {
        put(found, name, definition);
        waiting.push(definition);
      }
    }
    waiting.push(...Object.values(next.properties ?? {}), ...(next.prefixItems ?? []), ...(next.anyOf ?? []));
    if (next.items !== undefined) waiting.push(next.items);
    if (typeof next.additionalProperties === "object") waiting.push(next.additionalProperties);
  }
  return found;
}
