import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GoogleApiError } from "../google-error.ts";
import { findEmulatedModel } from "../models.ts";
import { SignatureSigner } from "../signatures.ts";
import type { Surface } from "../surface.ts";
import type { CheckContext } from "./check-context.ts";
import { checkCountTokensRequest, checkRequest } from "./check-request.ts";

const signer = new SignatureSigner("test");

function context(modelId = "gemini-3.5-flash", surface: Surface = "vertex", stream = false): CheckContext {
  const model = findEmulatedModel(modelId);
  if (model === undefined) throw new Error(`no model ${modelId}`);
  return { surface, version: surface === "vertex" ? "v1" : "v1beta", model, modelId, signer, stream };
}

const asks = [{ role: "user", parts: [{ text: "Tide times for Brest?" }] }];
const tide = {
  name: "tide",
  description: "High water",
  parametersJsonSchema: { type: "object", properties: { port: { type: "string" } }, required: ["port"] },
};
const tools = [{ functionDeclarations: [tide] }];

function refusal(body: unknown, given: CheckContext): GoogleApiError {
  try {
    checkRequest(body, given);
  } catch (error) {
    if (error instanceof GoogleApiError) return error;
    throw error;
  }
  throw new Error("the request was accepted");
}

interface Refused {
  why: string;
  body: object;
  model?: string;
  /** Both when absent. */
  surface?: Surface;
  stream?: boolean;
  /** Text of each service, or of both. */
  says: string | RegExp | Partial<Record<Surface, string | RegExp>>;
}

const call = (name: string, args: object, more: object = {}) => ({ functionCall: { name, args }, ...more });
const result = (name: string, response: object = { ok: true }, more: object = {}) => ({
  functionResponse: { name, response, ...more },
});
const bypass = { thoughtSignature: "skip_thought_signature_validator" };
const config = (generationConfig: object, more: object = {}) => ({
  contents: asks,
  generationConfig,
  ...more,
});
const declared = (declaration: object) => ({
  contents: asks,
  tools: [{ functionDeclarations: [declaration] }],
});

