/** `responseMimeType` and its schema. The list of types is from live answers of the Gemini API. */
import type { GenerationConfig } from "../../wire/gemini.ts";
import { bullet, refusal, unable, type CheckContext } from "./check-context.ts";
import { checkJsonSchema } from "./json-schema.ts";
import { checkOpenApiSchema } from "./open-api-schema.ts";

const MIME_TYPES = ["text/plain", "application/json", "application/xml", "application/yaml", "text/x.enum"];
const TAKES_A_SCHEMA = ["application/json", "text/x.enum"];

/** @throws {GoogleApiError} */
export function checkResponseFormat(config: GenerationConfig, context: CheckContext): void {
  const mime = config.responseMimeType ?? "";
  if (mime !== "" && !MIME_TYPES.includes(mime)) {
    const text =
      "allowed mimetypes are `text/plain`, `application/json`, `application/xml`, `application/yaml` and `text/x.enum`.";
    throw refusal(context, {
      vertex: unable(`the response_mime_type ${mime} is not supported: ${text}`),
      geminiApi: bullet("generation_config.response_mime_type", text),
    });
  }
  const { responseSchema, responseJsonSchema } = config;
  if (responseSchema !== undefined && responseJsonSchema !== undefined) {
    const text = "response_schema and response_json_schema are mutually exclusive.";
    throw refusal(context, {
      vertex: unable(text),
      geminiApi: bullet("generation_config.response_json_schema", text),
    });
  }
  const [field, schema] =
    responseSchema !== undefined
      ? (["response_schema", responseSchema] as const)
      : (["response_json_schema", responseJsonSchema] as const);
  if (schema === undefined) return;
  const path = `generation_config.${field}`;
  if (!TAKES_A_SCHEMA.includes(mime)) {
    const text = `only allowed when response_mime_type is \`application/json\` or \`text/x.enum\`.`;
    throw refusal(context, { vertex: unable(`${field} is ${text}`), geminiApi: bullet(path, text) });
  }
  if (field === "response_schema") {
    checkOpenApiSchema(schema, { path, vertexName: "`response_schema`" }, context);
  } else {
    checkJsonSchema(schema, { path, ofFunction: false }, context);
  }
}
