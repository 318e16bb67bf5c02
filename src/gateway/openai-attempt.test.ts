import { describe, expect, test } from "vitest";
import {
  callWith,
  RecordedReply,
  scriptedGateway,
  type ScriptedGateway,
} from "../../test/support/scripted-upstream.ts";
import { GatewayError } from "../errors.ts";
import type { RouteTarget } from "../routing/route.ts";
import { ActiveCalls } from "./active-calls.ts";
import type { OpenaiConnection } from "./connected-upstream.ts";
import { piecesOf } from "../upstreams/sent-body.ts";
import { openaiAttempt } from "./openai-attempt.ts";
import { RequestMedia } from "./request-media.ts";

const TARGET: RouteTarget = {
  id: "t",
  upstream: "scripted",
  model: "asked",
  location: "us-east5",
  weight: 1,
  priority: 1,
};
const CHUNK = { id: "c", object: "chat.completion.chunk", created: 1, model: "m" };
const RESET = new GatewayError(
  { kind: "upstream", status: 502, type: "server_error", code: "upstream_reset", param: null },
  "reset",
);

interface Begun {
  gateway: ScriptedGateway;
  reply: RecordedReply;
  headers: Record<string, string>;
  settled: Promise<unknown>;
  locations: (string | undefined)[];
}

function begin(
  body: Record<string, unknown>,
  {
    repair = true,
    sentModel,
    target = TARGET,
    headers = {},
  }: {
    repair?: boolean;
    sentModel?: (model: string) => string;
    target?: RouteTarget;
    headers?: Record<string, string>;
  } = {},
): Begun {
  const gateway = scriptedGateway();
  const [scripted] = gateway.upstreams.values();
  if (scripted === undefined) throw new Error("no upstream");
  const locations: (string | undefined)[] = [];
  const upstream: OpenaiConnection = {
    ...scripted,
    kind: "openai",
    at: {
      description: "scripted",
      credentials: "own",
      repair,
      ...(sentModel === undefined ? {} : { sentModel }),
      address: (location) => {
        locations.push(location);
        return { origin: "http://upstream", path: "/v1/chat/completions" };
      },
      authorize: () => Promise.resolve({ authorization: "Bearer own" }),
      renew: () => Promise.resolve(false),
    },
  };
  const reply = new RecordedReply();
  const call = callWith(body);
  const media = new RequestMedia(gateway);
  const parts = { gateway, call, body, media, reply, active: new ActiveCalls(), headers };
  const settled = openaiAttempt(parts, upstream, target).then(
    () => "answered",
    (error: unknown) => error,
  );
  return { gateway, reply, headers, settled, locations };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the request", () => {
  test("goes to the target's location, with our credentials", async () => {
    const { gateway, locations } = begin({ model: "asked" });
    await turn();
    expect(locations).toEqual(["us-east5"]);
    expect(gateway.calls[0]?.request.headers).toEqual({
      "content-type": "application/json",
      authorization: "Bearer own",
    });
  });

  test.each([
    ["the model as the caller wrote it", { model: "asked", x: 1 }, undefined, '{"model":"asked","x":1}'],
    ["the target's model", { model: "alias", x: 1 }, undefined, '{"model":"asked","x":1}'],
    ["no name, to a server that knows none", { model: "alias", x: 1 }, () => "", '{"model":"","x":1}'],
  ])("%s", async (_, body, sentModel, sent) => {
    const { gateway } = begin(body, sentModel === undefined ? {} : { sentModel });
    await turn();
    expect(Buffer.concat(piecesOf(gateway.calls[0]?.request.body)).toString()).toBe(sent);
  });

  test("no note of an attempt elsewhere stays", async () => {
    const { headers } = begin({ model: "asked" }, { headers: { "x-pollux-notes": "ignored: user" } });
    await turn();
    expect(headers).toEqual({});
  });
});