const REFUSED: Refused[] = [
  // Shape
  { why: "an array at the root", body: [], says: /Root element must be a message/ },
  {
    why: "an unknown name at the root",
    body: { contents: asks, stream: true },
    says: 'Invalid JSON payload received. Unknown name "stream": Cannot find field.',
  },
  {
    why: "an unknown name inside",
    body: { contents: [{ role: "user", parts: [{ text: "a", x: 1 }] }] },
    says: `Invalid JSON payload received. Unknown name "x" at 'contents[0].parts[0]': Cannot find field.`,
  },
  {
    why: "an unknown name in a property's schema",
    body: declared({
      name: "f",
      parameters: { type: "OBJECT", properties: { a: { type: "STRING", const: "b" } } },
    }),
    says: `Invalid JSON payload received. Unknown name "const" at 'tools[0].function_declarations[0].parameters.properties[0].value': Cannot find field.`,
  },
  {
    why: "$schema and additionalProperties in the OpenAPI-like field",
    surface: "gemini-api",
    body: config({
      responseMimeType: "application/json",
      responseSchema: { $schema: "x", type: "STRING", additionalProperties: false },
    }),
    says: /Unknown name "\$schema" at 'generation_config.response_schema': Cannot find field.\n.*"additionalProperties"/,
  },
  {
    why: "$ref and $defs",
    body: config({ responseMimeType: "application/json", responseSchema: { $ref: "#/$defs/a", $defs: {} } }),
    says: /Unknown name "\$ref".*\n.*Unknown name "\$defs"/,
  },
  {
    why: "a list of types in the OpenAPI-like field",
    body: config({ responseMimeType: "application/json", responseSchema: { type: ["STRING", "NULL"] } }),
    says: `Invalid JSON payload received. Unknown name "type" at 'generation_config.response_schema': Proto field is not repeating, cannot start list.`,
  },
  {
    why: "an instruction that is a string",
    body: { contents: asks, systemInstruction: "Be brief" },
    says: {
      vertex: `Invalid value at 'system_instruction' (type.googleapis.com/google.cloud.aiplatform.v1.Content), "Be brief"`,
      "gemini-api": `Invalid value at 'system_instruction' (type.googleapis.com/google.ai.generativelanguage.v1beta.Content), "Be brief"`,
    },
  },
  {
    why: "a number for a text",
    body: { contents: [{ role: "user", parts: [{ text: 5 }] }] },
    says: "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 5",
  },
  {
    why: "an object for a text",
    body: { contents: [{ role: "user", parts: [{ text: {} }] }] },
    says: "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), Starting an object on a scalar field",
  },
  {
    why: "a seed of 64 bits",
    body: config({ seed: 3_000_000_000 }),
    says: "Invalid value at 'generation_config.seed' (TYPE_INT32), 3000000000",
  },
  {
    why: "a fraction for a count",
    body: config({ maxOutputTokens: 1.5 }),
    says: "Invalid value at 'generation_config.max_output_tokens' (TYPE_INT32), 1.5",
  },
  {
    why: "an unknown enum value",
    body: config({ responseModalities: ["SMELL"] }),
    says: /Invalid value at 'generation_config.response_modalities\[0\]' \(type.googleapis.com\/google\..*\.GenerationConfig\.Modality\), "SMELL"/,
  },
  {
    why: "data that is not base64",
    body: {
      contents: [{ role: "user", parts: [{ inlineData: { mimeType: "image/png", data: "data:!" } }] }],
    },
    says: `Invalid value at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES), Base64 decoding failed for "data:!"`,
  },
  {
    why: "a signature that is not base64",
    body: { contents: [{ role: "model", parts: [{ text: "a", thoughtSignature: "a b" }] }, ...asks] },
    says: /Invalid value at 'contents\[0\]\.parts\[0\]\.thought_signature' \(TYPE_BYTES\), Base64 decoding failed/,
  },
  {
    why: "two kinds of data in one part",
    body: {
      contents: [
        { role: "user", parts: [{ text: "a", inlineData: { mimeType: "image/png", data: "AA==" } }] },
      ],
    },
    says: /oneof field 'data' is already set/,
  },
  {
    why: "arguments that are no object",
    body: { contents: [...asks, { role: "model", parts: [call("f", [1])] }] },
    says: /Unknown name "args" at 'contents\[1\]\.parts\[0\]\.function_call': Proto field is not repeating/,
  },
  {
    why: "arguments that are a string",
    body: { contents: [...asks, { role: "model", parts: [{ functionCall: { name: "f", args: "{}" } }] }] },
    says: `Invalid value at 'contents[1].parts[0].function_call.args' (type.googleapis.com/google.protobuf.Struct), "{}"`,
  },
  {
    why: "a duration without its unit",
    body: {
      contents: [
        {
          role: "user",
          parts: [
            {
              fileData: { fileUri: "gs://b/v.mp4", mimeType: "video/mp4" },
              videoMetadata: { startOffset: "3" },
            },
          ],
        },
      ],
    },
    says: /start_offset.*Illegal duration format/,
  },
  {
    why: "labels",
    surface: "gemini-api",
    body: { contents: asks, labels: { a: "b" } },
    says: /Unknown name "labels"/,
  },
  {
    why: "serviceTier",
    surface: "vertex",
    body: { contents: asks, serviceTier: "flex" },
    says: /Unknown name "serviceTier"/,
  },
  {
    why: "audioTimestamp",
    surface: "gemini-api",
    body: config({ audioTimestamp: true }),
    says: /Unknown name "audioTimestamp" at 'generation_config'/,
  },
  {
    why: "streamed arguments",
    surface: "gemini-api",
    body: {
      contents: asks,
      tools,
      toolConfig: { functionCallingConfig: { streamFunctionCallArguments: true } },
    },
    says: /Unknown name "streamFunctionCallArguments"/,
  },

  // Contents
  {
    why: "no contents",
    body: { systemInstruction: { parts: [{ text: "Be brief" }] } },
    says: {
      vertex: /^Unable to submit request because at least one contents field is required\. Learn more: /,
      "gemini-api": "* GenerateContentRequest.contents: contents is not specified\n",
    },
  },
  {
    why: "no parts",
    body: { contents: [...asks, { role: "user", parts: [] }] },
    says: {
      vertex: /it must include at least one parts field, which describes the prompt input\./,
      "gemini-api": "* GenerateContentRequest.contents[1].parts: contents.parts must not be empty.\n",
    },
  },
  {
    why: "an empty part",
    body: { contents: [{ role: "user", parts: [{ thought: true }] }] },
    says: {
      vertex: /required oneof field 'data' must have one initialized field/,
      "gemini-api":
        "* GenerateContentRequest.contents[0].parts[0].data: required oneof field 'data' must have one initialized field\n",
    },
  },
  {
    why: "an empty text",
    body: { contents: [{ role: "user", parts: [{ text: "" }] }] },
    says: {
      vertex: /it must have a text parameter\. Add a text parameter and try again\./,
      "gemini-api": /required oneof field 'data' must have one initialized field/,
    },
  },
  {
    why: "an empty instruction",
    body: { contents: asks, systemInstruction: { parts: [{ text: "" }] } },
    says: {
      vertex: /it must have a text parameter/,
      "gemini-api": /GenerateContentRequest\.system_instruction\.parts\[0\]/,
    },
  },
  {
    why: "a role of OpenAI's",
    body: { contents: [...asks, { role: "assistant", parts: [{ text: "a" }] }] },
    says: "Please use a valid role: user, model.",
  },
  {
    why: "no role",
    surface: "vertex",
    body: { contents: [{ parts: [{ text: "a" }] }] },
    says: "Please use a valid role: user, model.",
  },
  {
    why: "a call without a name",
    body: { contents: [...asks, { role: "model", parts: [{ functionCall: { args: {} } }] }] },
    says: { vertex: /has no name/, "gemini-api": /function_call\.name: Name cannot be empty/ },
  },
  {
    why: "a response without a response",
    body: { contents: [{ role: "user", parts: [{ functionResponse: { name: "f" } }] }] },
    says: { vertex: /has no response/, "gemini-api": /function_response\.response/ },
  },
  {
    why: "a $ref in a response that names none of its parts",
    body: {
      contents: [
        ...asks,
        { role: "model", parts: [call("spec", {}, bypass)] },
        {
          role: "user",
          parts: [
            { functionResponse: { name: "spec", response: { schemas: [{ $ref: "#/$defs/A" }] }, parts: [] } },
          ],
        },
      ],
    },
    says: "The referenced name `#/$defs/A` in function_response.response does not match to a display_name in the function_response.parts.",
  },

  // Turns
  {
    why: "fewer responses than calls",
    body: {
      contents: [
        ...asks,
        {
          role: "model",
          parts: [call("tide", { port: "Brest" }, bypass), call("tide", { port: "Roscoff" })],
        },
        { role: "user", parts: [result("tide")] },
      ],
    },
    says: "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
  },
  {
    why: "responses spread over two contents",
    body: {
      contents: [
        ...asks,
        { role: "model", parts: [call("tide", {}, bypass), call("tide", {})] },
        { role: "user", parts: [result("tide")] },
        { role: "user", parts: [result("tide")] },
      ],
    },
    says: /number of function response parts is equal/,
  },
  {
    why: "a call nobody answered",
    body: { contents: [...asks, { role: "model", parts: [call("tide", {}, bypass)] }, ...asks] },
    says: /number of function response parts is equal/,
  },
  {
    why: "a history that begins with a call",
    body: {
      contents: [
        { role: "model", parts: [call("f", {}, bypass)] },
        { role: "user", parts: [result("f")] },
      ],
    },
    says: "Please ensure that function call turn comes immediately after a user turn or after a function response turn.",
  },
  {
    why: "a call after a model turn",
    body: {
      contents: [
        ...asks,
        { role: "model", parts: [{ text: "a" }] },
        { role: "model", parts: [call("f", {}, bypass)] },
        { role: "user", parts: [result("f")] },
      ],
    },
    says: /function call turn comes immediately after/,
  },
  {
    why: "a response to nothing",
    body: { contents: [...asks, { role: "user", parts: [result("f")] }] },
    says: "Please ensure that function response turn comes immediately after a function call turn.",
  },
  {
    why: "a last turn of the model's",
    model: "gemini-3.8-flash",
    body: { contents: [...asks, { role: "model", parts: [{ text: "It is" }] }] },
    says: "Please ensure that multiturn requests end with a user role or a function response.",
  },
  {
    why: "a response with another id",
    model: "gemini-3.8-flash",
    body: {
      contents: [
        ...asks,
        { role: "model", parts: [{ functionCall: { id: "a", name: "f", args: {} }, ...bypass }] },
        { role: "user", parts: [result("f", {}, { id: "b" })] },
      ],
    },
    says: /no call has id "b" and name "f"/,
  },
  {
    why: "a response with another name",
    model: "gemini-3.8-flash",
    body: {
      contents: [
        ...asks,
        { role: "model", parts: [{ functionCall: { id: "a", name: "f", args: {} }, ...bypass }] },
        { role: "user", parts: [result("g", {}, { id: "a" })] },
      ],
    },
    says: /no call has id "a" and name "g"/,
  },

  // Signatures
  {
    why: "a call without its signature",
    body: {
      contents: [
        ...asks,
        { role: "model", parts: [call("tide", {})] },
        { role: "user", parts: [result("tide")] },
      ],
    },
    says: {
      vertex:
        /^Unable to submit request because function call `default_api:tide` in the 2\. content block is missing a `thought_signature`\./,
      "gemini-api":
        /^Function call is missing a thought_signature in functionCall parts\..*function call `default_api:tide` , position 2\./,
    },
  },
  {
    why: "the second step without its signature",
    body: {
      contents: [
        ...asks,
        { role: "model", parts: [call("tide", {}, bypass)] },
        { role: "user", parts: [result("tide")] },
        { role: "model", parts: [call("tide", { port: "b" })] },
        { role: "user", parts: [result("tide")] },
      ],
    },
    says: { vertex: /in the 4\. content block/, "gemini-api": /position 4\./ },
  },
  {
    why: "a signature of somebody else",
    body: {
      contents: [
        ...asks,
        { role: "model", parts: [call("tide", {}, { thoughtSignature: "Q0FGRQ==" })] },
        { role: "user", parts: [result("tide")] },
      ],
    },
    says: "Corrupted thought signature.",
  },

  // Numbers
  {
    why: "temperature",
    body: config({ temperature: 2.5 }),
    says: {
      vertex:
        "Unable to submit request because it has a temperature value of 2.5 but the supported range is from 0 (inclusive) to 2.0001 (exclusive). Update the value and try again.",
      "gemini-api":
        "* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].\n",
    },
  },
  {
    why: "topP",
    body: config({ topP: 1.5 }),
    says: { vertex: /topP value of 1.5/, "gemini-api": /top_p must be in the range/ },
  },
  {
    why: "topK",
    body: config({ topK: 0 }),
    says: { vertex: /topK value of 0/, "gemini-api": /top_k must be positive/ },
  },
  {
    why: "maxOutputTokens of 0",
    body: config({ maxOutputTokens: 0 }),
    says: {
      vertex: /maxOutputTokens value of 0 .* from 1 \(inclusive\) to 65537 \(exclusive\)/,
      "gemini-api": /max_output_tokens/,
    },
  },
  {
    why: "65536 output tokens on 2.5",
    model: "gemini-2.5-flash-lite",
    surface: "vertex",
    body: config({ maxOutputTokens: 65_536 }),
    says: /maxOutputTokens value of 65536 but the supported range is from 1 \(inclusive\) to 65536 \(exclusive\)/,
  },
  {
    why: "ten stop sequences",
    body: config({ stopSequences: Array.from({ length: 10 }, (_, index) => `s${index}`) }),
    says: {
      vertex:
        "Unable to submit request because it has a stopSequences value of 10 but the supported range is from 1 (inclusive) to 6 (exclusive). Update the value and try again.",
      "gemini-api": /stop_sequences/,
    },
  },
  { why: "no stop sequences", body: config({ stopSequences: [] }), says: /stop.?[sS]equences/ },
  { why: "an empty stop sequence", body: config({ stopSequences: [""] }), says: /stop.?[sS]equences/ },
  {
    why: "nine candidates",
    body: config({ candidateCount: 9 }),
    says: { vertex: /candidateCount value of 9 .* to 9 \(exclusive\)/, "gemini-api": /candidate_count/ },
  },
  {
    why: "candidateCount",
    model: "gemini-3.8-flash",
    body: config({ candidateCount: 1 }),
    says: /candidateCount is not supported/,
  },
  {
    why: "two pictures at once",
    model: "gemini-2.5-flash-image",
    body: config({ candidateCount: 2 }),
    says: {
      vertex:
        "Unable to submit request because candidateCount must be 1 but the entered value was 2. Update the candidateCount value and try again.",
      "gemini-api": "Multiple candidates is not enabled for this model",
    },
  },
  {
    why: "a penalty",
    model: "gemini-2.5-flash",
    body: config({ presencePenalty: 0.5 }),
    says: {
      vertex: /Penalty is not enabled for this model/,
      "gemini-api": "Penalty is not enabled for models/gemini-2.5-flash",
    },
  },
  {
    why: "a penalty of 0",
    model: "gemini-3.8-flash",
    body: config({ frequencyPenalty: 0 }),
    says: /Penalty is not enabled/,
  },
  {
    why: "a penalty of 2",
    model: "gemini-2.0-flash",
    body: config({ frequencyPenalty: 2 }),
    says: {
      vertex: /frequencyPenalty value of 2 .* from -2 \(inclusive\) to 2 \(exclusive\)/,
      "gemini-api": /frequency_penalty/,
    },
  },
  {
    why: "logprobs without responseLogprobs",
    model: "gemini-2.5-flash",
    body: config({ logprobs: 3 }),
    says: /response_logprobs/,
  },
  {
    why: "logprobs on a model without them",
    body: config({ responseLogprobs: true }),
    says: {
      vertex: /Logprobs is not supported for this model\./,
      "gemini-api": "Logprobs is not enabled for models/gemini-3.5-flash",
    },
  },
  {
    why: "21 logprobs",
    model: "gemini-2.5-flash",
    body: config({ responseLogprobs: true, logprobs: 21 }),
    says: /logprobs/,
  },

  // Thinking
  {
    why: "level and budget",
    body: config({ thinkingConfig: { thinkingLevel: "LOW", thinkingBudget: 100 } }),
    says: "You can only set only one of thinking budget and thinking level.",
  },
  {
    why: "a level on 2.5",
    model: "gemini-2.5-flash",
    body: config({ thinkingConfig: { thinkingLevel: "LOW" } }),
    says: /Thinking level is not supported for this model\./,
  },
  {
    why: "MINIMAL on 3.8",
    model: "gemini-3.8-flash",
    body: config({ thinkingConfig: { thinkingLevel: "MINIMAL" } }),
    says: /Thinking level MINIMAL is not supported for this model\. Please retry with other thinking level\./,
  },
  {
    why: "MEDIUM on an image model",
    model: "gemini-3-pro-image",
    body: config({ thinkingConfig: { thinkingLevel: "MEDIUM" } }),
    says: /Thinking level MEDIUM is not supported/,
  },
  {
    why: "a budget on 3.8",
    model: "gemini-3.8-flash",
    body: config({ thinkingConfig: { thinkingBudget: 1024 } }),
    says: /Thinking budget is not supported/,
  },
  {
    why: "a budget of 0 on Gemini 3",
    body: config({ thinkingConfig: { thinkingBudget: 0 } }),
    says: "Request contains an invalid argument.",
  },
  {
    why: "a budget of 0 on 2.5 Pro",
    model: "gemini-2.5-pro",
    body: config({ thinkingConfig: { thinkingBudget: 0 } }),
    says: {
      vertex: /Thinking can't be disabled for this model\./,
      "gemini-api": "Budget 0 is invalid. This model only works in thinking mode.",
    },
  },
  {
    why: "too large a budget",
    model: "gemini-2.5-flash",
    body: config({ thinkingConfig: { thinkingBudget: 30_000 } }),
    says: /The thinking budget 30000 is invalid\. Please choose a value between 0 and 24576\./,
  },
  {
    why: "too small a budget",
    model: "gemini-2.5-flash-lite",
    body: config({ thinkingConfig: { thinkingBudget: 100 } }),
    says: /Please choose a value between 512 and 24576\./,
  },
  {
    why: "thoughts without thinking",
    model: "gemini-2.5-flash",
    body: config({ thinkingConfig: { thinkingBudget: 0, includeThoughts: true } }),
    says: /include_thoughts is only enabled when thinking is enabled\./,
  },
  {
    why: "thoughts of a model that thinks only when told to",
    model: "gemini-2.5-flash-lite",
    body: config({ thinkingConfig: { includeThoughts: true } }),
    says: /include_thoughts is only enabled when thinking is enabled\./,
  },
  {
    why: "thinking on 2.0",
    model: "gemini-2.0-flash",
    body: config({ thinkingConfig: { includeThoughts: true } }),
    says: { vertex: /thinking is not supported by this model/, "gemini-api": /Thinking is not enabled/ },
  },

  // Output
  {
    why: "an unknown response type",
    body: config({ responseMimeType: "text/html" }),
    says: /allowed mimetypes are `text\/plain`, `application\/json`/,
  },
  {
    why: "a schema without its type",
    body: config({ responseSchema: { type: "STRING" } }),
    says: /only allowed when response_mime_type is/,
  },
  {
    why: "both schema fields",
    body: config({
      responseMimeType: "application/json",
      responseSchema: { type: "STRING" },
      responseJsonSchema: { type: "string" },
    }),
    says: /response_schema and response_json_schema are mutually exclusive/,
  },
  {
    why: "a picture from a text model",
    body: config({ responseModalities: ["TEXT", "IMAGE"] }),
    says: /The requested combination of response modalities \(TEXT, IMAGE\) is not supported by the model\. models\/gemini-3.5-flash accepts .*\n\* TEXT\n/,
  },
  {
    why: "text from a speech model",
    model: "gemini-2.5-flash-tts",
    body: { contents: asks },
    says: /\* AUDIO\n/,
  },
  {
    why: "an instruction to a speech model",
    model: "gemini-2.5-flash-tts",
    body: config({ responseModalities: ["AUDIO"] }, { systemInstruction: { parts: [{ text: "a" }] } }),
    says: /Developer instruction is not enabled for models\/gemini-2.5-flash-tts/,
  },
  {
    why: "an unknown aspect ratio",
    model: "gemini-3.1-flash-image",
    body: config({ imageConfig: { aspectRatio: "7:5" } }),
    says: /aspect_ratio must be one of '1:1'/,
  },

  // Schemas
  {
    why: "an enum of numbers",
    body: config({ responseMimeType: "application/json", responseSchema: { type: "INTEGER", enum: ["1"] } }),
    says: /enum.*only allowed for STRING type|only allowed for STRING type/,
  },
  {
    why: "an empty enum value",
    body: config({ responseMimeType: "application/json", responseSchema: { type: "STRING", enum: [""] } }),
    says: /cannot be empty/,
  },
  {
    why: "a format",
    surface: "gemini-api",
    body: declared({
      name: "f",
      parameters: { type: "OBJECT", properties: { a: { type: "STRING", format: "uri" } } },
    }),
    says: "* GenerateContentRequest.tools[0].function_declarations[0].parameters.properties[a].format: only 'enum' and 'date-time' are supported for STRING type\n",
  },
  {
    why: "an object of nothing",
    surface: "gemini-api",
    model: "gemini-2.5-flash",
    body: declared({ name: "f", parameters: { type: "OBJECT", properties: {} } }),
    says: "* GenerateContentRequest.tools[0].function_declarations[0].parameters.properties: should be non-empty for OBJECT type\n",
  },
  {
    why: "an array of nothing",
    body: declared({ name: "f", parameters: { type: "OBJECT", properties: { a: { type: "ARRAY" } } } }),
    says: /missing field/,
  },
  {
    why: "a required property that is not there",
    body: declared({ name: "f", parameters: { type: "OBJECT", properties: {}, required: ["toString"] } }),
    model: "gemini-3.5-flash",
    says: {
      vertex: /"toString" in required, which is not defined/,
      "gemini-api": /required\[0\]: property is not defined/,
    },
  },
  {
    why: "no type",
    body: declared({ name: "f", parameters: { type: "OBJECT", properties: { a: {} } } }),
    says: {
      vertex:
        /`f` functionDeclaration `parameters`\.properties\[a\] schema didn't specify the schema type field/,
      "gemini-api": /properties\[a\]\.type/,
    },
  },
  {
    why: "parameters that are no object",
    body: declared({ name: "f", parameters: { type: "STRING" } }),
    says: /should be of type OBJECT/,
  },
  {
    why: "JSON parameters that are no object",
    body: declared({ name: "f", parametersJsonSchema: { type: "string" } }),
    says: /should be of type OBJECT/,
  },
  {
    why: "both parameter fields",
    body: declared({ name: "f", parameters: { type: "OBJECT" }, parametersJsonSchema: { type: "object" } }),
    says: /mutually exclusive/,
  },
  {
    why: "JSON parameters before 2.5",
    model: "gemini-2.0-flash",
    body: declared({ name: "f", parametersJsonSchema: { type: "object" } }),
    says: /not supported for this model/,
  },
  {
    why: "a JSON schema keyword that is not on the list",
    body: config({
      responseMimeType: "application/json",
      responseJsonSchema: { type: "object", properties: { a: { const: 1 } } },
    }),
    says: /unsupported keyword "const"/,
  },
  {
    why: "a $ref to nothing",
    body: config({
      responseMimeType: "application/json",
      responseJsonSchema: { $ref: "#/$defs/constructor" },
    }),
    says: /\$ref "#\/\$defs\/constructor" does not resolve/,
  },
  {
    why: "a $ref with a sibling",
    body: config({
      responseMimeType: "application/json",
      responseJsonSchema: {
        $defs: { a: { type: "string" } },
        type: "object",
        properties: { a: { $ref: "#/$defs/a", description: "b" } },
      },
    }),
    says: /"description" may not stand beside \$ref/,
  },
  {
    why: "a loop that cannot be left",
    body: config({
      responseMimeType: "application/json",
      responseJsonSchema: { type: "object", properties: { next: { $ref: "#" } }, required: ["next"] },
    }),
    says: /cyclic reference # outside an optional property/,
  },
  {
    why: "a loop in function parameters",
    surface: "vertex",
    body: declared({
      name: "f",
      parametersJsonSchema: { type: "object", properties: { next: { $ref: "#" } } },
    }),
    says: /cyclic reference # in function parameters/,
  },
  {
    why: "an enum of booleans",
    body: config({ responseMimeType: "application/json", responseJsonSchema: { enum: [true] } }),
    says: /only strings and numbers/,
  },

  // Tools
  {
    why: "an empty tool",
    body: { contents: asks, tools: [{}] },
    says: /required one_of 'tool_type' must have one initialized field/,
  },
  {
    why: "a name that starts with a digit",
    body: declared({ name: "1a" }),
    says: {
      vertex:
        /^The GenerateContentRequest proto is invalid:\n {2}\* tools\[0\]\.function_declarations\[0\]\.name: \[FIELD_INVALID\] Invalid function name\. Must start with a letter or an underscore\./,
      "gemini-api":
        /^\* GenerateContentRequest\.tools\[0\]\.function_declarations\[0\]\.name: Invalid function name\. /,
    },
  },
  {
    why: "a name of 129 characters",
    body: declared({ name: "a".repeat(129) }),
    says: /Invalid function name/,
  },
  {
    why: "a function declared twice",
    body: { contents: asks, tools: [{ functionDeclarations: [{ name: "f" }, { name: "f" }] }] },
    says: "Duplicate function declaration found: f",
  },
  {
    why: "513 functions",
    body: {
      contents: asks,
      tools: [{ functionDeclarations: Array.from({ length: 513 }, (_, index) => ({ name: `f${index}` })) }],
    },
    says: /at most 512 function declarations/,
  },
  {
    why: "an allowed function that is not declared",
    body: {
      contents: asks,
      tools,
      toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["constructor"] } },
    },
    says: /allowed_function_names contains a function that is not declared: constructor/,
  },
  {
    why: "allowed functions in mode AUTO",
    body: {
      contents: asks,
      tools,
      toolConfig: { functionCallingConfig: { mode: "AUTO", allowedFunctionNames: ["tide"] } },
    },
    says: /only when the function calling mode is ANY or VALIDATED/,
  },
  {
    why: "a calling mode without functions",
    body: {
      contents: asks,
      tools: [{ googleSearch: {} }],
      toolConfig: { functionCallingConfig: { mode: "ANY" } },
    },
    says: /Function calling config is set without function_declarations\./,
  },
  {
    why: "streamed arguments in an answer that is not",
    surface: "vertex",
    body: {
      contents: asks,
      tools,
      toolConfig: { functionCallingConfig: { streamFunctionCallArguments: true } },
    },
    says: /needs a streaming request/,
  },
  {
    why: "search and functions before Gemini 3",
    model: "gemini-2.5-flash",
    body: { contents: asks, tools: [...tools, { googleSearch: {} }] },
    says: {
      vertex: /Multiple tools are supported only when they are all search tools\./,
      "gemini-api": "Tool use with function calling is unsupported",
    },
  },
  {
    why: "search and functions without the switch",
    surface: "gemini-api",
    body: { contents: asks, tools: [...tools, { googleSearch: {} }] },
    says: /include_server_side_tool_invocations/,
  },
  {
    why: "JSON and functions before Gemini 3",
    model: "gemini-2.5-flash",
    body: config({ responseMimeType: "application/json" }, { tools }),
    says: "Function calling with a response mime type: 'application/json' is unsupported",
  },
  {
    why: "JSON and search before Gemini 3",
    model: "gemini-2.5-flash",
    surface: "vertex",
    body: config({ responseMimeType: "application/json" }, { tools: [{ googleSearch: {} }] }),
    says: /controlled generation is not supported with google_search tool/,
  },

  // Media
  ...["image/gif", "image/jpg", "png", "application/json", "image/*", ""].map((mimeType) => ({
    why: `the type "${mimeType}"`,
    body: { contents: [{ role: "user", parts: [{ inlineData: { mimeType, data: "AAAA" } }] }] },
    says: {
      vertex: new RegExp(
        `it has a mimeType parameter with value ${mimeType.replace("*", String.raw`\*`)}, which is not supported`,
      ),
      "gemini-api": `Unsupported MIME type: ${mimeType}`,
    },
  })),
  {
    why: "no data",
    body: { contents: [{ role: "user", parts: [{ inlineData: { mimeType: "image/png", data: "" } }] }] },
    says: { vertex: /it has an empty inlineData parameter/, "gemini-api": /inline_data\.data/ },
  },
  {
    why: "gs:// there",
    surface: "gemini-api",
    body: {
      contents: [{ role: "user", parts: [{ fileData: { mimeType: "image/png", fileUri: "gs://b/a.png" } }] }],
    },
    says: "Invalid or unsupported file uri: gs://b/a.png",
  },
  {
    why: "a file of the other service",
    surface: "vertex",
    body: {
      contents: [
        {
          role: "user",
          parts: [
            {
              fileData: {
                mimeType: "image/png",
                fileUri: "https://generativelanguage.googleapis.com/v1beta/files/a",
              },
            },
          ],
        },
      ],
    },
    says: /Cannot fetch content from the provided URL/,
  },
  {
    why: "eleven videos",
    body: {
      contents: [
        {
          role: "user",
          parts: Array.from({ length: 11 }, () => ({
            fileData: { mimeType: "video/mp4", fileUri: "https://example.com/a.mp4" },
          })),
        },
      ],
    },
    says: /it has 11 video files but the model only supports up to 10\./,
  },
  {
    why: "a resolution for one part before Gemini 3",
    model: "gemini-2.5-flash",
    body: {
      contents: [
        {
          role: "user",
          parts: [
            {
              inlineData: { mimeType: "image/png", data: "AAAA" },
              mediaResolution: { level: "MEDIA_RESOLUTION_LOW" },
            },
          ],
        },
      ],
    },
    says: /media resolution for a single part is not supported/,
  },

  // Beside the conversation
  {
    why: "a category that is none",
    surface: "gemini-api",
    body: { contents: asks, safetySettings: [{ category: "HARM_CATEGORY_UNSPECIFIED", threshold: "OFF" }] },
    says: /element predicate failed: \$\.category in \(HarmCategory\.HARM_CATEGORY_HATE_SPEECH, /,
  },
  {
    why: "a category nobody knows",
    body: { contents: asks, safetySettings: [{ category: "HARM_CATEGORY_BOREDOM", threshold: "OFF" }] },
    says: /Invalid value at 'safety_settings\[0\]\.category' \(type\.googleapis\.com\/google\..*\.HarmCategory\), "HARM_CATEGORY_BOREDOM"/,
  },
  {
    why: "a category twice",
    body: {
      contents: asks,
      safetySettings: [
        { category: "HARM_CATEGORY_HARASSMENT", threshold: "OFF" },
        { category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" },
      ],
    },
    says: /more than one setting for the category HARM_CATEGORY_HARASSMENT/,
  },
  {
    why: "safety settings beside Model Armor",
    surface: "vertex",
    body: {
      contents: asks,
      modelArmorConfig: { promptTemplateName: "t" },
      safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "OFF" }],
    },
    says: /safety_settings must not be set when model_armor_config is/,
  },
  {
    why: "a label in capitals",
    surface: "vertex",
    body: { contents: asks, labels: { Team: "a" } },
    says: /the label "Team" is invalid/,
  },
  {
    why: "65 labels",
    surface: "vertex",
    body: {
      contents: asks,
      labels: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`k${index}`, "v"])),
    },
    says: /at most 64/,
  },
  {
    why: "tools beside a cache",
    body: { contents: asks, tools, cachedContent: "cachedContents/a" },
    surface: "gemini-api",
    says: /^CachedContent can not be used with GenerateContent request setting system_instruction, tools or tool_config\./,
  },
  {
    why: "an instruction beside a cache",
    surface: "vertex",
    body: {
      contents: asks,
      systemInstruction: { parts: [{ text: "a" }] },
      cachedContent: "projects/p/locations/global/cachedContents/a",
    },
    says: /CachedContent can not be used/,
  },
  {
    why: "a cache of the other service",
    surface: "vertex",
    body: { contents: asks, cachedContent: "cachedContents/a" },
    says: /Invalid CachedContent name/,
  },
  {
    why: "too many tokens",
    model: "gemini-2.5-flash-image",
    body: { contents: [{ role: "user", parts: [{ text: "word ".repeat(70_000) }] }] },
    says: /^The input token count \(\d+\) exceeds the maximum number of tokens allowed \(65536\)\.$/,
  },
];

