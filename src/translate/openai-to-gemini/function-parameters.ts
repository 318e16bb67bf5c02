/** `parameters` of a function, for the one of Gemini's two fields that the model takes. */
import { invalidRequest } from "../../errors.ts";
import type { FunctionDeclaration, Json, JsonObject } from "../../wire/gemini.ts";
import { ownField } from "../../wire/own-field.ts";
import { isObject, optionalObject } from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import { toGeminiJsonSchema, toGeminiSchema } from "./json-schema.ts";
import { isEmptyObject } from "./open-api-object.ts";

/** @throws GatewayError `invalid_request` for a schema that is malformed, too large, or of no object. */
export function toParameters(
  declared: Record<string, unknown>,
  path: string,
  context: RequestContext,
): Pick<FunctionDeclaration, "parameters" | "parametersJsonSchema"> {
  const field = `${path}.parameters`;
  const parameters = optionalObject(declared, "parameters", field);
  if (parameters === undefined) {
    return {};
  }
  requireObjectType(parameters, field);
  if (takesNoArguments(parameters)) {
    context.notes.used(field, "tools");
    return {};
  }
  if (context.target.facts.jsonSchema) {
    const schema = toGeminiJsonSchema(parameters, field, context);
    return { parametersJsonSchema: asObject(schema, "object", field, context) };
  }
  const schema = asObject(toGeminiSchema(parameters, field, context), "OBJECT", field, context);
  if (isEmptyObject(schema)) {
    context.notes.add(
      "ignored",
      "tools",
      field,
      `${context.target.model} refuses a schema without properties; the function is declared without one.`,
    );
    return {};
  }
  return { parameters: schema };
}

/** Arguments are an object in both APIs, which refuse a schema of anything else. */
function requireObjectType(parameters: Record<string, unknown>, field: string): void {
  const type = ownField(parameters, "type");
  if (typeof type === "string" && type !== "object" && type.toLowerCase() !== "object") {
    throw invalidRequest(
      `${field}.type`,
      `${field}.type: must be object, as arguments are; put the value in a property of one.`,
    );
  }
}

/**
 * The converted schema as one of an object, which arguments are whatever it says: a choice is narrowed to its object.
 * Both APIs refuse a choice of several objects at the top.
 */
function asObject(
  schema: Json,
  type: "object" | "OBJECT",
  path: string,
  { notes }: RequestContext,
): JsonObject {
  if (!isObject(schema) || schema["type"] === type) return schema as JsonObject;
  const { type: given, anyOf: choice, ...whole } = schema;
  const allowed = given === undefined || (Array.isArray(given) && given.includes(type));
  if (allowed && choice === undefined) return { type, ...whole } as JsonObject;
  const branches = (Array.isArray(choice) ? choice : []).filter(
    (branch): branch is JsonObject =>
      isObject(branch) && (branch["type"] === type || branch["type"] === undefined),
  );
  const [only] = branches;
  if (
    only === undefined ||
    branches.length > 1 ||
    only["anyOf"] !== undefined ||
    only["$ref"] !== undefined
  ) {
    throw invalidRequest(
      path,
      `${path}: must describe one object, as arguments are; put a choice or another value into a property of one.`,
    );
  }
  notes.add("approximated", "schema-any-of", path, "Only its object is sent, as arguments are one.");
  return { ...whole, type, ...only } as JsonObject;
}

/** An empty schema, and one of an object without properties, say what their absence says. */
function takesNoArguments(parameters: Record<string, unknown>): boolean {
  for (const key in parameters) if (!saysNothing(key, parameters[key])) return false;
  return true;
}

function saysNothing(key: string, value: unknown): boolean {
  switch (key) {
    case "type":
      return value === "object";
    case "properties":
      return isObject(value) && Object.keys(value).length === 0;
    case "required":
      return Array.isArray(value) && value.length === 0;
    case "additionalProperties":
      return value === false;
    case "$schema":
      return typeof value === "string";
    default:
      return false;
  }
}
