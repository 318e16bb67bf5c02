/** `createClient()` with each major of `openai`: a service account signs in, and its token is all the callers send. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createClient } from "../../src/client/create-client.ts";
import { MAJORS } from "./openai-majors.ts";
import { type RunningPollux, startEmulator, startGateway } from "./running-pollux.ts";

const directory = mkdtempSync(join(tmpdir(), "pollux-create-client-"));
const keyFilename = join(directory, "key.json");

/** Refuses every token it did not issue. */
let google: RunningPollux;
/** Without credentials of its own: only a caller's token that Google issued gets through it. */
let passThrough: RunningPollux;

beforeAll(async () => {
  google = await startEmulator({ argv: ["--strict-auth", "--service-account", keyFilename] });
  passThrough = await startGateway({
    GOOGLE_GENAI_USE_VERTEXAI: "true",
    GOOGLE_VERTEX_BASE_URL: google.url,
  });
  vi.stubEnv("GOOGLE_VERTEX_BASE_URL", passThrough.url);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await Promise.all([google.stop(), passThrough.stop()]);
  rmSync(directory, { recursive: true });
});

const question = {
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user" as const, content: "Tell me about the tides of Brest." }],
};

test.each(MAJORS)("openai $major", async ({ sdk }) => {
  const client = await createClient({
    keyFilename,
    project: "seed-project",
    location: "global",
    maxRetries: 0,
    OpenAI: sdk.OpenAI,
  });
  expect(client).toBeInstanceOf(sdk.OpenAI);
  expect(client.baseURL).toBe(
    `${passThrough.url}/v1/projects/seed-project/locations/global/endpoints/openapi`,
  );

  const whole = await client.chat.completions.create(question);
  expect(whole.choices[0]?.message.content).toContain("Brest");

  let streamed = "";
  for await (const chunk of await client.chat.completions.create({ ...question, stream: true })) {
    streamed += chunk.choices[0]?.delta.content ?? "";
  }
  expect(streamed).toContain("Brest");

  await expect(client.chat.completions.create({ ...question, temperature: 5 })).rejects.toBeInstanceOf(
    sdk.BadRequestError,
  );
});
