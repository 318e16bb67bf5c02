import { invalidRequest } from "../../errors.ts";
import type { GenerationConfig, Json } from "../../wire/gemini.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import { isObject, optionalBoolean, optionalObject, optionalString, requiredString } from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import { toGeminiJsonSchema, toGeminiSchema } from "./json-schema.ts";
import { isEmptyObject } from "./open-api-object.ts";
import { noteUnknownKeys } from "./unknown-fields.ts";

const FIELD = "response_format";
const JSON_TYPE = "application/json";
/** `type/subtype` as RFC 6838 writes it. */
const MIME_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

export interface ResponseFormat {
  config: GenerationConfig;
  /** To be added to the system instruction, where the model cannot be held to the format. */
  instruction: string | undefined;
}

/**
 * `response_format`: `text`, `json_object`, `json_schema`, or a MIME type of its own as Google's layer takes it.
 * Models before Gemini 3 refuse a JSON type beside tools; for them the format becomes an instruction.
 *
 * @throws GatewayError `invalid_request` naming the part that is wrong.
 */
export function toResponseFormat(
  request: ChatCompletionRequest,
  hasTools: boolean,
  context: RequestContext,
): ResponseFormat {
  const format = optionalObject(request, FIELD, FIELD);
  if (format === undefined) {
    return { config: {}, instruction: undefined };
  }
  const type = requiredString(format, "type", `${FIELD}.type`);
  context.notes.used(`${FIELD}.type`, "response-format");
  switch (type) {
    case "text":
      noteUnknownKeys(format, ["type"], FIELD, context.notes);
      return { config: {}, instruction: undefined };
    case "json_object":
      noteUnknownKeys(format, ["type"], FIELD, context.notes);
      return isRefused(hasTools, context)
        ? told(undefined, context)
        : { config: { responseMimeType: JSON_TYPE }, instruction: undefined };
    case "json_schema":
      requireSchema(format);
      if (isRefused(hasTools, context)) {
        return told(readSchema(format, true, context), context);
      }
      return withSchema(JSON_TYPE, format, context);
    default:
      if (!MIME_TYPE.test(type)) {
        throw invalidRequest(
          `${FIELD}.type`,
          `${FIELD}.type: must be text, json_object, json_schema or a MIME type such as text/x.enum.`,
        );
      }
      if (type !== "text/plain" && isRefused(hasTools, context)) {
        throw invalidRequest(
          `${FIELD}.type`,
          `${FIELD}.type: ${context.target.model} writes ${type} only without tools; leave them out, or use a Gemini 3 model.`,
        );
      }
      // text/x.enum takes its values from a schema.
      return withSchema(type, format, context);
  }
}

/** OpenAI lets `schema` be left out, but not the object that holds it. */
function requireSchema(format: Record<string, unknown>): void {
  const isNested = optionalObject(format, "json_schema", `${FIELD}.json_schema`) !== undefined;
  if (!isNested && optionalObject(format, "schema", `${FIELD}.schema`) === undefined) {
    throw invalidRequest(
      `${FIELD}.json_schema`,
      `${FIELD}.json_schema: is required and must be an object with name and schema; send json_object for any JSON.`,
    );
  }
}

function isRefused(hasTools: boolean, context: RequestContext): boolean {
  return hasTools && !context.target.facts.combinesTools;
}

function withSchema(
  responseMimeType: string,
  format: Record<string, unknown>,
  context: RequestContext,
): ResponseFormat {
  const { jsonSchema } = context.target.facts;
  const schema = readSchema(format, jsonSchema, context);
  const field = jsonSchema ? "responseJsonSchema" : "responseSchema";
  return {
    config: { responseMimeType, ...(schema === undefined ? {} : { [field]: schema }) },
    instruction: undefined,
  };
}

function told(schema: Json | undefined, context: RequestContext): ResponseFormat {
  context.notes.add(
    "approximated",
    "json-with-tools",
    FIELD,
    `${context.target.model} cannot be held to a JSON format while it has tools; it is told the format instead.`,
  );
  const format =
    "When you answer in text, write one JSON value and nothing else: no Markdown fences, no other words.";
  return {
    config: {},
    instruction:
      schema === undefined
        ? format
        : `${format} It must be valid against this JSON Schema: ${JSON.stringify(schema)}`,
  };
}

/** The schema in the form of the field that takes it; undefined when there is none. */
function readSchema(
  format: Record<string, unknown>,
  asJsonSchema: boolean,
  context: RequestContext,
): Json | undefined {
  const nested = optionalObject(format, "json_schema", `${FIELD}.json_schema`);
  // The Responses API's flat form: clients that speak both APIs mix them up.
  const holder = nested ?? format;
  const path = nested === undefined ? FIELD : `${FIELD}.json_schema`;
  const keys = nested === undefined ? ["type", ...SCHEMA_KEYS] : ["type", "json_schema"];
  noteUnknownKeys(format, keys, FIELD, context.notes);
  if (nested !== undefined) {
    noteUnknownKeys(nested, SCHEMA_KEYS, path, context.notes);
  }
  noteStrict(holder, path, context);
  const schema = optionalObject(holder, "schema", `${path}.schema`);
  const name = optionalString(holder, "name", `${path}.name`);
  const description = optionalString(holder, "description", `${path}.description`);
  if (schema === undefined) {
    for (const [key, value] of Object.entries({ name, description })) {
      if (value !== undefined) {
        context.notes.add("ignored", "response-format", `${path}.${key}`, "There is no schema to put it on.");
      }
    }
    return undefined;
  }
  const convert = asJsonSchema ? toGeminiJsonSchema : toGeminiSchema;
  const converted = convert(schema, `${path}.schema`, context);
  if (!asJsonSchema && isEmptyObject(converted)) {
    context.notes.add(
      "ignored",
      "response-format",
      path,
      `${context.target.model} refuses a schema without properties; any JSON may come.`,
    );
    return undefined;
  }
  return withText(converted, { title: name, description }, path, context);
}

const SCHEMA_KEYS = ["name", "description", "strict", "schema"];

function noteStrict(holder: Record<string, unknown>, path: string, context: RequestContext): void {
  const strict = optionalBoolean(holder, "strict", `${path}.strict`);
  if (strict === true) {
    context.notes.used(`${path}.strict`, "response-format");
  } else if (strict === false) {
    context.notes.add(
      "approximated",
      "response-format",
      `${path}.strict`,
      "Gemini always keeps to the schema.",
    );
  }
}

/** The name and description of a schema are part of what the model reads; JSON Schema has a place for both. */
function withText(
  schema: Json,
  texts: { title: string | undefined; description: string | undefined },
  path: string,
  context: RequestContext,
): Json {
  const written: { [key: string]: Json } = {};
  for (const [key, text] of Object.entries(texts)) {
    const field = `${path}.${key === "title" ? "name" : "description"}`;
    if (text === undefined) {
      continue;
    }
    // Pydantic's schemas are titled with the name that openai-python gives.
    if (isObject(schema) && schema[key] === text) {
      context.notes.used(field, "response-format");
      continue;
    }
    // A reference may not have siblings other than $-keywords.
    if (!isObject(schema) || Object.hasOwn(schema, "$ref") || Object.hasOwn(schema, key)) {
      context.notes.add("ignored", "response-format", field, `The schema has no room for another ${key}.`);
    } else {
      written[key] = text;
      context.notes.add("approximated", "response-format", field, `Sent as the ${key} of the schema.`);
    }
  }
  return isObject(schema) ? { ...schema, ...written } : schema;
}
