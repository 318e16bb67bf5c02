import OpenAI from "openai";

const client = new OpenAI({ baseURL: "http://127.0.0.1:4364/v1", apiKey: "any" });

const completion = await client.chat.completions.create({
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user", content: "What is 6 * 7?" }],
});
console.log(completion.choices[0]?.message.content);
