/**
 * Google's own SDK against the emulator, over a real socket, in both of its modes: what it sends must be accepted and
 * what it reads must be there. Credentials are checked as strictly as Google checks them.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ApiError,
  FunctionCallingConfigMode,
  GoogleGenAI,
  Type,
  type Content,
  type GenerateContentResponse,
} from "@google/genai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startEmulator, type Emulator } from "../src/emulator/server.ts";

const MODEL = "gemini-3.5-flash";
const API_KEY = "emulated-key";
/** A red pixel. */
const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

let emulator: Emulator;
let folder: string;
const clients = new Map<string, GoogleGenAI>();

beforeAll(async () => {
  emulator = await startEmulator({ requireAuth: "strict", apiKeys: [API_KEY], paceMs: 0, seed: 1 });
  folder = await mkdtemp(join(tmpdir(), "emulator-genai-"));
  const subjectToken = join(folder, "subject-token");
  await writeFile(subjectToken, "eyJzdWIiOiJtZSJ9");
  clients.set(
    "Vertex",
    new GoogleGenAI({
      vertexai: true,
      project: "tides",
      location: "global",
      httpOptions: { baseUrl: emulator.url },
      googleAuthOptions: {
        projectId: "tides",
        // Workload identity: the one file type whose endpoints Google's Node library takes from the file.
        credentials: {
          type: "external_account",
          audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
          subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
          token_url: `${emulator.url}/v1/token`,
          service_account_impersonation_url: `${emulator.url}/v1/projects/-/serviceAccounts/tester@tides.iam.gserviceaccount.com:generateAccessToken`,
          credential_source: { file: subjectToken },
        },
      },
    }),
  );
  clients.set("Gemini API", new GoogleGenAI({ apiKey: API_KEY, httpOptions: { baseUrl: emulator.url } }));
});
afterAll(async () => {
  await emulator.close();
  await rm(folder, { recursive: true });
});

const tide = {
  name: "get_tide",
  description: "High water times of a port",
  parameters: {
    type: Type.OBJECT,
    properties: { port: { type: Type.STRING, description: "Name of the port" } },
    required: ["port"],
  },
};

