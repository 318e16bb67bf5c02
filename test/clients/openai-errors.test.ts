import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MAJORS } from "./openai-majors.ts";
import { type RunningPollux, startGateway, startScriptedGateway } from "./running-pollux.ts";

const MODEL = "google/gemini-3.5-flash";

const script = {
  rules: [
    ...MAJORS.map(({ major }) => ({
      when: { contains: `busy at first for ${major}`, nth: 1 },
      then: { error: { code: 429, retryAfterSeconds: 0 } },
    })),
    {
      when: { contains: "always busy" },
      then: { error: { code: 429, message: "Quota spent.", retryAfterSeconds: 7 } },
    },
    { when: { contains: "broken inside" }, then: { error: { code: 500 } } },
    { when: { contains: "forbidden fruit" }, then: { error: { code: 403, message: "Not for you." } } },
    { when: { contains: "break in the middle" }, then: { fault: "error-after=2:503" } },
    { when: { contains: "stall in the middle" }, then: { fault: "stall-after=2" } },
  ],
};

const say = (content: string) => ({ model: MODEL, messages: [{ role: "user" as const, content }] });

let scripted: RunningPollux;
let locked: RunningPollux;
beforeAll(async () => {
  [scripted, locked] = await Promise.all([
    startScriptedGateway(script),
    startGateway({ POLLUX_API_KEYS: "first-key,second-key" }),
  ]);
});
afterAll(() => Promise.all([scripted?.stop(), locked?.stop()]));

describe.each(MAJORS)("openai $major", ({ major, sdk }) => {
  const connect = (maxRetries = 0) =>
    new sdk.OpenAI({ apiKey: "a-google-token", baseURL: `${scripted.url}/v1`, maxRetries });

  /** What a call that must fail was rejected with. */
  async function failure(call: Promise<unknown>) {
    const error = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(sdk.APIError);
    return error as InstanceType<typeof sdk.APIError>;
  }

  test("a field of the wrong kind is a BadRequestError that names it", async () => {
    const error = await failure(
      connect().chat.completions.create({ ...say("Hello"), temperature: "hot" as unknown as number }),
    );
    expect(error).toBeInstanceOf(sdk.BadRequestError);
    expect(error.param).toBe("temperature");
    expect(error.type).toBe("invalid_request_error");
    expect(error.message).toContain("temperature");
    expect(error.headers).toBeDefined();
  });

  test("a bad part deep in the messages is named by its path", async () => {
    const error = await failure(
      connect().chat.completions.create({
        model: MODEL,
        messages: [
          { role: "user", content: [{ type: "image_url", image_url: { url: "data:image/png;base64,*" } }] },
        ],
      }),
    );
    expect(error).toBeInstanceOf(sdk.BadRequestError);
    expect(error.param).toMatch(/^messages(\[0\]|\.0)\.content(\[0\]|\.0)\.image_url/);
  });

  test("an unknown model is a NotFoundError", async () => {
    const error = await failure(
      connect().chat.completions.create({ ...say("Hello"), model: "google/gemini-99-flash" }),
    );
    expect(error).toBeInstanceOf(sdk.NotFoundError);
    expect(error.code).toBe("model_not_found");
    expect(error.message).toContain("gemini-99-flash");
  });

  test("a wrong access key is an AuthenticationError and a right one is not", async () => {
    const withKey = (apiKey: string) =>
      new sdk.OpenAI({ apiKey, baseURL: `${locked.url}/v1`, maxRetries: 0 }).chat.completions.create(
        say("Tell me about kelp"),
      );
    const error = await failure(withKey("wrong-key"));
    expect(error).toBeInstanceOf(sdk.AuthenticationError);
    expect(error.code).toBe("invalid_api_key");
    expect((await withKey("second-key")).choices[0]?.message.content).toMatch(/kelp/i);
  });

  test("Google's 403 is a PermissionDeniedError with Google's words", async () => {
    const error = await failure(connect().chat.completions.create(say("forbidden fruit")));
    expect(error).toBeInstanceOf(sdk.PermissionDeniedError);
    expect(error.message).toContain("Not for you.");
  });

  test("Google's 429 is a RateLimitError with retry-after", async () => {
    const error = await failure(connect().chat.completions.create(say("always busy")));
    expect(error).toBeInstanceOf(sdk.RateLimitError);
    expect(error.message).toContain("Quota spent.");
    const headers = new Headers(error.headers as HeadersInit);
    expect(headers.get("retry-after")).toBe("7");
    expect(headers.get("x-request-id")).toBeTruthy();
  });

  test("the SDK's own retry gets past a short 429", async () => {
    const completion = await connect(2).chat.completions.create(
      say(`busy at first for ${major}, then tell me about kelp`),
    );
    expect(completion.choices[0]?.message.content).toMatch(/kelp/i);
  });

  test("Google's 500 is an InternalServerError", async () => {
    const error = await failure(connect().chat.completions.create(say("broken inside")));
    expect(error).toBeInstanceOf(sdk.InternalServerError);
    expect(error.status).toBeGreaterThanOrEqual(500);
  });

  test("an error inside a stream is raised, not swallowed", async () => {
    const stream = await connect().chat.completions.create({ ...say("break in the middle"), stream: true });
    let text = "";
    const error = await failure(
      (async () => {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
      })(),
    );
    expect(text).not.toBe("");
    expect(error.message).toContain("high demand");
  });

  test("a stream can be aborted in the middle, and the next call works", async () => {
    const client = connect();
    const stream = await client.chat.completions.create({ ...say("stall in the middle"), stream: true });
    let text = "";
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      if (text !== "") stream.controller.abort();
    }
    expect(text).not.toBe("");
    const next = await client.chat.completions.create(say("Tell me about kelp"));
    expect(next.choices[0]?.message.content).toMatch(/kelp/i);
  });
});
