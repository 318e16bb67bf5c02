import { invalidRequest } from "../../errors.ts";
import type { GenerationConfig, Json } from "../../wire/gemini.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import { isObject, optionalBoolean, optionalObject, optionalString, requiredString } from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import { toGeminiJsonSchema, toGeminiSchema } from "./json-schema.ts";
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
      return withTools({ responseMimeType: JSON_TYPE }, undefined, hasTools, context);
    case "json_schema": {
      const schema = readSchema(format, context);
      return withTools(
        { responseMimeType: JSON_TYPE, ...schema?.config },
        schema?.written,
        hasTools,
        context,
      );
    }
    default:
      return otherType(type, format, context);
  }
}

function otherType(type: string, format: Record<string, unknown>, context: RequestContext): ResponseFormat {
  if (!MIME_TYPE.test(type)) {
    throw invalidRequest(
      `${FIELD}.type`,
      `${FIELD}.type: must be text, json_object, json_schema or a MIME type such as text/x.enum.`,
    );
  }
  // text/x.enum takes its values from a schema.
  return {
    config: { responseMimeType: type, ...readSchema(format, context)?.config },
    instruction: undefined,
  };
}

function withTools(
  config: GenerationConfig,
  schema: unknown,
  hasTools: boolean,
  context: RequestContext,
): ResponseFormat {
  if (!hasTools || context.target.facts.combinesTools) {
    return { config, instruction: undefined };
  }
  context.notes.add(
    "approximated",
    "json-with-tools",
    FIELD,
    `${context.target.model} cannot be held to a JSON format while it has tools; it is told the format instead.`,
  );
  const told =
    "When you answer in text, write one JSON value and nothing else: no Markdown fences, no other words.";
  return {
    config: {},
    instruction:
      schema === undefined
        ? told
        : `${told} It must be valid against this JSON Schema: ${JSON.stringify(schema)}`,
  };
}

interface AnswerSchema {
  config: GenerationConfig;
  /** The schema as it is sent, for the case that it has to be told instead. */
  written: Json;
}

function readSchema(format: Record<string, unknown>, context: RequestContext): AnswerSchema | undefined {
  const nested = optionalObject(format, "json_schema", `${FIELD}.json_schema`);
  noteUnknownKeys(
    format,
    nested === undefined ? ["type", ...SCHEMA_KEYS] : ["type", "json_schema"],
    FIELD,
    context.notes,
  );
  // The Responses API's flat form: clients that speak both APIs mix them up.
  const holder = nested ?? format;
  const path = nested === undefined ? FIELD : `${FIELD}.json_schema`;
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
  const { jsonSchema } = context.target.facts;
  const converted = jsonSchema
    ? toGeminiJsonSchema(schema, `${path}.schema`, context)
    : toGeminiSchema(schema, `${path}.schema`, context);
  const named = withText(converted, { title: name, description }, path, context);
  return { config: jsonSchema ? { responseJsonSchema: named } : { responseSchema: named }, written: named };
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
