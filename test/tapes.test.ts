/** Tapes of whole gateways: recorded in front of an upstream, replayed in front of none, and the client sees no difference. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { createGateway, type GatewayOptions, type InProcessGateway, type TapeOptions } from "../src/index.ts";
import { startEmulator } from "../src/emulator/server.ts";
import {
  recordingUpstream,
  type RecordingUpstream,
  type ScriptedResponse,
} from "./support/recording-upstream.ts";
import { testedHttpClient } from "./support/running-gateway.ts";

const KEY = "AIzaCanaryOwnKey0123456789abcdefghijklm";

function newTape(): string {
  const folder = mkdtempSync(join(tmpdir(), "pollux-tapes-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "tape.jsonl");
}

async function gatewayWith(
  tape: TapeOptions,
  env: Record<string, string> = {},
  more: GatewayOptions = {},
): Promise<InProcessGateway> {
  const gateway = await createGateway({ ...more, env: { ...testedHttpClient(), ...env }, tape });
  onTestFinished(() => gateway.close());
  return gateway;
}

/** In front of an upstream of the test's own, as the Gemini API. */
async function record(
  path: string,
  upstream: { url: string },
  redact: readonly RegExp[] = [],
): Promise<InProcessGateway> {
  return gatewayWith(
    { record: path, redact },
    { GEMINI_API_KEY: KEY, GOOGLE_GEMINI_BASE_URL: upstream.url, POLLUX_RETRY_BUDGET: "0" },
  );
}

interface Seen {
  status: number;
  headers: Record<string, string | null>;
  text: string;
}

/** What a client sees, but for ids that are new each time. */
async function ask(
  gateway: InProcessGateway,
  body: object,
  headers: Record<string, string> = {},
): Promise<Seen> {
  const response = await gateway.fetch("http://pollux/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer any", ...headers },
    body: JSON.stringify({ model: "google/gemini-3.5-flash", ...body }),
  });
  const text = await response.text();
  const shown = ["content-type", "retry-after", "x-should-retry"].map((name) => [
    name,
    response.headers.get(name),
  ]);
  return {
    status: response.status,
    headers: Object.fromEntries(shown) as Seen["headers"],
    text: text
      .replace(/"id":"(?:chatcmpl-)?[^"]*","object"/g, '"id":"ID","object"')
      .replace(/"created":\d+/g, '"created":0')
      .replace(/"id":"call_[^"]*"/g, '"id":"CALL"'),
  };
}

const says = (text: string, more: object = {}): object => ({
  candidates: [{ content: { role: "model", parts: [{ text }] }, finishReason: "STOP", index: 0 }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 5, totalTokenCount: 8 },
  modelVersion: "gemini-3.5-flash",
  ...more,
});

const whole = (answer: object): ScriptedResponse => ({ pieces: [`${JSON.stringify(answer, null, 2)}\n`] });
const sse = (...events: (object | string)[]): ScriptedResponse => ({
  type: "text/event-stream",
  pieces: events.map((event) =>
    typeof event === "string" ? event : `data: ${JSON.stringify(event)}\r\n\r\n`,
  ),
});
const refusal = (status: number, name: string, message: string): ScriptedResponse => ({
  status,
  pieces: [JSON.stringify({ error: { code: status, status: name, message } })],
});

const user = (content: string): object => ({ messages: [{ role: "user", content }] });
const part = (text: string): object => ({
  candidates: [{ content: { role: "model", parts: [{ text }] }, index: 0 }],
});