const cases = REFUSED.flatMap((one) =>
  (one.surface === undefined ? (["vertex", "gemini-api"] as const) : [one.surface]).map((surface) => {
    const says = typeof one.says === "string" || one.says instanceof RegExp ? one.says : one.says[surface];
    return { ...one, surface, says: says ?? /./ };
  }),
);

test.each(cases)("$surface refuses $why", ({ body, model, surface, stream, says }) => {
  const before = JSON.stringify(body);
  const error = refusal(body, context(model, surface, stream));
  expect(error).toMatchObject({ code: 400, status: "INVALID_ARGUMENT" });
  if (typeof says === "string") expect(error.message).toBe(says);
  else expect(error.message).toMatch(says);
  expect(JSON.stringify(body)).toBe(before);
});

test("every violation of the shape is listed, in the details too", () => {
  const error = refusal({ contents: asks, a: 1, generationConfig: { b: 2, seed: "x" } }, context());
  expect(error.message.split("\n")).toHaveLength(3);
  expect(error.toBody().error["details"]).toEqual([
    {
      "@type": "type.googleapis.com/google.rpc.BadRequest",
      fieldViolations: [
        { description: 'Invalid JSON payload received. Unknown name "a": Cannot find field.' },
        {
          field: "generation_config",
          description: `Invalid JSON payload received. Unknown name "b" at 'generation_config': Cannot find field.`,
        },
        {
          field: "generation_config.seed",
          description: `Invalid value at 'generation_config.seed' (TYPE_INT32), "x"`,
        },
      ],
    },
  ]);
});

