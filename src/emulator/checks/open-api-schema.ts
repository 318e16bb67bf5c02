/**
 * Meaning of the OpenAPI-like Schema of `parameters`, `response` and `responseSchema`; unknown keywords are refused before,
 * by the message's shape. Texts: public issues (vercel/ai 3371, google-gemini/gemini-cli 3178 and 4127).
 */
import type { Json, JsonObject } from "../../wire/gemini.ts";
import { bullet, refusal, unable, type CheckContext } from "./check-context.ts";

export interface SchemaPlace {
  /** Proto path of the schema in the request. */
  path: string;
  /** How Vertex introduces it, such as "`tide` functionDeclaration `parameters`". */
  vertexName: string;
}

/** @throws {GoogleApiError} */
export function checkOpenApiSchema(
  schema: Json | undefined,
  place: SchemaPlace,
  context: CheckContext,
): void {
  if (!isObject(schema)) return;
  const refuse = (at: string, problem: string, vertex = problem): never => {
    throw refusal(context, {
      vertex: unable(`${place.vertexName} schema ${vertex}.`),
      geminiApi: bullet(`${place.path}${at}`, problem),
    });
  };
  const type = schema["type"];
  const composed = schema["anyOf"] !== undefined || schema["ref"] !== undefined;
  if ((type === undefined || type === "TYPE_UNSPECIFIED") && !composed) {
    refuse(".type", "must be specified", "didn't specify the schema type field");
  }
  const values = schema["enum"];
  if (Array.isArray(values) && values.length > 0) {
    if (type !== "STRING") refuse(".enum", "only allowed for STRING type");
    const empty = values.indexOf("");
    if (empty >= 0) refuse(`.enum[${empty}]`, "cannot be empty");
  }
  const format = schema["format"];
  if (context.surface === "gemini-api" && type === "STRING" && format !== undefined && format !== "") {
    if (format !== "enum" && format !== "date-time") {
      refuse(".format", "only 'enum' and 'date-time' are supported for STRING type");
    }
  }
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const names = Object.keys(properties);
  // Newer models and Vertex take an object of nothing in particular.
  const needsProperties = context.surface === "gemini-api" && context.model.generation < 3;
  if (type === "OBJECT" && names.length === 0 && needsProperties) {
    refuse(".properties", "should be non-empty for OBJECT type");
  }
  for (const list of ["required", "propertyOrdering"] as const) {
    for (const [index, name] of strings(schema[list]).entries()) {
      if (!Object.hasOwn(properties, name)) {
        refuse(
          `.${list === "required" ? "required" : "property_ordering"}[${index}]`,
          "property is not defined",
          `names the property "${name}" in ${list}, which is not defined`,
        );
      }
    }
  }
  if (type === "ARRAY" && schema["items"] === undefined) refuse(".items", "missing field.");
  for (const name of names)
    checkOpenApiSchema(properties[name], within(place, `.properties[${name}]`), context);
  checkOpenApiSchema(schema["items"], within(place, ".items"), context);
  for (const [index, branch] of list(schema["anyOf"]).entries()) {
    checkOpenApiSchema(branch, within(place, `.any_of[${index}]`), context);
  }
  const defs = isObject(schema["defs"]) ? schema["defs"] : {};
  for (const name of Object.keys(defs))
    checkOpenApiSchema(defs[name], within(place, `.defs[${name}]`), context);
}

function within(place: SchemaPlace, step: string): SchemaPlace {
  return { path: place.path + step, vertexName: `${place.vertexName}${step}` };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

function strings(value: Json | undefined): string[] {
  return list(value).filter((item) => typeof item === "string");
}
