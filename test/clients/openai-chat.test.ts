import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dataUrl, png, wav } from "./media.ts";
import { helpersOf, MAJORS } from "./openai-majors.ts";
import { type RunningPollux, startGateway } from "./running-pollux.ts";

const MODEL = "google/gemini-3.5-flash";

let gateway: RunningPollux;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

describe.each(MAJORS)("openai $major", ({ sdk, zodResponseFormat, z }) => {
  const connect = () => new sdk.OpenAI({ apiKey: "any", baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  const lighthouse = [{ role: "user" as const, content: "Tell me about the lighthouse of Ushant." }];

  test("a plain completion has OpenAI's envelope and speaks of the prompt", async () => {
    const completion = await connect().chat.completions.create({ model: MODEL, messages: lighthouse });
    expect(completion.object).toBe("chat.completion");
    expect(completion.id).toMatch(/^[\w-]{20,}$/);
    expect(completion.model).toContain("gemini-3.5-flash");
    expect(completion.choices).toHaveLength(1);
    const [choice] = completion.choices;
    expect(choice).toMatchObject({
      index: 0,
      finish_reason: "stop",
      message: { role: "assistant", refusal: null },
    });
    expect(choice?.message.content).toMatch(/lighthouse.*Ushant/is);
    const usage = completion.usage;
    expect(usage?.prompt_tokens).toBeGreaterThan(5);
    expect(usage?.completion_tokens).toBeGreaterThan(0);
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
    // The model thinks by default, and OpenAI counts thinking inside the completion.
    expect(usage?.completion_tokens_details?.reasoning_tokens).toBeGreaterThan(0);
    expect(usage?.completion_tokens_details?.reasoning_tokens).toBeLessThan(usage?.completion_tokens ?? 0);
  });

  test("a stream carries the same text, one role, one finish reason and no usage unless asked", async () => {
    const client = connect();
    const whole = await client.chat.completions.create({ model: MODEL, messages: lighthouse });
    const chunks = [];
    const stream = await client.chat.completions.create({ model: MODEL, messages: lighthouse, stream: true });
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.length).toBeGreaterThan(3);
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
    expect(chunks.every((chunk) => chunk.object === "chat.completion.chunk")).toBe(true);
    const deltas = chunks.map((chunk) => chunk.choices[0]?.delta);
    expect(deltas.map((delta) => delta?.role)).toEqual([
      "assistant",
      ...deltas.slice(1).map(() => undefined),
    ]);
    const text = deltas.map((delta) => delta?.content ?? "").join("");
    expect(text).toBe(whole.choices[0]?.message.content);
    const reasons = chunks.flatMap((chunk) => chunk.choices[0]?.finish_reason ?? []);
    expect(reasons).toEqual(["stop"]);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("stop");
    expect(chunks.every((chunk) => (chunk.usage ?? null) === null)).toBe(true);
  });

  test("include_usage adds one last chunk without choices", async () => {
    const client = connect();
    const whole = await client.chat.completions.create({ model: MODEL, messages: lighthouse });
    const chunks = [];
    const stream = await client.chat.completions.create({
      model: MODEL,
      messages: lighthouse,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) chunks.push(chunk);
    const last = chunks.at(-1);
    expect(last?.choices).toEqual([]);
    expect(last?.usage).toMatchObject({
      prompt_tokens: whole.usage?.prompt_tokens,
      completion_tokens: whole.usage?.completion_tokens,
      total_tokens: whole.usage?.total_tokens,
    });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
  });

  test("the stream helper builds the unstreamed message", async () => {
    const client = connect();
    const pieces: string[] = [];
    const stream = helpersOf(client).stream({
      model: MODEL,
      messages: lighthouse,
      stream_options: { include_usage: true },
    });
    stream.on("content", (delta: string) => pieces.push(delta));
    const final = await stream.finalChatCompletion();
    const whole = await client.chat.completions.create({ model: MODEL, messages: lighthouse });
    expect(final.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
    expect(pieces.join("")).toBe(whole.choices[0]?.message.content);
    expect(final.choices[0]?.finish_reason).toBe("stop");
    expect(final.usage?.total_tokens).toBe(whole.usage?.total_tokens);
  });

  test("the conversation, the developer message and max_completion_tokens arrive", async () => {
    const completion = await connect().chat.completions.create({
      model: MODEL,
      max_completion_tokens: 2000,
      messages: [
        { role: "developer", content: "Be brief." },
        { role: "user", content: "My name is Nolwenn and I keep bees." },
        { role: "assistant", content: "Noted." },
        { role: "user", content: [{ type: "text", text: "What is my name?" }] },
      ],
    });
    expect(completion.choices[0]?.message.content).toContain("Nolwenn");
  });

  test("parse() gives a checked object for a zod schema", async () => {
    const CalendarEvent = z.object({
      name: z.string(),
      date: z.string(),
      participants: z.array(z.string()),
      kind: z.enum(["conference", "party"]),
    });
    const completion = await helpersOf(connect()).parse({
      model: MODEL,
      messages: [
        { role: "system", content: "Extract the event." },
        { role: "user", content: "Maryam and Yann attend a robotics conference on Tuesday." },
      ],
      response_format: zodResponseFormat(CalendarEvent, "calendar_event"),
    });
    const event = completion.choices[0]?.message.parsed;
    expect(event?.participants).toEqual(["Maryam", "Yann"]);
    expect(event?.date).toContain("Tuesday");
    expect(["conference", "party"]).toContain(event?.kind);
    expect(JSON.parse(completion.choices[0]?.message.content ?? "")).toEqual(event);
  });

  test("an image arrives byte for byte", async () => {
    const completion = await connect().chat.completions.create({
      model: MODEL,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is in this image?" },
            {
              type: "image_url",
              image_url: { url: dataUrl("image/png", png(37, 23, [220, 30, 30])), detail: "low" },
            },
          ],
        },
      ],
    });
    expect(completion.choices[0]?.message.content).toMatch(/PNG.*37 x 23.*red/s);
  });

  test("audio arrives byte for byte", async () => {
    const completion = await connect().chat.completions.create({
      model: MODEL,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "Describe this recording." },
            {
              type: "input_audio",
              input_audio: { data: wav(1.5, 16_000).toString("base64"), format: "wav" },
            },
          ],
        },
      ],
    });
    expect(completion.choices[0]?.message.content).toMatch(/WAV.*1\.5 seconds.*16000 Hz.*mono/s);
    expect(completion.usage?.prompt_tokens_details?.audio_tokens).toBeGreaterThan(0);
  });

  test("reasoning_effort steers thinking", async () => {
    const client = connect();
    const thinking = async (effort: "low" | "high") => {
      const completion = await client.chat.completions.create({
        model: "google/gemini-2.5-flash",
        reasoning_effort: effort,
        messages: lighthouse,
      });
      return completion.usage?.completion_tokens_details?.reasoning_tokens ?? 0;
    };
    const [low, high] = [await thinking("low"), await thinking("high")];
    expect(low).toBeGreaterThan(0);
    expect(high).toBeGreaterThan(low);
  });

  test("models are listed and retrieved by an id with a slash", async () => {
    const client = connect();
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toContain(MODEL);
    expect(ids.length).toBeGreaterThan(5);
    const model = await client.models.retrieve(MODEL);
    expect(model).toMatchObject({ id: MODEL, object: "model", owned_by: "google" });
    expect((model as unknown as { context_length: number }).context_length).toBe(1_048_576);
  });
});
