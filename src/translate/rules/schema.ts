import { SOURCES } from "./sources.ts";

const JSON_SCHEMA_FIELD = "https://ai.google.dev/api/generate-content#generationconfig";
const OPENAPI_FIELD = "https://ai.google.dev/api/caching#Schema";
const STRUCTURED_OUTPUT = "https://ai.google.dev/gemini-api/docs/structured-output";

/** `parameters` of tools and `schema` of `response_format`. */
export const SCHEMA_RULES = {
  "schema-kept": {
    summary: "A schema keyword that the Gemini field takes is sent as it is.",
    source: JSON_SCHEMA_FIELD,
  },
  "schema-metadata": {
    summary:
      "Keywords that only name or describe the schema itself ($schema, $id, $anchor, $comment, discriminator), definitions nothing refers to, and keywords set to null constrain nothing; they are left out.",
    source: "https://json-schema.org/draft/2020-12/json-schema-core#section-8",
  },
  "schema-unsupported": {
    summary: "A schema keyword that the Gemini field does not take is left out, and answers may not obey it.",
    source: JSON_SCHEMA_FIELD,
  },
  "schema-ref": {
    summary:
      "$ref within the schema is kept with its definition under $defs, or written out where keywords stand beside it, where the field takes no references, or where definitions contain themselves.",
    source: SOURCES.genaiTypes,
  },
  "schema-recursion": {
    summary:
      "A definition that contains itself is written out a few levels deep and cut there: the optional property, union branch or list element that would go on is left out, and a required one allows any object.",
    source: "https://github.com/google-gemini/gemini-cli/issues/14945",
  },
  "schema-type": {
    summary:
      "type, type lists and nullable: kept in the JSON Schema field; in the OpenAPI field one upper-case type with nullable, or anyOf of several.",
    source: OPENAPI_FIELD,
  },
  "schema-type-added": {
    summary: "A schema with properties or items but without type gets the type these imply.",
    source: "https://github.com/QuantumNous/new-api/pull/5350",
  },
  "schema-any-type": {
    summary:
      "A value of any type is offered to the OpenAPI field as a string, number, boolean, null or, on Vertex AI, object: it takes no schema without a type.",
    source: "https://github.com/nearai/ironclaw/issues/6786",
  },
  "schema-enum": {
    summary:
      "enum and const become a list of strings or numbers per type, joined by anyOf; what cannot be listed is put in the description.",
    source: SOURCES.genaiTypes,
  },
  "schema-one-of": {
    summary: "oneOf becomes anyOf: Gemini does not check that only one branch fits.",
    source: JSON_SCHEMA_FIELD,
  },
  "schema-all-of": {
    summary: "allOf is merged into one schema; a branch that cannot be merged is left out.",
    source: JSON_SCHEMA_FIELD,
  },
  "schema-any-of": {
    summary:
      "anyOf is kept; in the OpenAPI field, where it must stand alone, the keywords beside it are moved into its branches.",
    source: "https://github.com/BerriAI/litellm/issues/11164",
  },
  "schema-tuple": {
    summary:
      "A tuple (prefixItems, or a list under items) keeps its positions in the JSON Schema field; in the OpenAPI field each element may be of any of the positions' types.",
    source: OPENAPI_FIELD,
  },
  "schema-exclusive-bound": {
    summary: "An exclusive bound becomes an inclusive one, moved by one for integers.",
    source: JSON_SCHEMA_FIELD,
  },
  "schema-map": {
    summary:
      "additionalProperties is kept where the field takes it; the Gemini API's OpenAPI field does not.",
    source: "https://github.com/BerriAI/litellm/issues/5338",
  },
  "schema-format": {
    summary:
      "The Gemini API's OpenAPI field takes only the formats enum and date-time for strings; others are left out.",
    source: "https://github.com/google-gemini/gemini-cli/issues/3178",
  },
  "schema-never": {
    summary:
      "The schema false, which allows no value, has no counterpart: the property or branch is left out.",
    source: JSON_SCHEMA_FIELD,
  },
  "schema-required": {
    summary: "required may name only declared properties in the OpenAPI field; other names are left out.",
    source: "https://github.com/goruck/home-generative-agent/pull/527",
  },
  "schema-example": {
    summary: "Of several examples the OpenAPI field takes the first.",
    source: OPENAPI_FIELD,
  },
  "schema-property-order": {
    summary:
      "Answers come in the order in which the schema lists its properties; for the OpenAPI field this is said with propertyOrdering.",
    source: STRUCTURED_OUTPUT,
  },
} as const;