describe("a replay is what was recorded", () => {
  const cases: [string, object, ScriptedResponse][] = [
    ["an answer", user("Hi"), whole(says("Hello."))],
    ["a stream", { ...user("Hi"), stream: true }, sse(part("Hel"), part("lo, "), says("wörld 😀"))],
    [
      "a stream with usage and thoughts",
      { ...user("Hi"), stream: true, stream_options: { include_usage: true } },
      sse(
        { candidates: [{ content: { parts: [{ text: "Hm", thought: true }] } }] },
        says("Yes", { extra: 1.5e300 }),
      ),
    ],
    [
      "a refusal",
      user("Hi from ada@lovelace.org"),
      refusal(400, "INVALID_ARGUMENT", "Bad for ada@lovelace.org."),
    ],
    [
      "a rate limit",
      user("Hi"),
      { ...refusal(429, "RESOURCE_EXHAUSTED", "Slow down."), headers: { "retry-after": "7" } },
    ],
    [
      "a page in place of an answer",
      user("Hi"),
      { status: 502, type: "text/html", pieces: ["<h1>Bad gateway</h1>"] },
    ],
    ["an answer that is no JSON", user("Hi"), { pieces: ["{oops"] }],
    ["an answer that is cut", user("Hi"), { pieces: ['{"candidates": [{"con'], breaks: true }],
    [
      "a stream that is cut between events",
      { ...user("Hi"), stream: true },
      { ...sse(part("Hel")), breaks: true },
    ],
    [
      "a stream that is cut inside an event",
      { ...user("Hi"), stream: true },
      { ...sse(part("Hel"), 'data: {"candidates": [{"content": {"parts": [{"te'), breaks: true },
    ],
    [
      "a stream that ends inside a character",
      { ...user("Hi"), stream: true },
      {
        type: "text/event-stream",
        pieces: [`data: ${JSON.stringify(part("Hel"))}\n\n`, Buffer.from([0xe2, 0x82])],
      },
    ],
    [
      "a stream with an error inside",
      { ...user("Hi"), stream: true },
      sse(part("Hel"), { error: { code: 503, status: "UNAVAILABLE", message: "Overloaded." } }),
    ],
    [
      "a stream with an error in the same read",
      { ...user("Hi"), stream: true },
      sse(
        `data: ${JSON.stringify(part("Hel"))}\n\ndata: {"error": {"code": 503, "status": "UNAVAILABLE", "message": "Overloaded."}}\n\n`,
      ),
    ],
    ["a stream with garbage", { ...user("Hi"), stream: true }, sse(part("Hel"), "data: {nonsense\n\n")],
    [
      "a connection that is reset",
      user("Hi"),
      { pieces: [], breaks: true, headers: { "content-length": "100" } },
    ],
  ];

  test.each(cases)("%s", async (_, body, response) => {
    const path = newTape();
    const upstream = await recordingUpstream(() => response);
    const recording = await record(path, upstream);
    const live = await ask(recording, body);
    await recording.close();
    const { length } = upstream.calls;
    expect(length).toBeGreaterThan(0);
    for (const options of [{}, { strict: true }]) {
      const replaying = await gatewayWith({ replay: path, ...options }, { POLLUX_RETRY_BUDGET: "0" });
      expect(await ask(replaying, body)).toEqual(live);
      expect(replaying.unusedRecordings()).toEqual([]);
    }
    expect(upstream.calls.length).toBe(length);
  });

  test("a host that refuses connections", async () => {
    const path = newTape();
    const upstream = await recordingUpstream(() => whole(says("")));
    const url = upstream.url.replace(/\d+$/, "1");
    const live = await ask(await record(path, { url }), user("Hi"));
    expect(live.status).toBe(503);
    expect(await ask(await gatewayWith({ replay: path }, { POLLUX_RETRY_BUDGET: "0" }), user("Hi"))).toEqual(
      live,
    );
  });

  test("several answers of one request, each with its own", async () => {
    const path = newTape();
    const answers = ["first", "second", "third"];
    const upstream = await recordingUpstream(({ body }) =>
      whole(says(`${answers.shift()} of ${body.length}`)),
    );
    const body = { ...user("Hi"), n: 3, model: "google/gemini-4-flash" };
    const live = await ask(await record(path, upstream), body);
    expect(live.text).toContain("third of");
    expect(await ask(await gatewayWith({ replay: path }), body)).toEqual(live);
  });
});

