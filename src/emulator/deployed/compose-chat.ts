/** Lets the answer engine decide what a deployed model says: the conversation goes in as contents. */
import type {
  Content,
  GenerateContentRequest,
  GenerationConfig,
  Json,
  JsonObject,
  Part,
  Tool,
} from "../../wire/gemini.ts";
import { composeAnswer } from "../answer/compose-answer.ts";
import type { EmulatedAnswer } from "../answer/emulated-answer.ts";
import type { EmulatedModel } from "../emulated-model.ts";
import { isObject, type ChatRequest } from "./chat-request.ts";

/** An open model in a container: text out, tools, thinking when its template is told so. */
function deployedModel(id: string): EmulatedModel {
  return {
    id,
    displayName: id,
    generation: 3,
    inputTokenLimit: 131_072,
    outputTokenLimit: 131_072,
    thinking: { kind: "level", levels: ["LOW", "MEDIUM", "HIGH"], default: "MEDIUM" },
    maxCandidates: 128,
    penalties: "accepted",
    sampling: "honoured",
    logprobs: false,
    trailingModelTurn: true,
    signatures: false,
    callIds: false,
    combinesTools: true,
    outputModalities: ["TEXT"],
  };
}

export function composeChat(request: ChatRequest, modelId: string): EmulatedAnswer {
  return composeAnswer(toContents(request), deployedModel(modelId));
}

function toContents(request: ChatRequest): GenerateContentRequest {
  const contents: Content[] = [];
  const instructions: Part[] = [];
  const namesById = new Map<string, string>();
  for (const message of request.messages) {
    const role = message["role"];
    const parts = partsOf(message["content"]);
    if (role === "system" || role === "developer") instructions.push(...parts);
    else if (role === "tool") contents.push({ role: "user", parts: [toolResult(message, parts, namesById)] });
    else if (role === "assistant")
      contents.push({ role: "model", parts: [...parts, ...callsOf(message, namesById)] });
    else contents.push({ role: "user", parts });
  }
  const tools = toolsOf(request["tools"]);
  const choice = request["tool_choice"];
  const forced = isObject(choice) && isObject(choice["function"]) ? choice["function"]["name"] : undefined;
  return {
    contents,
    ...(instructions.length > 0 ? { systemInstruction: { parts: instructions } } : {}),
    ...(tools.length > 0 ? { tools } : {}),
    ...(tools.length > 0 && choice !== undefined && choice !== null
      ? {
          toolConfig: {
            functionCallingConfig: {
              mode: choice === "none" ? "NONE" : choice === "auto" ? "AUTO" : "ANY",
              ...(typeof forced === "string" ? { allowedFunctionNames: [forced] } : {}),
            },
          },
        }
      : {}),
    generationConfig: generationConfig(request),
  };
}

function partsOf(content: Json | undefined): Part[] {
  if (typeof content === "string") return content === "" ? [] : [{ text: content }];
  if (!Array.isArray(content)) return [];
  return content.flatMap((part): Part[] => {
    if (!isObject(part)) return [];
    if (typeof part["text"] === "string") return [{ text: part["text"] }];
    const image = part["image_url"];
    const url = isObject(image) ? image["url"] : image;
    if (typeof url !== "string") return [];
    const inline = /^data:([^;,]+);base64,(.*)$/s.exec(url);
    if (inline === null) return [{ fileData: { fileUri: url, mimeType: "image/jpeg" } }];
    return [{ inlineData: { mimeType: inline[1] ?? "", data: inline[2] ?? "" } }];
  });
}

function callsOf(message: JsonObject, namesById: Map<string, string>): Part[] {
  const calls = Array.isArray(message["tool_calls"]) ? message["tool_calls"] : [];
  return calls.flatMap((call): Part[] => {
    if (!isObject(call) || !isObject(call["function"])) return [];
    const { name, arguments: written } = call["function"];
    if (typeof name !== "string") return [];
    if (typeof call["id"] === "string") namesById.set(call["id"], name);
    return [{ functionCall: { name, args: objectFrom(written) } }];
  });
}

function toolResult(
  message: JsonObject,
  parts: readonly Part[],
  namesById: ReadonlyMap<string, string>,
): Part {
  const id = message["tool_call_id"];
  const name = typeof id === "string" ? (namesById.get(id) ?? "tool") : "tool";
  const text = parts.map((part) => part.text ?? "").join("");
  const parsed = objectFrom(text);
  return { functionResponse: { name, response: Object.keys(parsed).length > 0 ? parsed : { output: text } } };
}

function toolsOf(tools: Json | undefined): Tool[] {
  if (!Array.isArray(tools)) return [];
  const functionDeclarations = tools.flatMap((tool) => {
    if (!isObject(tool) || !isObject(tool["function"])) return [];
    const { name, description, parameters } = tool["function"];
    if (typeof name !== "string") return [];
    return [
      {
        name,
        ...(typeof description === "string" ? { description } : {}),
        ...(isObject(parameters) ? { parametersJsonSchema: parameters } : {}),
      },
    ];
  });
  return functionDeclarations.length > 0 ? [{ functionDeclarations }] : [];
}

function generationConfig(request: ChatRequest): GenerationConfig {
  const config: GenerationConfig = {};
  const limit = request["max_completion_tokens"] ?? request["max_tokens"];
  if (typeof limit === "number") config.maxOutputTokens = limit;
  const stop = [request["stop"] ?? []].flat().filter((one) => typeof one === "string" && one !== "");
  if (stop.length > 0) config.stopSequences = stop as string[];
  if (typeof request["n"] === "number") config.candidateCount = request["n"];
  if (typeof request["seed"] === "number") config.seed = request["seed"];
  if (wantsReasoning(request)) config.thinkingConfig = { includeThoughts: true };
  else config.thinkingConfig = { thinkingBudget: 0 };
  const schema = guidedSchema(request);
  const choices = request["guided_choice"];
  if (schema !== undefined) {
    config.responseMimeType = "application/json";
    if (schema !== null) config.responseJsonSchema = schema;
  } else if (Array.isArray(choices)) {
    config.responseMimeType = "text/x.enum";
    config.responseSchema = { type: "STRING", enum: choices };
  }
  return config;
}

/** Templates of thinking models read `enable_thinking` or `thinking`; `reasoning_effort` says the same. */
function wantsReasoning(request: ChatRequest): boolean {
  const template = request["chat_template_kwargs"];
  const told = isObject(template) && (template["enable_thinking"] === true || template["thinking"] === true);
  const effort = request["reasoning_effort"];
  return told || (typeof effort === "string" && effort !== "none");
}

/** Undefined when the text is free, null when it must be JSON of any kind. */
function guidedSchema(request: ChatRequest): Json | undefined {
  if (request["guided_json"] !== undefined && request["guided_json"] !== null) {
    const guided = request["guided_json"];
    return typeof guided === "string" ? objectFrom(guided) : guided;
  }
  const format = request["response_format"];
  if (!isObject(format)) return undefined;
  if (format["type"] === "json_object") return null;
  const named = format["json_schema"];
  if (format["type"] === "json_schema" && isObject(named)) return named["schema"] ?? null;
  return undefined;
}

function objectFrom(text: Json | undefined): JsonObject {
  if (typeof text !== "string") return {};
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