interface Accepted {
  why: string;
  body: object;
  model?: string;
  surface?: Surface;
  stream?: boolean;
}

const signedCall = (modelId: string, name: string, args: object) => {
  const part = call(name, args);
  return { ...part, thoughtSignature: signer.sign(modelId, part as never, "1") };
};

const ACCEPTED: Accepted[] = [
  { why: "a plain question", body: { contents: asks } },
  {
    why: "proto names",
    body: {
      contents: asks,
      system_instruction: { parts: [{ text: "a" }] },
      generation_config: { max_output_tokens: 5, top_p: 0.5 },
    },
  },
  { why: "single values for lists", body: { contents: { role: "user", parts: { text: "a" } } } },
  { why: "numbers as strings", body: config({ maxOutputTokens: "100", temperature: "0.5" }) },
  { why: "enum names in lower case", body: config({ thinkingConfig: { thinkingLevel: "low" } }) },
  {
    why: "nulls",
    body: { contents: asks, systemInstruction: null, generationConfig: { temperature: null } },
  },
  { why: "no role", surface: "gemini-api", body: { contents: [{ parts: [{ text: "a" }] }] } },
  {
    why: "a $ref in a response that names one of its parts",
    body: {
      contents: [
        ...asks,
        { role: "model", parts: [call("plot", {}, bypass)] },
        {
          role: "user",
          parts: [
            {
              functionResponse: {
                name: "plot",
                response: { plot: { $ref: "a.png" } },
                parts: [{ inlineData: { mimeType: "image/png", data: "iVBORw==", displayName: "a.png" } }],
              },
            },
          ],
        },
      ],
    },
  },
  {
    why: "a $ref in a response before Gemini 3",
    model: "gemini-2.5-flash",
    body: {
      contents: [
        ...asks,
        { role: "model", parts: [call("spec", {})] },
        { role: "user", parts: [result("spec", { $ref: "#/$defs/A" })] },
      ],
    },
  },
  {
    why: "parallel calls with the first one signed",
    body: {
      contents: [
        ...asks,
        {
          role: "model",
          parts: [
            signedCall("gemini-3.5-flash", "tide", { port: "Brest" }),
            call("tide", { port: "Roscoff" }),
          ],
        },
        { role: "user", parts: [result("tide"), result("tide")] },
      ],
      tools,
    },
  },
  ...[
    "skip_thought_signature_validator",
    "context_engineering_is_the_way_to_go",
    "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=",
  ].map((thoughtSignature) => ({
    why: `the bypass ${thoughtSignature}`,
    body: {
      contents: [
        ...asks,
        { role: "model", parts: [call("tide", {}, { thoughtSignature })] },
        { role: "user", parts: [result("tide")] },
      ],
    },
  })),
  {
    why: "calls of an earlier turn without signatures",
    body: {
      contents: [
        ...asks,
        { role: "model", parts: [call("tide", {})] },
        { role: "user", parts: [result("tide")] },
        { role: "model", parts: [{ text: "04:12" }] },
        ...asks,
      ],
    },
  },
  {
    why: "calls without signatures on 2.5",
    model: "gemini-2.5-flash",
    body: {
      contents: [
        ...asks,
        { role: "model", parts: [call("tide", {})] },
        { role: "user", parts: [result("tide")] },
      ],
    },
  },
  {
    why: "an empty text that carries a signature",
    body: {
      contents: [
        ...asks,
        { role: "model", parts: [{ text: "a" }, { text: "", thoughtSignature: "Q0FGRQ==" }] },
        ...asks,
      ],
    },
  },
  {
    why: "a last model turn before 3.8",
    body: { contents: [...asks, { role: "model", parts: [{ text: "It is" }] }] },
  },
  {
    why: "matching ids",
    model: "gemini-3.8-flash",
    body: {
      contents: [
        ...asks,
        {
          role: "model",
          parts: [
            { functionCall: { id: "a", name: "f", args: {} }, ...bypass },
            { functionCall: { id: "b", name: "f", args: {} } },
          ],
        },
        { role: "user", parts: [result("f", {}, { id: "b" }), result("f", {}, { id: "a" })] },
      ],
    },
  },
  { why: "a penalty of 0", model: "gemini-2.5-flash", body: config({ presencePenalty: 0 }) },
  { why: "a penalty on 2.0", model: "gemini-2.0-flash", body: config({ presencePenalty: 1 }) },
  {
    why: "a dynamic budget",
    model: "gemini-2.5-pro",
    body: config({ thinkingConfig: { thinkingBudget: -1, includeThoughts: true } }),
  },
  { why: "65535 tokens on 2.5", model: "gemini-2.5-pro", body: config({ maxOutputTokens: 65_535 }) },
  { why: "65536 tokens on 3.5", body: config({ maxOutputTokens: 65_536 }) },
  {
    why: "JSON and functions on Gemini 3",
    body: config({ responseMimeType: "application/json" }, { tools }),
  },
  {
    why: "search and functions on Gemini 3",
    surface: "vertex",
    body: { contents: asks, tools: [...tools, { googleSearch: {} }] },
  },
  {
    why: "search and functions with the switch",
    surface: "gemini-api",
    body: {
      contents: asks,
      tools: [...tools, { googleSearch: {} }],
      toolConfig: { includeServerSideToolInvocations: true },
    },
  },
  {
    why: "streamed arguments of a stream",
    surface: "vertex",
    stream: true,
    body: {
      contents: asks,
      tools,
      toolConfig: { functionCallingConfig: { streamFunctionCallArguments: true } },
    },
  },
  {
    why: "a schema with a property called like a keyword",
    body: config({
      responseMimeType: "application/json",
      responseJsonSchema: {
        type: "object",
        properties: { const: { type: ["string", "null"] } },
        additionalProperties: false,
        required: ["const"],
      },
    }),
  },
  {
    why: "a loop through an optional property",
    body: config({
      responseMimeType: "application/json",
      responseJsonSchema: {
        $ref: "#/$defs/node",
        $defs: { node: { type: "object", properties: { next: { $ref: "#/$defs/node" } } } },
      },
    }),
  },
  {
    why: "additionalProperties in the OpenAPI-like field",
    surface: "vertex",
    body: config({
      responseMimeType: "application/json",
      responseSchema: { type: "OBJECT", additionalProperties: { type: "STRING" } },
    }),
  },
  {
    why: "a file in a bucket",
    surface: "vertex",
    body: {
      contents: [{ role: "user", parts: [{ fileData: { mimeType: "audio/mp3", fileUri: "gs://b/a.mp3" } }] }],
    },
  },
  {
    why: "speech",
    model: "gemini-2.5-flash-tts",
    body: config({
      responseModalities: ["AUDIO"],
      speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } } },
    }),
  },
  { why: "labels", surface: "vertex", body: { contents: asks, labels: { team: "über-1" } } },
];