test("true to time: an answer takes as long as it took", async () => {
  const path = newTape();
  const recording = await record(path, await recordingUpstream(() => sse(part("slow"), says("ly"))));
  await ask(recording, { ...user("Hi"), stream: true });
  await recording.close();
  // As if the last event had come late.
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  const late = lines.map((line, at) =>
    at < lines.length - 2 ? line : line.replace(/"atMs":\d+/, '"atMs":600'),
  );
  writeFileSync(path, `${late.join("\n")}\n`);
  const replaying = await gatewayWith({ replay: path, speed: "true" });
  const startedAt = performance.now();
  expect(joined((await ask(replaying, { ...user("Hi"), stream: true })).text)).toBe("slowly");
  expect(performance.now() - startedAt).toBeGreaterThan(550);
});

test("where its client left, a stream ends with an error", async () => {
  const path = newTape();
  const recording = await record(path, await recordingUpstream(() => sse(part("Hel"), says("lo"))));
  const leaving = new AbortController();
  const response = await recording.fetch("http://pollux/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "google/gemini-3.5-flash", ...user("Hi"), stream: true }),
    signal: leaving.signal,
  });
  await response.body!.getReader().read();
  leaving.abort();
  await recording.close();
  // Whether the answer was complete by then is for the machine to decide.
  const text = readFileSync(path, "utf8").replace('"end":"complete"', '"end":"left"');
  expect(text).toContain('"end":"left"');
  writeFileSync(path, text);
  const seen = await ask(await gatewayWith({ replay: path }), { ...user("Hi"), stream: true });
  expect(joined(seen.text)).toContain("Hel");
  expect(seen.text).toContain('"code":"recording_ended"');
  expect(seen.text).not.toContain("[DONE]");
});

describe("equal requests", () => {
  async function threeAnswers(): Promise<string> {
    const path = newTape();
    const answers = [refusal(503, "UNAVAILABLE", "Busy."), whole(says("one")), whole(says("two"))];
    const upstream = await recordingUpstream(() => answers.shift()!);
    const recording = await record(path, upstream);
    for (let at = 0; at < 3; at += 1) await ask(recording, user("Hi"));
    await recording.close();
    return path;
  }

  const outcomes = async (gateway: InProcessGateway): Promise<string[]> => {
    const seen: string[] = [];
    for (let at = 0; at < 4; at += 1) {
      const { status, text } = await ask(gateway, user("Hi"));
      seen.push(`${status} ${/"content":"(\w+)"|"code":"(\w+)"/.exec(text)?.slice(1).join("")}`);
    }
    return seen;
  };

  test("get their recordings in order, and then the last one again", async () => {
    const gateway = await gatewayWith({ replay: await threeAnswers() }, { POLLUX_RETRY_BUDGET: "0" });
    expect(await outcomes(gateway)).toEqual(["503 overloaded", "200 one", "200 two", "200 two"]);
  });

  test("strict: each once", async () => {
    const errors = silenced();
    const gateway = await gatewayWith(
      { replay: await threeAnswers(), strict: true },
      { POLLUX_RETRY_BUDGET: "0" },
    );
    expect(await outcomes(gateway)).toEqual(["503 overloaded", "200 one", "200 two", "400 no_recording"]);
    expect(errors()).toContain("it was recorded 3 times, and asked for once more");
  });

  test("a token that was renewed needs no renewal", async () => {
    const path = newTape();
    const emulator = await startEmulator({ requireAuth: "strict", paceMs: 0 });
    onTestFinished(() => emulator.close());
    const keyFile = join(path, "..", "key.json");
    writeFileSync(keyFile, JSON.stringify(await emulator.createServiceAccount()), { mode: 0o600 });
    const recording = await gatewayWith(
      { record: path },
      { GOOGLE_APPLICATION_CREDENTIALS: keyFile, GOOGLE_VERTEX_BASE_URL: emulator.url },
    );
    const live = [await ask(recording, user("Hi"))];
    emulator.tokens.revokeAll();
    live.push(await ask(recording, user("Hi")));
    await recording.close();
    expect(live.map(({ status }) => status)).toEqual([200, 200]);
    const statuses = [...readFileSync(path, "utf8").matchAll(/"status":(\d+),"headers"/g)].map(
      ([, status]) => status,
    );
    expect(statuses).toEqual(["200", "401", "200"]);
    const replaying = await gatewayWith({ replay: path });
    expect([await ask(replaying, user("Hi")), await ask(replaying, user("Hi"))]).toEqual(live);
    expect(replaying.unusedRecordings()).toEqual([]);
  });
});

