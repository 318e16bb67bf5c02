/** A mended answer through the eyes of OpenAI's Node client, of any major. */
import type OpenAI from "openai";
import { expect } from "vitest";
import type { Expected } from "./repair-cases.ts";

export type Client = OpenAI;
export type Helpers = OpenAI["chat"]["completions"];
type Completion = Omit<OpenAI.ChatCompletion, "object"> & { object?: string };
type WithExtra = { extra_content?: { google?: { thought_signature?: string } } };

/**
 * Reads one case twice, chunk by chunk and with the stream helper, and gives what the helper made of it, with the
 * signatures that the chunks carried.
 */
export async function readStreamed(client: Client, helpers: Helpers, model: string): Promise<Completion> {
  const messages = [{ role: "user" as const, content: "Go." }];
  const reasons: string[] = [];
  let roles = 0;
  for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
    expect(chunk.object).toBe("chat.completion.chunk");
    expect(chunk.id).not.toBe("");
    for (const { delta, finish_reason } of chunk.choices) {
      if (delta.role !== undefined) roles += 1;
      // More of a choice that has ended would never be read by clients that stop at the reason.
      expect(reasons).toEqual([]);
      if (finish_reason !== null) reasons.push(finish_reason);
      for (const call of delta.tool_calls ?? []) expect(call.index).toBeTypeOf("number");
    }
  }
  expect(roles).toBe(1);
  expect(reasons).toHaveLength(1);
  return helpers.stream({ model, messages }).finalChatCompletion();
}

/** @throws unless the completion is what the case expects, and is shaped as OpenAI's are */
export function expectAnswer(completion: Completion, expected: Expected): void {
  expect(completion.choices).toHaveLength(1);
  const [choice] = completion.choices;
  expect(choice?.index).toBe(0);
  expect(choice?.finish_reason).toBe(expected.finish_reason);
  const message = choice?.message;
  expect(message?.role).toBe("assistant");
  // Where calls come alone, OpenAI's content is null, and some helpers leave an empty delta's "".
  if ((expected.content ?? "") === "") expect(message?.content ?? "").toBe("");
  else expect(message?.content).toBe(expected.content);
  const calls = (message?.tool_calls ?? []).flatMap((call) => (call.type === "function" ? [call] : []));
  expect(
    calls.map((call) => {
      const signature = (call as WithExtra).extra_content?.google?.thought_signature;
      return {
        name: call.function.name,
        arguments:
          expected.finish_reason === "length" ? call.function.arguments : parsed(call.function.arguments),
        ...(signature === undefined ? {} : { signature }),
      };
    }),
  ).toEqual(expected.tool_calls);
  const ids = calls.map((call) => call.id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every((id) => typeof id === "string" && id !== "")).toBe(true);
  const { prompt_tokens, completion_tokens, total_tokens } = completion.usage ?? {};
  const usage = completion.usage == null ? null : [prompt_tokens, completion_tokens, total_tokens];
  expect(usage).toEqual(expected.usage);
  if (expected.messageSignature !== undefined) {
    expect((message as WithExtra).extra_content?.google?.thought_signature).toBe(expected.messageSignature);
  }
}

function parsed(text: string): unknown {
  return JSON.parse(text);
}
