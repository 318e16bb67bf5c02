import { afterAll, beforeAll, expect, test } from "vitest";
import { startEmulator, type Emulator } from "../server.ts";

interface Chunk {
  id: string;
  model: string;
  choices: {
    index: number;
    delta?: {
      role?: string;
      content?: string;
      reasoning_content?: string;
      tool_calls?: { index: number; id?: string; function: { name?: string; arguments?: string } }[];
    };
    message?: {
      content: string | null;
      reasoning_content: string | null;
      tool_calls: { id: string; function: { name: string; arguments: string } }[];
    };
    finish_reason: string | null;
  }[];
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
}

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator({ paceMs: 0, endpoints: [{ id: "123", model: "google/gemma-3-12b-it" }] });
});
afterAll(() => emulator.close());

async function post(
  body: object,
  endpoint = "123",
  version = "v1",
): Promise<{ status: number; text: string }> {
  const answer = await fetch(
    `${emulator.url}/${version}/projects/p/locations/us-central1/endpoints/${endpoint}/chat/completions`,
    {
      method: "POST",
      headers: { authorization: "Bearer x", "content-type": "application/json" },
      body: JSON.stringify(body),
    },
  );
  return { status: answer.status, text: await answer.text() };
}

const complete = async (body: object) => JSON.parse((await post(body)).text) as Chunk;

async function stream(body: object): Promise<Chunk[]> {
  const { text } = await post({ stream: true, ...body });
  const frames = text.split("\n\n").filter((frame) => frame !== "");
  expect(frames.at(-1)).toBe("data: [DONE]");
  return frames.slice(0, -1).map((frame) => JSON.parse(frame.replace(/^data: /, "")) as Chunk);
}

const asks = [{ role: "user", content: "Which port has the highest tides?" }];
const tool = {
  type: "function",
  function: {
    name: "get_tide",
    description: "Tide times of a port",
    parameters: { type: "object", properties: { port: { type: "string" } }, required: ["port"] },
  },
};

test.each(["v1", "v1beta1"])("%s: with and without a model", async (version) => {
  const unnamed = JSON.parse((await post({ messages: asks }, "123", version)).text) as Chunk;
  expect(unnamed.model).toBe("google/gemma-3-12b-it");
  expect(unnamed.choices[0]).toMatchObject({ finish_reason: "stop", stop_reason: null, logprobs: null });
  expect(unnamed.choices[0]?.message?.content).not.toBe("");
  const { prompt_tokens = 0, completion_tokens = 0, total_tokens } = unnamed.usage ?? {};
  expect(total_tokens).toBe(prompt_tokens + completion_tokens);
  expect((await complete({ model: "mine", messages: asks })).model).toBe("mine");
});

test("a stream: role, content, finish, usage when asked, and the same text", async () => {
  const whole = await complete({ messages: asks });
  const chunks = await stream({ messages: asks, stream_options: { include_usage: true } });
  expect(chunks[0]?.choices[0]?.delta).toEqual({ role: "assistant", content: "" });
  expect(chunks.map((chunk) => chunk.choices[0]?.delta?.content ?? "").join("")).toBe(
    whole.choices[0]?.message?.content,
  );
  expect(chunks.filter((chunk) => typeof chunk.choices[0]?.finish_reason === "string")).toHaveLength(1);
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
  const silent = await stream({ messages: asks });
  expect(silent.some((chunk) => chunk.usage !== undefined)).toBe(false);
  expect(new Set(silent.map((chunk) => chunk.id)).size).toBe(1);
});

test("what vLLM takes beyond OpenAI", async () => {
  const guided = await complete({
    messages: [{ role: "user", content: "Ann is 30 years old" }],
    guided_json: {
      type: "object",
      properties: { name: { type: "string" }, age: { type: "integer" } },
      required: ["name", "age"],
    },
    top_k: 20,
    repetition_penalty: 1.05,
  });
  expect(JSON.parse(guided.choices[0]?.message?.content ?? "")).toEqual({ name: "Ann", age: 30 });
  const choice = await complete({ messages: asks, guided_choice: ["positive", "negative"] });
  expect(["positive", "negative"]).toContain(choice.choices[0]?.message?.content);
});