test.each(
  ACCEPTED.flatMap((one) =>
    (one.surface === undefined ? (["vertex", "gemini-api"] as const) : [one.surface]).map((surface) => ({
      ...one,
      surface,
    })),
  ),
)("$surface accepts $why", ({ body, model, surface, stream }) => {
  const checked = checkRequest(body, context(model, surface, stream));
  expect(checked.contents?.length).toBeGreaterThan(0);
});

test("names come out in camelCase, single values as lists, enums in upper case", () => {
  const checked = checkRequest(
    {
      contents: { role: "user", parts: { text: "a" } },
      generation_config: { thinking_config: { thinking_level: "low" } },
    },
    context(),
  );
  expect(checked).toEqual({
    contents: [{ role: "user", parts: [{ text: "a" }] }],
    generationConfig: { thinkingConfig: { thinkingLevel: "LOW" } },
  });
});

describe("signatures", () => {
  const turn = (...parts: object[]) => ({
    contents: [...asks, { role: "model", parts }, { role: "user", parts: parts.map(() => result("tide")) }],
  });
  const signed = signedCall("gemini-3.5-flash", "tide", { port: "Brest", day: 1 });

  test("are still good when the arguments come back in another order", () => {
    const reordered = { ...signed, functionCall: { name: "tide", args: { day: 1, port: "Brest" } } };
    expect(() => checkRequest(turn(reordered), context())).not.toThrow();
  });

  test.each([
    {
      why: "on a sibling",
      parts: [call("tide", { port: "Roscoff" }, { thoughtSignature: signed.thoughtSignature })],
    },
    {
      why: "on other arguments",
      parts: [call("tide", { port: "Brest", day: 2 }, { thoughtSignature: signed.thoughtSignature })],
    },
    {
      why: "on the second call too",
      parts: [signed, call("tide", {}, { thoughtSignature: signed.thoughtSignature })],
    },
    { why: "cut short", parts: [{ ...signed, thoughtSignature: signed.thoughtSignature.slice(0, -8) }] },
    { why: "of another model", parts: [signedCall("gemini-3.6-flash", "tide", { port: "Brest", day: 1 })] },
    {
      why: "encoded twice",
      parts: [{ ...signed, thoughtSignature: Buffer.from(signed.thoughtSignature).toString("base64") }],
    },
  ])("$why are corrupted", ({ parts }) => {
    expect(refusal(turn(...parts), context()).message).toBe("Corrupted thought signature.");
  });
});

