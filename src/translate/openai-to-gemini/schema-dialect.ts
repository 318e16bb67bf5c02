/** What each of Gemini's two schema fields takes, by host. */
import type { Surface } from "../target.ts";
import type { TypeName } from "./schema-shape.ts";

export interface EnumSupport {
  /** Numbers may be listed. */
  numbers: boolean;
  /** The empty string may be listed. */
  emptyString: boolean;
}

export interface Dialect {
  /** For messages. */
  name: string;
  /** References are written out instead of kept. */
  inline: boolean;
  /** Optional keywords that are taken. */
  keeps: ReadonlySet<string>;
  enums: EnumSupport;
  /** Stands where a value is required but its schema cannot be given. */
  filler: TypeName;
  /** What a value of any type is offered as, where a type must be given. */
  anyTypes: readonly TypeName[];
  /** Whether `format` is taken for values of these types. */
  takesFormat: (format: string, types: readonly TypeName[] | undefined) => boolean;
}

const BOTH = [
  "title",
  "description",
  "format",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "propertyOrdering",
];

/**
 * `parametersJsonSchema` and `responseJsonSchema`: the keywords listed at GenerationConfig.responseJsonSchema in
 * https://ai.google.dev/api/generate-content#generationconfig.
 */
export const JSON_SCHEMA: Dialect = {
  name: "Gemini's JSON Schema field",
  inline: false,
  keeps: new Set([...BOTH, "prefixItems", "additionalProperties"]),
  enums: { numbers: true, emptyString: true },
  filler: "object",
  anyTypes: [],
  takesFormat: () => true,
};

const OPENAPI = [
  ...BOTH,
  "minLength",
  "maxLength",
  "pattern",
  "minProperties",
  "maxProperties",
  "default",
  "example",
];

/** `parameters` and `responseSchema`, as https://ai.google.dev/api/caching#Schema defines them. */
const DEVELOPER_OPENAPI: Dialect = {
  name: "the Gemini API's OpenAPI schema field",
  inline: true,
  keeps: new Set(OPENAPI),
  // Anything else is answered "enum: only allowed for STRING type", and an empty member "cannot be empty".
  enums: { numbers: false, emptyString: false },
  // An object without properties is refused: "should be non-empty for OBJECT type".
  filler: "string",
  anyTypes: ["string", "number", "boolean"],
  takesFormat: (format, types) => {
    const formats: string[] = [];
    // https://github.com/google-gemini/gemini-cli/issues/3178
    if (types === undefined || types.includes("string")) formats.push("enum", "date-time");
    if (types?.includes("integer") === true) formats.push("int32", "int64");
    if (types?.includes("number") === true) formats.push("float", "double");
    return formats.includes(format);
  },
};

/** `Schema` of https://github.com/googleapis/googleapis/blob/master/google/cloud/aiplatform/v1beta1/openapi.proto. */
const VERTEX_OPENAPI: Dialect = {
  name: "Vertex AI's OpenAPI schema field",
  inline: true,
  keeps: new Set([...OPENAPI, "additionalProperties"]),
  // The SDK's types show {type: INTEGER, format: "enum", enum: ["101"]}; users see only STRING accepted.
  enums: { numbers: false, emptyString: false },
  filler: "object",
  anyTypes: ["string", "number", "boolean", "object"],
  takesFormat: () => true,
};

export function openApiDialect(surface: Surface): Dialect {
  return surface === "vertex" ? VERTEX_OPENAPI : DEVELOPER_OPENAPI;
}
