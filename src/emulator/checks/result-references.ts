/** `$ref` in a function response names one of its parts, from Gemini 3 on. Text: github.com/vercel/ai/issues/14369. */
import type { FunctionResponse } from "../../wire/gemini.ts";
import { refusal, type CheckContext } from "./check-context.ts";

/** @throws {GoogleApiError} */
export function checkResultReferences(response: FunctionResponse, context: CheckContext): void {
  if (context.model.generation < 3) return;
  const names = (response.parts ?? []).map(
    ({ inlineData, fileData }) => (inlineData ?? fileData)?.displayName,
  );
  const pending: unknown[] = [response.response];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== "object" || value === null) continue;
    for (const [key, inner] of Object.entries(value)) {
      if (key !== "$ref" || Array.isArray(value)) pending.push(inner);
      else if (typeof inner !== "string" || !names.includes(inner)) {
        const name = typeof inner === "string" ? inner : JSON.stringify(inner);
        const text = `The referenced name \`${name}\` in function_response.response does not match to a display_name in the function_response.parts.`;
        throw refusal(context, { vertex: text, geminiApi: text });
      }
    }
  }
}