function silenced(): () => string {
  const said: string[] = [];
  vi.spyOn(console, "error").mockImplementation((text: string) => void said.push(text));
  return () => said.join("\n");
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("tools, over several turns", () => {
  const tools = [
    {
      type: "function",
      function: { name: "send_mail", parameters: { type: "object", properties: { to: { type: "string" } } } },
    },
  ];
  const signature = Buffer.from("a signature that only Google can read, 4111111111111111").toString("base64");

  function upstreamWithTools(): Promise<RecordingUpstream> {
    return recordingUpstream(({ body, url }) => {
      const { contents } = JSON.parse(body.toString()) as {
        contents: { parts: { thoughtSignature?: string }[] }[];
      };
      if (contents.length > 1) {
        const kept = contents[1]?.parts[0]?.thoughtSignature;
        return whole(says(kept === signature ? "Sent to grace@hopper.org." : "The signature is lost."));
      }
      const call = {
        functionCall: { name: "send_mail", args: { to: "grace@hopper.org" } },
        thoughtSignature: signature,
      };
      const answer = { candidates: [{ content: { role: "model", parts: [call] }, finishReason: "STOP" }] };
      return url.includes("stream") ? sse(answer) : whole(answer);
    });
  }

  /** One conversation; the client keeps the signature or drops it. */
  async function converse(
    gateway: InProcessGateway,
    keeps: boolean,
    who = "grace@hopper.org",
  ): Promise<unknown[]> {
    const messages: object[] = [{ role: "user", content: `Write to ${who}` }];
    const send = async (): Promise<Record<string, unknown>> => {
      const response = await gateway.fetch("http://pollux/v1/chat/completions", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model: "google/gemini-3.5-flash", messages, tools }),
      });
      const completion = (await response.json()) as { choices: { message: Record<string, unknown> }[] };
      return completion.choices[0]!.message;
    };
    const { tool_calls: calls, ...rest } = (await send()) as {
      tool_calls: { id: string; function: { arguments: string } }[];
    };
    const [call] = calls;
    const { id, function: called } = call!;
    const echoed = keeps ? call : { id, type: "function", function: called };
    messages.push({ ...rest, role: "assistant", content: null, tool_calls: [echoed] });
    messages.push({ role: "tool", tool_call_id: id, content: `{"ok":true,"to":"${who}"}` });
    const { content } = await send();
    return [called.arguments, content];
  }

  test.each([true, false])("with signatures kept by the client: %s", async (keeps) => {
    const path = newTape();
    const recording = await record(path, await upstreamWithTools());
    const live = await converse(recording, keeps);
    expect(live).toEqual(['{"to":"grace@hopper.org"}', "Sent to grace@hopper.org."]);
    await recording.close();
    expect(readFileSync(path, "utf8")).toContain(signature);
    const replaying = await gatewayWith({ replay: path, strict: true });
    expect(await converse(replaying, keeps)).toEqual(live);
  });

  test("of somebody else: the recording says their address", async () => {
    const path = newTape();
    const recording = await record(path, await upstreamWithTools());
    await converse(recording, true);
    await recording.close();
    const replaying = await gatewayWith({ replay: path, strict: true });
    expect(await converse(replaying, false, "ada@lovelace.org")).toEqual([
      '{"to":"ada@lovelace.org"}',
      "Sent to ada@lovelace.org.",
    ]);
  });
});

