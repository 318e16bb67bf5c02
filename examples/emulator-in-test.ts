import assert from "node:assert/strict";
import OpenAI from "openai";
import { createGateway } from "pollux";
import { startEmulator } from "pollux/emulator";

const emulator = await startEmulator({ script: "examples/answers.yaml" });
const gateway = await createGateway({
  env: { GEMINI_API_KEY: "any", GOOGLE_GEMINI_BASE_URL: emulator.url },
});
const client = new OpenAI({ baseURL: "http://pollux/v1", apiKey: "any", fetch: gateway.fetch });

const completion = await client.chat.completions.create({
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user", content: "How long does a refund take?" }],
});
assert.equal(completion.choices[0]?.message.content, "Refunds take five working days.");
assert.deepEqual(
  emulator.requests.map((request) => request.status),
  [503, 200],
);
console.log("The client tried again after the 503, and the second answer arrived.");

await gateway.close();
await emulator.close();
