/** Upstreams that break, clients that leave: what the other side sees of it, over real sockets. */
import OpenAI, { APIError } from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { post, startGateway, type RunningGateway } from "./support/running-gateway.ts";

const MODEL = "google/gemini-3.5-flash";
const ASK = {
  model: MODEL,
  messages: [{ role: "user" as const, content: "Write a story about a magic backpack, über alles 🎒." }],
};

let gateway: RunningGateway;
let openai: OpenAI;

beforeAll(async () => {
  // Events apart from one another, or a fault would come in the same read as what went before it.
  gateway = await startGateway({}, { paceMs: 2 });
  openai = new OpenAI({ apiKey: "any", baseURL: `${gateway.url}/v1`, maxRetries: 0 });
});

afterAll(async () => {
  await gateway.close();
  expect(gateway.bugs).toEqual([]);
});

beforeEach(() => gateway.composed.emulator!.clearRules());

function fault(value: string): { headers: Record<string, string> } {
  return { headers: { "x-emulator-fault": value } };
}

async function streamText(value?: string): Promise<string> {
  const response = await post(gateway, { ...ASK, stream: true }, value === undefined ? {} : fault(value));
  expect(response.status).toBe(200);
  return response.text();
}

interface Frame {
  error?: object;
  choices?: { delta: { content?: string }; finish_reason: string | null }[];
}

function frames(text: string): Frame[] {
  return text
    .split("\n\n")
    .filter((frame) => frame.startsWith("data: {"))
    .map((frame) => JSON.parse(frame.slice(6)) as Frame);
}

function contentOf(text: string): string {
  return frames(text)
    .map((frame) => frame.choices?.[0]?.delta.content ?? "")
    .join("");
}

describe("a stream that broke never looks finished", () => {
  test.each([
    ["F-31 an error frame", "error-after=2:503"],
    ["F-31 a raw error object", "error-after=2:503:raw"],
    ["F-31 an error array", "error-after=2:429:array"],
    ["F-32 a clean end with no finish reason", "end-after=3"],
    ["F-32 a dropped connection", "cut-after=3"],
    ["F-32 every finish reason left out", "no-finish"],
    ["F-33 a cut inside an event", "cut-after-bytes=700"],
    ["F-25 a cut inside a character", "cut-in-utf8"],
    ["an event that is not JSON", "malformed-json-after=2"],
  ])("%s", async (_, value) => {
    const text = await streamText(value);
    expect(text).not.toContain("[DONE]");
    const all = frames(text);
    const last = all.at(-1)!;
    expect(last.error).toMatchObject({ message: expect.any(String), type: expect.any(String) });
    expect(last.error).toHaveProperty("code");
    expect(all.filter((frame) => frame.choices?.[0]?.finish_reason)).toEqual([]);

    const stream = await openai.chat.completions.create({ ...ASK, stream: true }, fault(value));
    const read = async (): Promise<void> => {
      for await (const chunk of stream) expect(chunk.choices[0]?.finish_reason ?? null).toBeNull();
    };
    await expect(read()).rejects.toBeInstanceOf(APIError);
  });

  test.each([
    ["F-30 an HTML page", "html-200", 502],
    ["F-29 an error before any event", "error-after=0:503", 503],
    ["a refusal", "status=503", 503],
    ["F-37 a rate limit", "status=429;retry-after=7", 429],
    ["no body", "empty-body", 502],
    ["a usage-only answer", "no-candidates", 502],
    ["F-20 a reset", "reset", 502],
  ])("before the first byte it is an ordinary error: %s", async (_, value, status) => {
    const response = await post(gateway, { ...ASK, stream: true }, fault(value));
    const body = await response.text();
    expect([response.status, body]).toEqual([status, expect.stringContaining('"error"')]);
    expect(body).not.toMatch(/<html|<body|nginx/i);
    if (value.includes("retry-after")) expect(response.headers.get("retry-after")).toBe("7");
    await expect(
      openai.chat.completions.create({ ...ASK, stream: true }, fault(value)),
    ).rejects.toBeInstanceOf(APIError);
  });
});

test("routing learns of a stream that broke after its first byte", async () => {
  const failures = (): number =>
    gateway.composed.current.router.state().reduce((sum, state) => sum + state.failures, 0);
  const before = failures();
  await streamText("error-after=2:503");
  expect(failures()).toBe(before + 1);
  await streamText();
  expect(failures()).toBe(before + 1);
});

describe("an unstreamed answer that broke is an error", () => {
  test.each([
    ["html-200", 502],
    ["malformed-json-after=0", 502],
    ["empty-body", 502],
    ["reset", 502],
    ["cut-after-bytes=50", 502],
    ["no-candidates", 502],
    ["no-finish", 502],
    ["status=500", 500],
    ["status=503", 503],
    ["status=429;retry-delay=27s", 429],
  ])("%s", async (value, status) => {
    const response = await post(gateway, ASK, fault(value));
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as { error: { message: string } };
    expect(error.message).not.toMatch(/<html/i);
    if (value.includes("27s")) expect(response.headers.get("retry-after")).toBe("27");
  });
});

describe("framing changes nothing", () => {
  const SHORT = {
    ...ASK,
    messages: [{ role: "user" as const, content: "Repeat after me: grün 🎒 und blau" }],
    stream: true,
  };

  test.each(["crlf", "lf", "cr", "no-space", "comments", "bom", "split-bytes=1", "split-bytes=7;crlf"])(
    "F-24 F-26 %s",
    async (value) => {
      const plain = contentOf(await (await post(gateway, SHORT)).text());
      expect(plain).toContain("grün 🎒");
      expect(contentOf(await (await post(gateway, SHORT, fault(value))).text())).toBe(plain);
    },
  );
});