describe("nothing secret or personal is on a tape", () => {
  const CANARIES = {
    ownKey: KEY,
    callerToken: "ya29.canary-caller-token-5a5a5a5a",
    header: "canary-header-3c3c3c",
    cookie: "canary-cookie-2b2b2b",
    query: "canary-query-4d4d4d",
    key: "AIzaCanaryPrompt0123456789abcdefghijkl",
    openai: "sk-proj-canaryCanary0123456789",
    jwt: "eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOiJjYW5hcnkifQ.c2lnbmF0dXJl",
    privateKey: "MIICanaryPrivateKeyCanary",
    userinfo: "canary-password-7f7f",
    account: "canary-robot@canary-project-1.iam.gserviceaccount.com",
    mail: "canary.person@corp.example.org",
    otherMail: "canary.answer@corp.example.org",
    phone: "+49 171 5550123",
    card: "4111 1111 1111 1111",
    bareCard: "5555555555554444",
    ipv4: "203.0.112.77",
    ipv6: "2001:db7:1::cafe",
    project: "canary-project-1",
    employee: "EMP-998877",
  };
  const prompt = `${Object.entries(CANARIES)
    .filter(
      ([name]) => !["privateKey", "query", "cookie", "header", "userinfo", "callerToken"].includes(name),
    )
    .map(([name, canary]) => `${name} is ${name === "project" ? "projects/" : ""}${canary}`)
    .join(
      "; ",
    )}; https://root:${CANARIES.userinfo}@host/?access_token=${CANARIES.query}; Bearer ${CANARIES.callerToken};
-----BEGIN PRIVATE KEY-----\n${CANARIES.privateKey}\n-----END PRIVATE KEY-----`;

  function expectNone(tape: string): void {
    const text = readFileSync(tape, "utf8");
    const found = Object.entries(CANARIES).filter(([, canary]) => text.includes(canary));
    expect(found).toEqual([]);
    expect(text.toLowerCase()).not.toContain("canary");
  }

  const sent = {
    messages: [
      { role: "system", content: prompt },
      { role: "user", content: prompt },
      {
        role: "assistant",
        tool_calls: [
          {
            id: "c",
            type: "function",
            function: {
              name: "f",
              arguments: JSON.stringify({ [CANARIES.mail]: [prompt], card: 5555555555554444 }),
            },
          },
        ],
      },
      { role: "tool", tool_call_id: "c", content: prompt },
    ],
    tools: [{ type: "function", function: { name: "f", description: prompt } }],
  };

  /** Says back the request with its headers, in pieces of any size, as an answer or an error. */
  const saysBack = (form: "whole" | "stream" | "error" | "page") =>
    recordingUpstream(({ url, headers, body }) => {
      const text = `${url} ${JSON.stringify(headers)} ${body.toString()} ${prompt}`;
      if (form === "whole") return whole(says(text));
      if (form === "error") return refusal(400, "INVALID_ARGUMENT", text);
      if (form === "page") return { status: 500, type: "text/html", pieces: [`<p>${text}</p>`] };
      const pieces = Array.from({ length: Math.ceil(text.length / 7) }, (_, at) =>
        part(text.slice(at * 7, at * 7 + 7)),
      );
      return sse(...pieces, says(""));
    });

  test.each(["whole", "stream", "error", "page"] as const)("said back: %s", async (form) => {
    const path = newTape();
    const upstream = await saysBack(form);
    const recording = await record(path, upstream, [/EMP-\d+/]);
    const body = { ...sent, stream: form === "stream" };
    const live = await ask(recording, body, {
      cookie: CANARIES.cookie,
      "x-canary": CANARIES.header,
      "user-agent": CANARIES.header,
    });
    await recording.close();
    expect(upstream.calls[0]?.body.toString()).toContain(CANARIES.mail);
    expectNone(path);
    const replaying = await gatewayWith({ replay: path, redact: [/EMP-\d+/] });
    const again = await ask(replaying, body);
    expect(again.status).toBe(live.status);
    if (live.status !== 200) return;
    // All that the request holds is said back as it was.
    for (const canary of [CANARIES.mail, CANARIES.phone, CANARIES.card, CANARIES.ipv6, CANARIES.employee]) {
      expect(joined(again.text)).toContain(canary);
    }
  });

  test("on Vertex AI: tokens, projects and the accounts that sign in", async () => {
    const path = newTape();
    const emulator = await startEmulator({ requireAuth: "strict", paceMs: 0, project: CANARIES.project });
    onTestFinished(() => emulator.close());
    const account = await emulator.createServiceAccount({
      project: CANARIES.project,
      clientEmail: CANARIES.account,
    });
    const keyFile = join(path, "..", "key.json");
    writeFileSync(keyFile, JSON.stringify(account), { mode: 0o600 });
    const env = { GOOGLE_APPLICATION_CREDENTIALS: keyFile, GOOGLE_VERTEX_BASE_URL: emulator.url };
    const recording = await gatewayWith({ record: path }, env);
    const talk = { ...user(`Repeat exactly: ${CANARIES.project} for ${CANARIES.mail}`), stream: true };
    const live = await ask(recording, talk);
    expect(live.status).toBe(200);
    await ask(recording, { ...user("Hello"), model: `google/${CANARIES.project}` });
    await recording.close();
    const token = emulator.requests.at(-1)?.headers["authorization"]?.slice("Bearer ".length) ?? "none";
    const text = readFileSync(path, "utf8");
    expect(token.length).toBeGreaterThan(20);
    expect(text).not.toContain(token);
    expect(text).toContain("/projects/project-1/locations/global/");
    expect(text).not.toContain(CANARIES.mail);
    expect(text).not.toContain(CANARIES.project);
    const replaying = await gatewayWith({ replay: path }, {}, { project: CANARIES.project });
    expect(joined((await ask(replaying, talk)).text)).toContain(`${CANARIES.project} for ${CANARIES.mail}`);
  });
});

