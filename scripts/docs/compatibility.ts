/** docs/compatibility.md: tables made by translating samples, around text that is written by hand. */
import { GatewayError } from "../../src/errors.ts";
import { toGeminiRequest } from "../../src/translate/openai-to-gemini/request.ts";
import { RULES, type RuleId } from "../../src/translate/rules.ts";
import type { GeminiCall, Surface } from "../../src/translate/target.ts";
import { ANSWER_SAMPLES, NEVER_SENT } from "./answer-samples.ts";
import { completionOf, FINISH_COLUMNS, FINISH_REASONS, finishOf, valueAt } from "./answers.ts";
import { FAMILIES, HOSTS } from "./families.ts";
import { matrixOf, outcomeOf } from "./field-fate.ts";
import { code, inlineJson, members, table } from "./markdown.ts";
import { MESSAGE_SAMPLES, PART_SAMPLES } from "./message-samples.ts";
import { effortTable, modelTable } from "./models.ts";
import { GOOGLE_SAMPLES, MEDIA_MODEL_SAMPLES, REQUEST_SAMPLES } from "./request-samples.ts";
import { sentAs } from "./sent-as.ts";

const MESSAGES = [{ role: "user", content: "Hi" }];
const COLUMNS = ["Field", "Sample", "Fate", "Sent to Gemini", "Why"];

type RequestFor = (model: string) => object;

/** The tables by the name that the template gives them. */
export function compatibilityTables(): Record<string, string> {
  return {
    families: table(
      ["Family", "Stands for it here"],
      FAMILIES.map(({ name, model }) => [name, code(model)]),
    ),
    models: modelTable(),
    efforts: effortTable(),
    "request-fields": table(
      COLUMNS,
      REQUEST_SAMPLES.map(({ field, with: fields }) =>
        fieldRow(field, field, members(fields), (model) => ({
          model,
          messages: MESSAGES,
          ...fields,
          ...(typeof fields["model"] === "string" ? { model: fields["model"].replace("MODEL", model) } : {}),
        })),
      ),
    ),
    "google-options": table(
      COLUMNS,
      GOOGLE_SAMPLES.map(({ field, with: options, beside = {} }) =>
        fieldRow(
          field,
          `extra_body.google.${field}`,
          members({ ...beside, extra_body: { google: options } }),
          (model) => ({ model, messages: MESSAGES, ...beside, extra_body: { google: options } }),
        ),
      ),
    ),
    "media-models": table(
      ["Field", "Sample", "Model", "Fate", "Sent to Gemini", "Why"],
      MEDIA_MODEL_SAMPLES.map(({ field, with: fields, model }) => {
        const request = { model, messages: MESSAGES, ...fields };
        const { fate, call, rules } = outcomeOf(request, field, "vertex");
        const without = withoutField(request, field, model, "vertex");
        return [
          code(field),
          code(members(fields)),
          code(model),
          fate,
          call === undefined ? "" : sentAs(call, without),
          why(rules, wordsFor(() => request, field)),
        ];
      }),
    ),
    messages: table(
      COLUMNS,
      MESSAGE_SAMPLES.map(({ field, messages }) =>
        fieldRow(field, field, `"messages": ${inlineJson(messages)}`, (model) => ({ model, messages })),
      ),
    ),
    parts: table(
      COLUMNS,
      PART_SAMPLES.map(({ field, part }) =>
        fieldRow(field, `messages[0].content[0].${field}`, inlineJson(part), (model) => ({
          model,
          messages: [{ role: "user", content: [part, { type: "text", text: "Hi" }] }],
        })),
      ),
    ),
    answers: table(
      ["Field", "Gemini's answer", "Request", "Value"],
      ANSWER_SAMPLES.map(({ field, gemini, request }) => [
        code(field),
        code(members(gemini)),
        request === undefined ? "" : code(members(request)),
        code(inlineJson(valueAt(completionOf({ gemini, ...(request === undefined ? {} : { request }) }), field))),
      ]),
    ),
    "never-sent": table(
      ["Field", "Why"],
      NEVER_SENT.map(([field, reason]) => [code(field), reason]),
    ),
    "finish-reasons": table(
      ["`finishReason`", ...FINISH_COLUMNS.map(({ title }) => title)],
      FINISH_REASONS.map((reason) => [
        code(reason),
        ...FINISH_COLUMNS.map(({ facts }) => code(finishOf(reason, facts))),
      ]),
    ),
    rules: table(
      ["Rule", "What it does"],
      Object.entries(RULES).map(([id, { summary }]) => [`[${id}]`, summary]),
    ),
    sources: Object.entries(RULES)
      .map(([id, { source }]) => `[${id}]: ${source}`)
      .join("\n"),
  };
}

function fieldRow(field: string, path: string, sample: string, requestFor: RequestFor): string[] {
  const { text, rules, shown } = matrixOf(requestFor, path);
  const sent = shown === undefined ? "" : sentOf(shown, requestFor(shown.target.model), path);
  return [code(field), code(sample), text, sent, why(rules, wordsFor(requestFor, path))];
}

function sentOf(call: GeminiCall, request: object, path: string): string {
  if (path.startsWith("messages")) return wholeConversation(call);
  const { model, surface } = call.target;
  return path === "model" ? code(`models/${model}`) : sentAs(call, withoutField(request, path, model, surface));
}

function wholeConversation({ body }: GeminiCall): string {
  const { systemInstruction, contents } = body;
  return [
    ...(systemInstruction === undefined ? [] : [code(`systemInstruction: ${inlineJson(systemInstruction)}`)]),
    code(`contents: ${inlineJson(contents)}`),
  ].join("<br>");
}

/** The call for the request without the top-level field that a path lies in, but with what the sample has beside it. */
function withoutField(request: object, path: string, model: string, surface: Surface): GeminiCall {
  const top = path.split(/[.[]/)[0] ?? path;
  const rest = Object.fromEntries(Object.entries(request).filter(([key]) => key !== top));
  return toGeminiRequest({ messages: MESSAGES, ...rest, model }, { surface });
}

function why(rules: readonly RuleId[], words: string): string {
  const links = rules.map((id) => `[${id}]`).join(", ");
  return [links, words].filter((piece) => piece !== "").join(": ");
}

/** What the notes or the refusal say, where the field is not carried over exactly; the first of several. */
function wordsFor(requestFor: RequestFor, path: string): string {
  for (const { model } of FAMILIES) {
    for (const { surface } of HOSTS) {
      const words = wordsOf(requestFor(model), path, surface);
      if (words !== undefined) return words;
    }
  }
  return "";
}

function wordsOf(request: object, path: string, surface: Surface): string | undefined {
  try {
    const { notes } = toGeminiRequest(request, { surface });
    const note =
      notes.list.find(({ field }) => field === path) ??
      notes.list.find(({ field }) => field.startsWith(path) || path.startsWith(`${field}.`));
    return note?.detail;
  } catch (error) {
    if (error instanceof GatewayError) return error.message;
    throw error;
  }
}
