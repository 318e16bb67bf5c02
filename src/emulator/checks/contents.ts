/** Contents and parts one by one: that there are any, their roles, and that every part holds something. */
import type { Content, GenerateContentRequest, Part } from "../../wire/gemini.ts";
import { bullet, refusal, unable, type CheckContext } from "./check-context.ts";
import { checkMedia } from "./media.ts";

/** `function` is the role of older samples for function responses. */
const ROLES = ["user", "model", "function"];

/** The fields of which a part must have exactly one. */
const PART_DATA = [
  "text",
  "inlineData",
  "fileData",
  "functionCall",
  "functionResponse",
  "executableCode",
  "codeExecutionResult",
  "toolCall",
  "toolResponse",
] as const;

/** @throws {GoogleApiError} */
export function checkContents(request: GenerateContentRequest, context: CheckContext): void {
  const contents = request.contents ?? [];
  if (contents.length === 0) {
    throw refusal(context, {
      vertex: unable("at least one contents field is required."),
      geminiApi: bullet("contents", "contents is not specified"),
    });
  }
  if (request.systemInstruction !== undefined) {
    checkParts(request.systemInstruction, "system_instruction", context);
  }
  for (const [index, content] of contents.entries()) {
    const role = content.role ?? "";
    // The Gemini API takes an unnamed turn for the user's.
    if (!ROLES.includes(role) && !(role === "" && context.surface === "gemini-api")) {
      const text = "Please use a valid role: user, model.";
      throw refusal(context, { vertex: text, geminiApi: text });
    }
    checkParts(content, `contents[${index}]`, context);
  }
  checkMedia(contents, context);
}

function checkParts(content: Content, path: string, context: CheckContext): void {
  const parts = content.parts ?? [];
  if (parts.length === 0) {
    throw refusal(context, {
      vertex: unable("it must include at least one parts field, which describes the prompt input."),
      geminiApi: bullet(`${path}.parts`, "contents.parts must not be empty."),
    });
  }
  for (const [index, part] of parts.entries()) {
    if (isEmpty(part)) {
      throw refusal(context, {
        vertex:
          part.text === undefined
            ? unable("required oneof field 'data' must have one initialized field.")
            : unable("it must have a text parameter. Add a text parameter and try again."),
        geminiApi: bullet(
          `${path}.parts[${index}].data`,
          "required oneof field 'data' must have one initialized field",
        ),
      });
    }
    checkFunctionParts(part, content.role, `${path}.parts[${index}]`, context);
  }
}

/** An empty text counts as nothing, unless it carries the signature that a stream put there. */
function isEmpty(part: Part): boolean {
  if (part.text === "") return part.thoughtSignature === undefined;
  return !PART_DATA.some((field) => Object.hasOwn(part, field));
}

/** Names are required by the protos; calls are the model's and responses the user's. */
function checkFunctionParts(part: Part, role: string | undefined, path: string, context: CheckContext): void {
  const named =
    part.functionCall !== undefined
      ? ({ field: "function_call", name: part.functionCall.name, ofModel: true } as const)
      : part.functionResponse !== undefined
        ? ({ field: "function_response", name: part.functionResponse.name, ofModel: false } as const)
        : undefined;
  if (named === undefined) return;
  if (named.name === undefined || named.name === "") {
    throw refusal(context, {
      vertex: unable(`the ${named.field} in ${path} has no name.`),
      geminiApi: bullet(`${path}.${named.field}.name`, "Name cannot be empty."),
    });
  }
  if (part.functionResponse !== undefined && part.functionResponse.response === undefined) {
    throw refusal(context, {
      vertex: unable(`the function_response in ${path} has no response.`),
      geminiApi: bullet(`${path}.function_response.response`, "response cannot be empty."),
    });
  }
  if ((role === "model") !== named.ofModel) {
    const text = named.ofModel
      ? "Please ensure that function call parts are in a turn of role model."
      : "Please ensure that function response parts are in a turn of role user.";
    throw refusal(context, { vertex: text, geminiApi: text });
  }
}
