/** Safety settings, labels, Model Armor and cached contents: the fields beside the conversation. */
import type { GenerateContentRequest, SafetySetting } from "../../wire/gemini.ts";
import { bullet, refusal, unable, type CheckContext } from "./check-context.ts";

/** Source: ai.google.dev/api/generate-content, HarmCategory. */
const GEMINI_API_CATEGORIES = [
  "HARM_CATEGORY_HATE_SPEECH",
  "HARM_CATEGORY_SEXUALLY_EXPLICIT",
  "HARM_CATEGORY_DANGEROUS_CONTENT",
  "HARM_CATEGORY_HARASSMENT",
  "HARM_CATEGORY_CIVIC_INTEGRITY",
];

/** Source: docs.cloud.google.com, "Add labels to API calls". */
const MOST_LABELS = 64;
const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;

/** @throws {GoogleApiError} */
export function checkSafetyAndLabels(request: GenerateContentRequest, context: CheckContext): void {
  checkSafety(request.safetySettings ?? [], context);
  if (request.modelArmorConfig !== undefined && (request.safetySettings ?? []).length > 0) {
    const text = "safety_settings must not be set when model_armor_config is.";
    throw refusal(context, { vertex: unable(text), geminiApi: text });
  }
  checkLabels(request.labels ?? {}, context);
  checkCachedContent(request, context);
}

function checkSafety(settings: readonly SafetySetting[], context: CheckContext): void {
  const seen = new Set<string>();
  for (const [index, { category = "HARM_CATEGORY_UNSPECIFIED", threshold }] of settings.entries()) {
    const unknown =
      context.surface === "vertex"
        ? category === "HARM_CATEGORY_UNSPECIFIED"
        : !GEMINI_API_CATEGORIES.includes(category);
    if (unknown) {
      const known = GEMINI_API_CATEGORIES.map((name) => `HarmCategory.${name}`).join(", ");
      throw refusal(context, {
        vertex: unable(`safety_settings[${index}].category must be specified.`),
        geminiApi: bullet(`safety_settings[${index}]`, `element predicate failed: $.category in (${known})`),
      });
    }
    if (threshold === undefined || threshold === "HARM_BLOCK_THRESHOLD_UNSPECIFIED") {
      throw refusal(context, {
        vertex: unable(`safety_settings[${index}].threshold must be specified.`),
        geminiApi: bullet(`safety_settings[${index}].threshold`, "threshold must be specified."),
      });
    }
    if (seen.has(category)) {
      const text = `there is more than one setting for the category ${category}.`;
      throw refusal(context, { vertex: unable(text), geminiApi: bullet("safety_settings", text) });
    }
    seen.add(category);
  }
}

function checkLabels(labels: Readonly<Record<string, string>>, context: CheckContext): void {
  const keys = Object.keys(labels);
  const wrong =
    keys.length > MOST_LABELS
      ? `there are ${keys.length} labels but at most ${MOST_LABELS} are allowed.`
      : keys
          .filter((key) => !LABEL_KEY.test(key) || !LABEL_VALUE.test(labels[key] ?? ""))
          .map(
            (key) =>
              `the label "${key}" is invalid: keys and values may only contain lowercase letters, digits, underscores and dashes, keys start with a letter and have 1 to 63 characters, values at most 63.`,
          )[0];
  if (wrong !== undefined) throw refusal(context, { vertex: unable(wrong), geminiApi: wrong });
}

function checkCachedContent(request: GenerateContentRequest, context: CheckContext): void {
  const name = request.cachedContent ?? "";
  if (name === "") return;
  const form =
    context.surface === "vertex"
      ? /^projects\/[^/]+\/locations\/[^/]+\/cachedContents\/[^/]+$/
      : /^cachedContents\/[^/]+$/;
  if (!form.test(name)) {
    const text = `Invalid CachedContent name: ${name}`;
    throw refusal(context, { vertex: unable(text), geminiApi: bullet("cached_content", text) });
  }
  if (
    request.systemInstruction === undefined &&
    request.tools === undefined &&
    request.toolConfig === undefined
  ) {
    return;
  }
  const text =
    "CachedContent can not be used with GenerateContent request setting system_instruction, tools or tool_config.\n\nProposed fix: move those values to CachedContent from GenerateContent request.";
  throw refusal(context, { vertex: unable(text), geminiApi: text });
}
