/** What goes to a model of one's own and comes from it: the very same bytes, with other credentials and another host. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gatewayFrom } from "./support/gateway-from-yaml.ts";
import {
  type RecordingUpstream,
  recordingUpstream,
  type ScriptedResponse,
} from "./support/recording-upstream.ts";
import type { RunningGateway } from "./support/running-gateway.ts";

const SCOPE = "/v1/projects/my-project/locations/us-central1";

interface Way {
  path: string;
  /** The path and query the upstream must see. */
  sentTo: string;
  token: string;
  /** The caller must name a model. */
  model?: string;
}

const WAYS: Record<string, Way> = {
  "an endpoint of the configuration, by its Vertex path": {
    path: `${SCOPE}/endpoints/1234567890/chat/completions`,
    sentTo: `${SCOPE}/endpoints/1234567890/chat/completions`,
    token: "own-token",
  },
  "the same by Google's samples, which write global": {
    path: "/v1beta1/projects/my-project/locations/global/endpoints/1234567890/chat/completions",
    sentTo: `${SCOPE}/endpoints/1234567890/chat/completions`,
    token: "own-token",
  },
  "any other endpoint of the project, by its Vertex path": {
    path: `${SCOPE}/endpoints/mg-endpoint-7/chat/completions`,
    sentTo: `${SCOPE}/endpoints/mg-endpoint-7/chat/completions`,
    token: "main-token",
  },
  "an endpoint of the configuration, by a listed model": {
    path: "/v1/chat/completions",
    sentTo: `${SCOPE}/endpoints/1234567890/chat/completions`,
    token: "own-token",
    model: "llama-3.3-70b",
  },
  "a server with OpenAI's API": {
    path: "/v1/chat/completions",
    sentTo: "/v1/chat/completions",
    token: "server-key",
    model: "qwen3-8b",
  },
};

async function start(
  answer: () => ScriptedResponse,
): Promise<{ upstream: RecordingUpstream; gateway: RunningGateway }> {
  const upstream = await recordingUpstream(answer);
  const gateway = await gatewayFrom(`
upstreams:
  main:
    kind: vertex
    project: my-project
    location: us-central1
    baseUrl: ${upstream.url}
    credentials: { kind: token, token: main-token }
  llama:
    kind: vertex-endpoint
    project: my-project
    location: us-central1
    endpoint: 1234567890
    host: ${upstream.url}
    models: [llama-3.3-70b]
    credentials: { kind: token, token: own-token }
  vllm: { kind: openai-compatible, baseUrl: "${upstream.url}/v1", apiKey: server-key, models: [qwen3-8b] }
models:
  renamed: vllm/Qwen/Qwen3-8B
`);
  return { upstream, gateway };
}

function send(gateway: RunningGateway, path: string, body: string): Promise<Response> {
  return fetch(gateway.url + path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: "Bearer callers-secret",
      cookie: "session=secret",
      "x-api-key": "secret",
      "x-goog-api-key": "secret",
      "x-goog-user-project": "theirs",
      "x-forwarded-for": "10.0.0.1",
      "x-emulator-fault": "status=500",
      "x-stainless-lang": "js",
      "openai-organization": "org",
    },
    body,
  });
}

/** Members as text, so that they can be what JavaScript's own numbers and objects cannot. */
const members = fc.array(
  fc.oneof(
    fc.constantFrom(
      '"messages":[{"role":"user","content":"Hi"}]',
      '"guided_json":{"type":"object","properties":{"a":{"type":"integer"}}}',
      '"top_k":40',
      '"chat_template_kwargs":{"enable_thinking":false}',
      '"seed":12345678901234567890',
      '"temperature":1.0',
      '"min_p":1E-2',
      '"stream":true',
      '"stream":false',
      '"logit_bias":{"__proto__":1,"constructor":2}',
      '"reasoning_content":"\\u0061 \\ud83d\\ude00 é"',
      '"top_k":40, "top_k":41',
    ),
    fc
      .tuple(fc.string({ unit: "grapheme" }), fc.jsonValue({ maxDepth: 3 }))
      .map(([key, value]) => `${JSON.stringify(`x_${key}`)}:${JSON.stringify(value)}`),
  ),
  { maxLength: 8 },
);
const gap = fc.constantFrom("", " ", "\n  ", "\t");

const answer: fc.Arbitrary<ScriptedResponse> = fc.record({
  type: fc.constantFrom("application/json", "text/event-stream", "text/event-stream; charset=utf-8"),
  pieces: fc.array(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.constantFrom(
        'data: {"choices":[{"delta":{"reasoning_content":"hm"},"stop_reason":null}]}\n\n',
        'data: {"cho',
        'ices":[]}\r\n\r\n',
        ": ping\n\n",
        "data: [DONE]\n\n",
        "\n",
        "\u{1f600}",
      ),
      fc.integer({ min: 20_000, max: 90_000 }).map((length) => "x".repeat(length)),
    ),
    { maxLength: 12 },
  ),
});