describe("a client that leaves frees the upstream", () => {
  const gone = (): Promise<void> =>
    vi.waitFor(() => expect(gateway.composed.emulator!.requests.at(-1)).toMatchObject({ abandoned: true }), {
      timeout: 250,
      interval: 5,
    });

  test("F-01 in the middle of a stream", async () => {
    const stream = await openai.chat.completions.create({ ...ASK, stream: true }, fault("stall-after=3"));
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content !== "") break;
    await gone();
  });

  test("F-02 while waiting for a whole answer", async () => {
    const before = gateway.composed.emulator!.requestCount;
    const controller = new AbortController();
    const answer = openai.chat.completions.create(ASK, { ...fault("hang"), signal: controller.signal });
    const outcome = expect(answer).rejects.toThrow(/abort/i);
    await vi.waitFor(() => expect(gateway.composed.emulator!.requestCount).toBe(before + 1));
    controller.abort();
    await outcome;
    await gone();
  });
});

describe("repairs, each once and before the first byte", () => {
  const call = { calls: [{ name: "tide", args: { port: "Brest" } }] };
  const tools = [
    {
      type: "function" as const,
      function: { name: "tide", parameters: { type: "object", properties: { port: { type: "string" } } } },
    },
  ];

  test.each([true, false])("a malformed function call is asked for again (stream: %s)", async (stream) => {
    const emulator = gateway.composed.emulator!;
    emulator.addRule({ when: { nth: 1 }, then: { finishReason: "MALFORMED_FUNCTION_CALL" } });
    emulator.addRule({ then: call });
    const before = emulator.requestCount;
    const body = await (await post(gateway, { ...ASK, tools, stream })).text();
    expect(body).toContain('"tide"');
    expect(body).toContain('"tool_calls"');
    expect(emulator.requestCount).toBe(before + 2);
  });

  test.each([true, false])("malformed twice is an error, never a stop (stream: %s)", async (stream) => {
    const emulator = gateway.composed.emulator!;
    emulator.addRule({ then: { finishReason: "MALFORMED_FUNCTION_CALL" } });
    const before = emulator.requestCount;
    const response = await post(gateway, { ...ASK, tools, stream });
    expect(response.status).toBe(502);
    expect(response.headers.get("x-should-retry")).toBe("false");
    // Each was generated and paid for.
    expect(emulator.requestCount).toBe(before + 2);
    expect(await response.json()).toMatchObject({ error: { code: "malformed_function_call" } });
  });

  test("a host that does not take function call ids is asked again without them", async () => {
    const emulator = gateway.composed.emulator!;
    emulator.addRule({ when: { contains: "first turn", nth: 1 }, then: call });
    const first = await openai.chat.completions.create({
      model: MODEL,
      tools,
      messages: [{ role: "user", content: "first turn" }],
    });
    const [toolCall] = first.choices[0]!.message.tool_calls!;
    emulator.addRule({
      when: { contains: ["first turn", '"id":'], nth: 1 },
      then: {
        error: {
          code: 400,
          message: `Invalid JSON payload received. Unknown name "id" at 'contents[1].parts[0].function_call': Cannot find field.`,
        },
      },
    });
    const before = emulator.requestCount;
    const second = await openai.chat.completions.create({
      model: MODEL,
      tools,
      messages: [
        { role: "user", content: "first turn" },
        {
          role: "assistant",
          content: null,
          tool_calls: [
            { id: toolCall!.id, type: "function", function: { name: "tide", arguments: '{"port":"Brest"}' } },
          ],
        },
        { role: "tool", tool_call_id: toolCall!.id, content: "04:12" },
      ],
    });
    expect(second.choices[0]!.finish_reason).toBe("stop");
    expect(emulator.requestCount).toBe(before + 2);
    expect(JSON.stringify(emulator.requests.at(-2)!.body)).toContain('"id":');
    expect(JSON.stringify(emulator.requests.at(-1)!.body)).not.toContain('"id":');
  });
});

describe("n > 1 on a model that gives one candidate a call", () => {
  const ASK_38 = { ...ASK, model: "google/gemini-3.8-flash", n: 3 };

  test("unstreamed", async () => {
    const before = gateway.composed.emulator!.requestCount;
    const completion = await openai.chat.completions.create(ASK_38);
    expect(completion.choices.map(({ index, finish_reason }) => [index, finish_reason])).toEqual([
      [0, "stop"],
      [1, "stop"],
      [2, "stop"],
    ]);
    expect(gateway.composed.emulator!.requestCount).toBe(before + 3);
    const { usage } = completion;
    expect(usage!.total_tokens).toBe(usage!.prompt_tokens + usage!.completion_tokens);
  });

  test("streamed: every choice has one role, one finish and its own text", async () => {
    const stream = await openai.chat.completions.create({
      ...ASK_38,
      stream: true,
      stream_options: { include_usage: true },
    });
    const roles = [0, 0, 0];
    const finishes = [0, 0, 0];
    const texts = ["", "", ""];
    let usageFrames = 0;
    for await (const chunk of stream) {
      if (chunk.choices.length === 0 && chunk.usage) usageFrames += 1;
      for (const choice of chunk.choices) {
        if (choice.delta.role !== undefined) roles[choice.index]! += 1;
        if (choice.finish_reason !== null) finishes[choice.index]! += 1;
        texts[choice.index] += choice.delta.content ?? "";
      }
    }
    expect({ roles, finishes, usageFrames }).toEqual({
      roles: [1, 1, 1],
      finishes: [1, 1, 1],
      usageFrames: 1,
    });
    expect(texts.every((text) => text.length > 20)).toBe(true);
  });
});