async function collect(stream: AsyncGenerator<GenerateContentResponse>): Promise<GenerateContentResponse[]> {
  const events: GenerateContentResponse[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

describe.each(["Vertex", "Gemini API"])("%s", (mode) => {
  const client = (): GoogleGenAI => clients.get(mode) as GoogleGenAI;

  test("text, whole and streamed, with the same words and counts", async () => {
    const request = { model: MODEL, contents: "Why do the tides follow the moon?" };
    const whole = await client().models.generateContent(request);
    expect(whole.text?.length).toBeGreaterThan(20);
    expect(whole.candidates?.[0]?.finishReason).toBe("STOP");
    expect(whole.modelVersion).toBe(`${MODEL}-emulated`);
    const events = await collect(await client().models.generateContentStream(request));
    expect(events.length).toBeGreaterThan(1);
    expect(events.map((event) => event.text ?? "").join("")).toBe(whole.text);
    expect(events.at(-1)?.usageMetadata).toEqual(whole.usageMetadata);
  });

  test("instructions, limits and thoughts", async () => {
    const answer = await client().models.generateContent({
      model: MODEL,
      contents: [{ role: "user", parts: [{ text: "Describe the harbour of Brest at length." }] }],
      config: {
        systemInstruction: "Be calm.",
        temperature: 0.2,
        stopSequences: ["\n\n\n"],
        thinkingConfig: { includeThoughts: true },
        safetySettings: [],
      },
    });
    const parts = answer.candidates?.[0]?.content?.parts ?? [];
    expect(parts[0]?.thought).toBe(true);
    expect(answer.usageMetadata?.thoughtsTokenCount).toBeGreaterThan(0);
    const cut = await client().models.generateContent({
      model: "gemini-2.5-flash",
      contents: "Describe the harbour of Brest at length.",
      config: { maxOutputTokens: 10, thinkingConfig: { thinkingBudget: 0 } },
    });
    expect(cut.candidates?.[0]?.finishReason).toBe("MAX_TOKENS");
  });

  test("tools over two turns, the history given back as it came", async () => {
    const config = { tools: [{ functionDeclarations: [tide] }] };
    const history: Content[] = [{ role: "user", parts: [{ text: "What is the tide in Brest?" }] }];
    const first = await client().models.generateContent({ model: MODEL, contents: history, config });
    const [call] = first.functionCalls ?? [];
    expect(call).toMatchObject({ name: "get_tide", args: { port: "Brest" } });
    expect(call?.id).toBeDefined();
    history.push(first.candidates?.[0]?.content as Content, {
      role: "user",
      parts: [{ functionResponse: { id: call?.id ?? "", name: "get_tide", response: { high: "04:12" } } }],
    });
    const second = await client().models.generateContent({ model: MODEL, contents: history, config });
    expect(second.text).toContain("04:12");

    const forgetful: Content[] = structuredClone(history);
    for (const part of forgetful[1]?.parts ?? []) delete part.thoughtSignature;
    await expect(
      client().models.generateContent({ model: MODEL, contents: forgetful, config }),
    ).rejects.toThrow(/thought_signature/);
  });

  test("a chat with a forced call, streamed", async () => {
    const chat = client().chats.create({
      model: MODEL,
      config: {
        tools: [{ functionDeclarations: [tide] }],
        toolConfig: {
          functionCallingConfig: { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ["get_tide"] },
        },
      },
    });
    const events = await collect(await chat.sendMessageStream({ message: "Roscoff, please" }));
    const calls = events.flatMap((event) => event.functionCalls ?? []);
    expect(calls.map((call) => call.name)).toEqual(["get_tide"]);
    const [answered] = await collect(
      await chat.sendMessageStream({
        message: {
          functionResponse: { id: calls[0]?.id ?? "", name: "get_tide", response: { output: "05:01" } },
        },
        config: { tools: [{ functionDeclarations: [tide] }] },
      }),
    );
    expect(answered?.candidates?.[0]?.content?.parts?.length).toBeGreaterThan(0);
  });

  test("an image in, described by what was read from it", async () => {
    const answer = await client().models.generateContent({
      model: MODEL,
      contents: [{ inlineData: { mimeType: "image/png", data: PIXEL } }, "What is this?"],
    });
    expect(answer.text).toMatch(/1\s?[x×]\s?1/);
    expect(answer.usageMetadata?.promptTokensDetails?.map(({ modality }) => modality)).toContain("IMAGE");
  });

  test("an image out, and speech", async () => {
    const drawn = await client().models.generateContent({
      model: "gemini-3.1-flash-image",
      contents: "Draw a lighthouse",
      config: { responseModalities: ["TEXT", "IMAGE"], imageConfig: { aspectRatio: "16:9" } },
    });
    const image = drawn.candidates?.[0]?.content?.parts?.find((part) => part.inlineData !== undefined);
    expect(image?.inlineData?.mimeType).toBe("image/png");
    expect(
      Buffer.from(image?.inlineData?.data ?? "", "base64")
        .subarray(1, 4)
        .toString(),
    ).toBe("PNG");
    const spoken = await client().models.generateContent({
      model: mode === "Vertex" ? "gemini-2.5-flash-tts" : "gemini-3.8-flash-tts",
      contents: "Say cheerfully: high water!",
      config: {
        responseModalities: ["AUDIO"],
        speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } } },
      },
    });
    const [audio] = spoken.candidates?.[0]?.content?.parts ?? [];
    expect(audio?.inlineData?.mimeType).toMatch(/^audio\/L16;/);
  });

  test.each([
    {
      field: "responseSchema",
      schema: {
        responseSchema: {
          type: Type.OBJECT,
          properties: { port: { type: Type.STRING }, depth: { type: Type.INTEGER } },
          required: ["port", "depth"],
          propertyOrdering: ["port", "depth"],
        },
      },
    },
    {
      field: "responseJsonSchema",
      schema: {
        responseJsonSchema: {
          type: "object",
          properties: { port: { type: "string" }, depth: { type: "integer" } },
          required: ["port", "depth"],
          additionalProperties: false,
        },
      },
    },
  ])("JSON by $field", async ({ schema }) => {
    const answer = await client().models.generateContent({
      model: MODEL,
      contents: "The port of Brest is 12 metres deep.",
      config: { responseMimeType: "application/json", ...schema },
    });
    expect(JSON.parse(answer.text ?? "")).toEqual({
      port: expect.any(String) as string,
      depth: expect.any(Number) as number,
    });
  });

  test("countTokens", async () => {
    const counted = await client().models.countTokens({ model: MODEL, contents: "High water at four." });
    expect(counted.totalTokens).toBeGreaterThan(0);
  });

  test("models, listed and one by one", async () => {
    const names: string[] = [];
    for await (const model of await client().models.list()) names.push(model.name ?? "");
    expect(names.some((name) => name.endsWith(`models/${MODEL}`))).toBe(true);
    const one = await client().models.get({ model: MODEL });
    expect(one.name).toMatch(new RegExp(`models/${MODEL}$`));
  });

  test.each([
    ["an unknown model", { model: "gemini-9", contents: "a" }, 404, "NOT_FOUND"],
    [
      "an empty text",
      { model: MODEL, contents: [{ role: "user", parts: [{ text: "" }] }] },
      400,
      "INVALID_ARGUMENT",
    ],
    [
      "a budget and a level",
      {
        model: MODEL,
        contents: "a",
        config: { thinkingConfig: { thinkingBudget: 5, thinkingLevel: "LOW" as never } },
      },
      400,
      "INVALID_ARGUMENT",
    ],
  ])("%s raises the SDK's error", async (_why, request, status, name) => {
    const failure = await client()
      .models.generateContent(request)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiError);
    expect(failure).toMatchObject({ status });
    expect((failure as ApiError).message).toContain(name);
  });

  test("an error before and inside a stream raises it too", async () => {
    emulator.addRule({ when: { nth: 1 }, then: { fault: "status=503" } });
    emulator.addRule({ when: { nth: 1 }, then: { fault: "error-after=0:503:raw" } });
    emulator.addRule({ when: { nth: 1 }, then: { fault: "error-after=1:503:raw" } });
    const start = () =>
      client().models.generateContentStream({ model: MODEL, contents: "Tell me about the sea." });
    await expect(start()).rejects.toMatchObject({ status: 503 });
    await expect(start().then(collect)).rejects.toMatchObject({ status: 503 });
    const stream = await start();
    expect((await stream.next()).value).toMatchObject({ candidates: [{}] });
    await expect(collect(stream)).rejects.toThrow(/high demand|Incomplete JSON/);
    emulator.clearRules();
  });
});

test("one token served every Vertex call, and a revoked one is noticed", async () => {
  const vertex = clients.get("Vertex") as GoogleGenAI;
  expect(emulator.tokens.issuedByGrant).toMatchObject({ sts: 1, impersonation: 1 });
  emulator.tokens.revokeAll();
  const failure: unknown = await vertex.models
    .generateContent({ model: MODEL, contents: "a" })
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ status: 401 });
  expect((failure as ApiError).message).toContain("ACCESS_TOKEN_EXPIRED");
});

test("a wrong API key is Google's 400", async () => {
  const wrong = new GoogleGenAI({ apiKey: "wrong", httpOptions: { baseUrl: emulator.url } });
  const failure: unknown = await wrong.models
    .generateContent({ model: MODEL, contents: "a" })
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ status: 400 });
  expect((failure as ApiError).message).toContain("API_KEY_INVALID");
});