describe("countTokens", () => {
  test("takes what a request holds on Vertex, and a whole request on the Gemini API", () => {
    const full = { contents: asks, systemInstruction: { parts: [{ text: "Be brief" }] }, tools };
    expect(checkCountTokensRequest(full, context()).tools).toHaveLength(1);
    const whole = { generateContentRequest: { model: "models/gemini-3.5-flash", ...full } };
    expect(checkCountTokensRequest(whole, context("gemini-3.5-flash", "gemini-api")).tools).toHaveLength(1);
    expect(() => checkCountTokensRequest(full, context("gemini-3.5-flash", "gemini-api"))).toThrow(
      /Unknown name "systemInstruction": Cannot find field/,
    );
    expect(() => checkCountTokensRequest({}, context())).toThrow(/at least one contents field is required/);
  });
});

test("whatever JSON comes, the answer is a request or Google's error", () => {
  const keys = fc.constantFrom(
    "contents",
    "parts",
    "role",
    "text",
    "tools",
    "__proto__",
    "constructor",
    "generationConfig",
    "args",
    "functionCall",
  );
  const anything = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom<unknown>("", "user", "model", "a", 0, -1, Number.MAX_VALUE, true, null),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.array(fc.tuple(keys, tie("value")), { maxLength: 4 }).map((pairs) => {
        const object: object = JSON.parse(
          `{${pairs.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value) ?? "null"}`).join(",")}}`,
        );
        return object;
      }),
    ),
  })).value;
  fc.assert(
    fc.property(anything, fc.constantFrom<Surface>("vertex", "gemini-api"), (body, surface) => {
      try {
        checkRequest(body, context("gemini-3.5-flash", surface));
      } catch (error) {
        expect(error).toBeInstanceOf(GoogleApiError);
      }
      expect(Object.hasOwn(Object.prototype, "contents")).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test("a body a thousand levels deep is refused, not followed", () => {
  const deep = JSON.parse(`${'{"a":'.repeat(1000)}1${"}".repeat(1000)}`) as object;
  expect(refusal({ contents: [{ role: "user", parts: [call("f", deep)] }] }, context()).message).toMatch(
    /too deep/,
  );
});
