import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

const Event = z.object({ name: z.string(), date: z.string(), participants: z.array(z.string()) });
const client = new OpenAI({ baseURL: "http://127.0.0.1:4364/v1", apiKey: "any" });

const completion = await client.chat.completions.parse({
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user", content: "Alice and Bob go to a science fair on Friday." }],
  response_format: zodResponseFormat(Event, "event"),
});
console.log(completion.choices[0]?.message.parsed);
