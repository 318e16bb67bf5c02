import OpenAI from "openai";
import { createGateway } from "pollux";

const gateway = await createGateway();
const client = new OpenAI({ baseURL: "http://pollux/v1", apiKey: "any", fetch: gateway.fetch });

const completion = await client.chat.completions.create({
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user", content: "What is the capital of Portugal?" }],
});
console.log(gateway.upstream.replace(/ at .*/, ""), "says:", completion.choices[0]?.message.content);
await gateway.close();
