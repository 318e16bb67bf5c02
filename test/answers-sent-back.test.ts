/** What a client does with an answer next: it sends the message back. Gemini must then see what it said itself. */
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import type { RememberedCall } from "../src/signatures/signature-store.ts";
import { toChatCompletion } from "../src/translate/gemini-to-openai/completion.ts";
import { StreamTranslation } from "../src/translate/gemini-to-openai/stream.ts";
import { toGeminiRequest } from "../src/translate/openai-to-gemini/request.ts";
import type { AnswerContext } from "../src/translate/target.ts";
import type { Part } from "../src/wire/gemini.ts";

const thought: Part = { text: "Both at once.", thought: true };
const calls: Part[] = [
  { functionCall: { name: "get_weather", args: { city: "Oslo" } }, thoughtSignature: "c2lnLW9uZQ==" },
  { functionCall: { name: "get_weather", args: { city: "Rome" } } },
];

/** A turn with tools, asked and answered; `google` goes under `extra_body`. */
function turnOf(google: Record<string, unknown>, stream: boolean) {
  const request = {
    model: "google/gemini-3.5-flash",
    stream,
    messages: [{ role: "user", content: "Weather in Oslo and Rome?" }] as unknown[],
    tools: [{ type: "function", function: { name: "get_weather" } }],
    extra_body: { google: { thinking_config: { include_thoughts: true }, ...google } },
  };
  const remembered = new Map<string, RememberedCall>();
  const context: AnswerContext = {
    id: "own-id",
    created: 7,
    mintToolCallId: () => `call_${remembered.size + 1}`,
    remember: (id, call) => remembered.set(id, call),
  };
  const { answer, target } = toGeminiRequest(request, { surface: "vertex" });

  /** The model's turn as Gemini sees it when `message` comes back, with results for every call. */
  const sentBack = (message: Record<string, unknown>): Part[] => {
    const ids = (message["tool_calls"] as { id: string }[] | undefined)?.map(({ id }) => id) ?? [];
    const results = ids.map((id) => ({ role: "tool", tool_call_id: id, content: "rain" }));
    const next = results.length === 0 ? [{ role: "user", content: "Go on." }] : results;
    const call = toGeminiRequest(
      { ...request, messages: [...request.messages, message, ...next] },
      { surface: "vertex", recall: (id) => remembered.get(id) },
    );
    return call.body.contents?.find(({ role }) => role === "model")?.parts ?? [];
  };
  return { answer, target, context, sentBack };
}

async function throughSdk(sse: string): Promise<Record<string, unknown>> {
  const client = new OpenAI({
    apiKey: "x",
    baseURL: "http://gateway.test/v1",
    maxRetries: 0,
    fetch: () => Promise.resolve(new Response(sse, { headers: { "content-type": "text/event-stream" } })),
  });
  const stream = client.chat.completions.stream({ model: "m", messages: [{ role: "user", content: "x" }] });
  const message = (await stream.finalChatCompletion()).choices[0]?.message;
  return JSON.parse(JSON.stringify(message)) as Record<string, unknown>;
}

async function answered(parts: Part[], google: Record<string, unknown>, stream: boolean): Promise<Part[]> {
  const turn = turnOf(google, stream);
  if (!stream) {
    const whole = { candidates: [{ content: { parts }, finishReason: "STOP" }] };
    const completion = toChatCompletion([whole], turn.answer, turn.context, turn.target.model);
    return turn.sentBack({ ...completion.choices[0]?.message });
  }
  const translation = new StreamTranslation(turn.answer, turn.context, turn.target.model);
  let sse = "";
  for (const part of parts) sse += translation.push({ candidates: [{ content: { parts: [part] } }] });
  sse += translation.push({ candidates: [{ finishReason: "STOP" }] });
  return turn.sentBack(await throughSdk(sse + translation.end()));
}

const text: Part = { text: "Rain and sun.", thoughtSignature: "c2lnLXRleHQ=" };

describe.each([{ stream: false }, { stream: true }])("streamed: $stream", ({ stream }) => {
  test.each([
    { name: "calls", parts: calls, google: {}, back: calls },
    { name: "calls after thoughts", parts: [thought, ...calls], google: {}, back: calls },
    { name: "text after thoughts", parts: [thought, text], google: {}, back: [text] },
    {
      name: "text after thoughts between tags",
      parts: [thought, text],
      google: { thought_tag_marker: "think" },
      back: [thought, text],
    },
    {
      name: "text without a signature after thoughts between tags",
      parts: [thought, { text: "Rain." }],
      google: { thought_tag_marker: "think" },
      back: [thought, { text: "Rain." }],
    },
  ])("$name", async ({ parts, google, back }) => {
    const seen = await answered(parts, google, stream);
    // Ids are the gateway's own bookkeeping here, as Gemini gave none.
    expect(
      seen.map(({ functionCall, ...rest }) =>
        functionCall ? { functionCall: { name: functionCall.name, args: functionCall.args }, ...rest } : rest,
      ),
    ).toEqual(back);
  });
});