describe.each(Object.entries(WAYS))("%s", (_, { path, sentTo, token, model }) => {
  test("bodies and answers of any bytes, in pieces cut anywhere", async () => {
    let scripted: ScriptedResponse = { pieces: [] };
    const { upstream, gateway } = await start(() => scripted);
    await fc.assert(
      fc.asyncProperty(members, gap, answer, async (extras, space, response) => {
        scripted = response;
        const all = model === undefined ? extras : [...extras, `"model":${JSON.stringify(model)}`];
        const body = `${space}{${space}${all.join(`${space},${space}`)}${space}}${space}`;
        const received = await send(gateway, path, body);
        expect(received.status).toBe(200);
        const call = upstream.calls.pop();
        expect(call?.body.toString("latin1")).toBe(Buffer.from(body).toString("latin1"));
        const bytes = Buffer.concat(response.pieces.map((piece) => Buffer.from(piece)));
        expect(Buffer.from(await received.arrayBuffer()).equals(bytes)).toBe(true);
        expect(received.headers.get("content-type")).toBe(response.type);
      }),
      { numRuns: 60 },
    );
    expect(gateway.bugs).toEqual([]);
  });

  test("only host and credentials change, and nothing of the caller's leaks", async () => {
    const { upstream, gateway } = await start(() => ({
      pieces: ["{}"],
      headers: { "set-cookie": "theirs=1", server: "uvicorn" },
    }));
    const received = await send(
      gateway,
      path,
      JSON.stringify({ ...(model === undefined ? {} : { model }), messages: [] }),
    );
    expect(received.status).toBe(200);
    const [call] = upstream.calls;
    expect(call).toMatchObject({ method: "POST", url: sentTo });
    expect(call?.headers).toMatchObject({
      authorization: `Bearer ${token}`,
      host: new URL(upstream.url).host,
      "content-type": "application/json",
    });
    const standing = "accept-encoding authorization connection content-length content-type host user-agent";
    expect(
      Object.keys(call?.headers ?? {})
        .toSorted()
        .join(" "),
    ).toBe(standing);
    expect(call?.headers).toMatchObject({
      "accept-encoding": "identity",
      "user-agent": expect.stringMatching(/^pollux/),
    });
    expect(JSON.stringify(call?.headers)).not.toContain("secret");
    for (const theirs of ["set-cookie", "server"]) expect(received.headers.has(theirs)).toBe(false);
  });

  test("an answer that breaks off does not look whole", async () => {
    const { gateway } = await start(() => ({ pieces: ['{"choices":['], breaks: true }));
    const received = await send(
      gateway,
      path,
      JSON.stringify({ ...(model === undefined ? {} : { model }), messages: [] }),
    );
    await expect(received.text()).rejects.toThrow();
  });

  test("a container's own error keeps its words", async () => {
    const error = {
      message: "max_tokens is too large",
      type: "BadRequestError",
      param: "max_tokens",
      code: 400,
    };
    const { gateway } = await start(() => ({ status: 400, pieces: [JSON.stringify({ error })] }));
    const received = await send(
      gateway,
      path,
      JSON.stringify({ ...(model === undefined ? {} : { model }), messages: [] }),
    );
    expect(received.status).toBe(400);
    expect(await received.json()).toEqual({ error: { ...error, code: "400" } });
  });
});

test("an alias changes the model alone", async () => {
  const { upstream, gateway } = await start(() => ({ pieces: ["{}"] }));
  await send(
    gateway,
    "/v1/chat/completions",
    '{ "seed": 12345678901234567890, "model" : "renamed","x":1.0 }',
  );
  expect(upstream.calls[0]?.body.toString()).toBe(
    '{ "seed": 12345678901234567890, "model" : "Qwen/Qwen3-8B","x":1.0 }',
  );
});

test("TGI's errors, which have the words alone", async () => {
  const body = { error: "Input validation error", error_type: "validation" };
  const { gateway } = await start(() => ({ status: 422, pieces: [JSON.stringify(body)] }));
  const received = await send(gateway, "/v1/chat/completions", '{"model":"qwen3-8b","messages":[]}');
  expect(received.status).toBe(422);
  expect(await received.json()).toMatchObject({ error: { message: "Input validation error" } });
});

test("a Vertex path without an upstream of Google's leads nowhere", async () => {
  const upstream = await recordingUpstream(() => ({ pieces: ["{}"] }));
  const gateway = await gatewayFrom(
    `upstreams:\n  vllm: { kind: openai-compatible, baseUrl: "${upstream.url}/v1" }\n`,
  );
  for (const endpoint of ["openapi", "123"]) {
    const received = await send(
      gateway,
      `${SCOPE}/endpoints/${endpoint}/chat/completions`,
      '{"model":"google/gemini-x","messages":[]}',
    );
    expect(received.status).toBe(404);
  }
  expect(upstream.calls).toEqual([]);
});