describe("a mended stream", () => {
  const finish = { ...CHUNK, choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }] };

  test.each([
    ["breaks", (gateway: ScriptedGateway) => gateway.calls[0]?.break(RESET)],
    ["ends", (gateway: ScriptedGateway) => gateway.calls[0]?.end()],
  ])("that %s after its finish reason is whole", async (_, close) => {
    const { gateway, reply, settled } = begin({ model: "asked", stream: true });
    await turn();
    gateway.calls[0]?.accept().event(finish);
    close(gateway);
    expect(await settled).toBe("answered");
    expect(reply.text).toContain('"content":"Hi"');
    expect(reply.text).toMatch(/"finish_reason":"stop".*data: \[DONE\]\n\n$/s);
    expect(reply.ended).toBe(true);
  });

  test("that breaks before it ends in an error frame", async () => {
    const { gateway, reply } = begin({ model: "asked", stream: true });
    await turn();
    gateway.calls[0]
      ?.accept()
      .event({ ...CHUNK, choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: null }] });
    gateway.calls[0]?.break(RESET);
    expect(reply.text).toMatch(/data: \{"error":\{"message":"reset".*\n\n$/);
    expect(reply.text).not.toContain("[DONE]");
    expect(reply.ended).toBe(true);
  });

  test("an error that is its first event is an HTTP status, so that another target can be tried", async () => {
    const { gateway, reply, settled } = begin({ model: "asked", stream: true });
    await turn();
    gateway.calls[0]
      ?.accept()
      .event([{ error: { code: 429, message: "Spent.", status: "RESOURCE_EXHAUSTED" } }]);
    expect(await settled).toMatchObject({ failure: { status: 429 } });
    expect(reply.headSent).toBe(false);
  });

  test("an error outside of any event", async () => {
    const { gateway, settled } = begin({ model: "asked", stream: true });
    await turn();
    gateway.calls[0]
      ?.accept()
      .send('[{"error":{"code":503,"message":"Busy.","status":"UNAVAILABLE"}}]')
      .end();
    expect(await settled).toMatchObject({
      failure: { status: 503 },
      message: expect.stringContaining("Busy."),
    });
  });

  test("counts in every chunk, where they were asked for", async () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const stream_options = { include_usage: true, continuous_usage_stats: true };
    const { gateway, reply } = begin({ model: "asked", stream: true, stream_options });
    await turn();
    gateway.calls[0]
      ?.accept()
      .event({ ...CHUNK, choices: [{ index: 0, delta: { content: "H" }, finish_reason: null }], usage });
    gateway.calls[0]?.event({ ...finish, usage }).end();
    expect(reply.text.match(/"usage":\{/g)?.length).toBeGreaterThan(1);
  });
});

describe("a mended answer", () => {
  test("tells what was mended", async () => {
    const { gateway, reply, settled } = begin({ model: "asked" });
    await turn();
    const call = { id: "", type: "function", function: { name: "f", arguments: "{}" } };
    const message = { role: "assistant", content: null, tool_calls: [call] };
    gateway.calls[0]?.answer({ choices: [{ index: 0, message, finish_reason: "stop" }] });
    expect(await settled).toBe("answered");
    expect(reply.headers["x-pollux-notes"]).toMatch(/^repaired: /);
    expect(JSON.parse(reply.text)).toMatchObject({
      model: "asked",
      choices: [{ finish_reason: "tool_calls" }],
    });
  });

  test.each([
    [
      "an error in an array",
      200,
      [{ error: { code: 429, message: "Spent.", status: "RESOURCE_EXHAUSTED" } }],
      429,
    ],
    ["a refusal", 400, [{ error: { code: 400, message: "Bad.", status: "INVALID_ARGUMENT" } }], 400],
  ])("%s", async (_, status, body, expected) => {
    const { gateway, settled } = begin({ model: "asked" });
    await turn();
    const call = gateway.calls[0];
    if (status === 200) call?.answer(body);
    else call?.refuse(status, "Bad.", "INVALID_ARGUMENT");
    expect(await settled).toMatchObject({ failure: { status: expected } });
  });

  test("what is not JSON is an upstream's failure", async () => {
    const { gateway, settled } = begin({ model: "asked" });
    await turn();
    gateway.calls[0]?.accept().send("<html>").end();
    expect(await settled).toMatchObject({ failure: { status: 502, code: "bad_upstream_response" } });
  });
});