/** The text of a stream's pieces, or of an answer. */
function joined(text: string): string {
  return [...text.matchAll(/"content":("(?:[^"\\]|\\.)*")/g)]
    .map(([, content = '""']) => JSON.parse(content) as string)
    .join("");
}

describe("media", () => {
  test("of answers are files beside the tape, of requests a hash", async () => {
    const path = newTape();
    const image = Buffer.alloc(5000, "pixels").toString("base64");
    const answer = says("");
    const upstream = await recordingUpstream(() =>
      whole({
        ...answer,
        candidates: [
          {
            content: { parts: [{ inlineData: { mimeType: "image/png", data: image } }] },
            finishReason: "STOP",
          },
        ],
      }),
    );
    const asked = Buffer.alloc(4000, "asked!").toString("base64");
    const body = {
      messages: [
        {
          role: "user",
          content: [{ type: "image_url", image_url: { url: `data:image/png;base64,${asked}` } }],
        },
      ],
    };
    const recording = await record(path, upstream);
    const live = await ask(recording, body);
    await recording.close();
    expect(live.text).toContain(image);
    const tape = readFileSync(path, "utf8");
    expect(tape).not.toContain(image.slice(0, 100));
    expect(tape).not.toContain(asked.slice(0, 100));
    expect(tape).toMatch(/"data":"media:sha256-[0-9a-f]{64};bytes=4000"/);
    const [file = ""] = readdirSync(`${path}.media`);
    expect(readFileSync(join(`${path}.media`, file)).toString("base64")).toBe(image);
    expect(await ask(await gatewayWith({ replay: path }), body)).toEqual(live);
    const errors = silenced();
    const other = structuredClone(body);
    other.messages[0]!.content[0]!.image_url.url = `data:image/png;base64,${Buffer.alloc(4000, "other!").toString("base64")}`;
    expect((await ask(await gatewayWith({ replay: path }), other)).text).toContain("no_recording");
    expect(errors()).toContain("inlineData.data");
    writeFileSync(join(`${path}.media`, file), "changed");
    await expect(gatewayWith({ replay: path })).rejects.toThrow("has been changed");
  });
});

describe("a request that is not on the tape", () => {
  test("is a 400 in OpenAI's shape, and told with what is nearest; what nobody asked for is told as well", async () => {
    const path = newTape();
    const recording = await record(path, await recordingUpstream(() => whole(says("Paris"))));
    await ask(recording, user("What is the capital of France?"));
    await recording.close();
    const errors = silenced();
    const replaying = await gatewayWith({ replay: path });
    const { status, text, headers } = await ask(replaying, user("What is the capital of Spain?"));
    expect([status, headers["x-should-retry"]]).toEqual([400, "false"]);
    expect(JSON.parse(text)).toEqual({
      error: {
        message:
          'No recording on the tape fits this request. Nearest is recording 1 (line 2 of the tape), which differs in contents[0].parts[0].text (recorded "…t is the capital of France?", asked "…t is the capital of Spain?").',
        type: "invalid_request_error",
        param: null,
        code: "no_recording",
      },
    });
    expect(errors()).toBe(`No recording on ${path} fits POST /v1beta/models/gemini-3.5-flash:generateContent
  Nearest is recording 1 (line 2); it differs in
    contents[0].parts[0].text
      recorded  "…t is the capital of France?"
      asked     "…t is the capital of Spain?"`);
    expect(replaying.unusedRecordings()).toEqual([
      "recording 1 (line 2), POST /v1beta/models/gemini-3.5-flash:generateContent",
    ]);
    // A miss says nothing about the upstream: the next request is answered.
    expect((await ask(replaying, user("What is the capital of France?"))).status).toBe(200);
    expect(replaying.unusedRecordings()).toEqual([]);
  });

  test("streamed, it is the same", async () => {
    const path = newTape();
    await (await record(path, await recordingUpstream(() => whole(says(""))))).close();
    silenced();
    const { status, text } = await ask(await gatewayWith({ replay: path }), { ...user("Hi"), stream: true });
    expect(status).toBe(400);
    expect(text).toContain("The tape is empty.");
  });
});

describe("where a tape is played", () => {
  const YAML = (url: string): string => `
upstreams:
  eu: { kind: vertex, project: acme-prod, location: eu, credentials: { kind: token, token: "ya29.canary-in-file" }, baseUrl: "${url}" }
  own: { kind: openai-compatible, baseUrl: "${url}/v1", apiKey: canary-own-key-1234, models: [qwen3-8b] }
models: { fast: eu/gemini-3.5-flash }
`;

  test("with its configuration file: the same routes, and nothing is signed in to or reached", async () => {
    const path = newTape();
    const upstream = await recordingUpstream(({ url }) =>
      url.includes("/chat/completions")
        ? whole({
            id: "x",
            object: "chat.completion",
            created: 1,
            model: "qwen3-8b",
            choices: [{ index: 0, message: { role: "assistant", content: "own" }, finish_reason: "stop" }],
          })
        : whole(says("routed")),
    );
    const config = join(path, "..", "pollux.yaml");
    writeFileSync(config, YAML(upstream.url), { mode: 0o600 });
    const recording = await gatewayWith({ record: path }, {}, { config });
    const requests = [
      { ...user("Hi"), model: "fast" },
      { ...user("Hi"), model: "qwen3-8b" },
    ];
    const live: Seen[] = [];
    for (const request of requests) live.push(await ask(recording, request));
    expect(live.map(({ status }) => status)).toEqual([200, 200]);
    await recording.close();
    expect(readFileSync(path, "utf8")).not.toContain("canary");
    expect(readFileSync(path, "utf8")).not.toContain("acme-prod");
    writeFileSync(config, YAML("http://127.0.0.1:1"), { mode: 0o600 });
    const replaying = await gatewayWith({ replay: path, strict: true }, {}, { config });
    for (const [at, request] of requests.entries()) expect(await ask(replaying, request)).toEqual(live[at]);
  });

  test("without one: as it was recorded, whatever the environment says", async () => {
    const path = newTape();
    const recording = await record(path, await recordingUpstream(() => whole(says("keyless"))));
    await ask(recording, user("Hi"));
    await recording.close();
    const replaying = await gatewayWith(
      { replay: path },
      { GOOGLE_CLOUD_PROJECT: "p-1", GOOGLE_CLOUD_LOCATION: "us" },
    );
    expect((await ask(replaying, user("Hi"))).text).toContain("keyless");
    expect(replaying.upstream).toContain(`the tape ${path}: 1 recording of `);
  });

  test("with other patterns than it was recorded with, it is refused", async () => {
    const path = newTape();
    await (await record(path, await recordingUpstream(() => whole(says(""))), [/x/])).close();
    await expect(gatewayWith({ replay: path })).rejects.toThrow("was recorded with 1 of them");
  });
});
