import { createClient } from "pollux";

const client = await createClient({ project: "my-project", location: "global" });

const completion = await client.chat.completions.create({
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user", content: "What is 6 * 7?" }],
});
console.log(completion.choices[0]?.message.content);