test("reasoning, when the template is told to think", async () => {
  expect((await complete({ messages: asks })).choices[0]?.message?.reasoning_content).toBeNull();
  const body = { messages: asks, chat_template_kwargs: { enable_thinking: true } };
  const whole = await complete(body);
  expect(whole.choices[0]?.message?.reasoning_content).not.toBe("");
  const chunks = await stream(body);
  expect(chunks.map((chunk) => chunk.choices[0]?.delta?.reasoning_content ?? "").join("")).toBe(
    whole.choices[0]?.message?.reasoning_content,
  );
});

test("tools over two turns, streamed in pieces", async () => {
  const question = { role: "user", content: "What is the tide in Brest?" };
  const whole = await complete({ messages: [question], tools: [tool] });
  expect(whole.choices[0]?.finish_reason).toBe("tool_calls");
  const call = whole.choices[0]?.message?.tool_calls[0];
  expect(call?.function.name).toBe("get_tide");
  expect(JSON.parse(call?.function.arguments ?? "")).toEqual({ port: "Brest" });

  const pieces = (await stream({ messages: [question], tools: [tool] })).flatMap(
    (chunk) => chunk.choices[0]?.delta?.tool_calls ?? [],
  );
  expect(pieces[0]).toMatchObject({ index: 0, function: { name: "get_tide" } });
  expect(pieces.map((piece) => piece.function.arguments ?? "").join("")).toBe(call?.function.arguments);

  const after = await complete({
    messages: [
      question,
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: call?.id, content: '{"high":"04:12"}' },
    ],
    tools: [tool],
  });
  expect(after.choices[0]?.finish_reason).toBe("stop");
  expect(after.choices[0]?.message?.content).toContain("04:12");
});

test("a limit ends the answer with length", async () => {
  expect((await complete({ messages: asks, max_tokens: 3 })).choices[0]?.finish_reason).toBe("length");
});

test.each([
  [{}, /Field required/],
  [{ messages: [] }, /list index out of range/],
  [{ messages: [{ role: "robot", content: "a" }] }, /messages\[0\]: Unexpected message role\./],
  [{ messages: asks, temperature: -1 }, /temperature must be non-negative, got -1\./],
  [{ messages: asks, max_tokens: 0 }, /max_tokens must be at least 1/],
])("%j is refused in vLLM's form", async (body, says) => {
  const { status, text } = await post(body);
  expect(status).toBe(400);
  const { error } = JSON.parse(text) as { error: { message: string; code: number; param: null } };
  expect(error).toMatchObject({ code: 400, param: null });
  expect(error.message).toMatch(says);
});

test("endpoints that do not exist, that are Google's own, and those that do", async () => {
  const none = await post({ messages: asks }, "999");
  expect(none.status).toBe(404);
  expect(none.text).toContain("The Endpoint `projects/p/locations/us-central1/endpoints/999` is not found.");
  expect((await post({ messages: asks }, "openapi")).status).toBe(501);
  const list = await fetch(`${emulator.url}/v1/projects/p/locations/us-central1/endpoints`, {
    headers: { authorization: "Bearer x" },
  });
  expect(await list.json()).toMatchObject({
    endpoints: [
      { name: "projects/p/locations/us-central1/endpoints/123", displayName: "google/gemma-3-12b-it" },
    ],
  });
});

test("rules and faults reach it", async () => {
  emulator.addRule({ when: { contains: "highest", nth: 1 }, then: { text: "Scripted." } });
  expect((await complete({ messages: asks })).choices[0]?.message?.content).toBe("Scripted.");
  emulator.clearRules();
});
