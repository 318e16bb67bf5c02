/** What upstreams list by themselves: shown in `/v1/models`, routable by the names shown there. */
import { describe, expect, onTestFinished, test } from "vitest";
import { configSchema, type ConfigInput } from "../src/config/schema.ts";
import { connectUpstream } from "../src/connect-upstream.ts";
import { startEmulator } from "../src/emulator/server.ts";
import { chatCompletions } from "../src/gateway/chat-completions.ts";
import { endpointPassThrough } from "../src/gateway/endpoint-pass-through.ts";
import type { ConnectedUpstream } from "../src/gateway/connected-upstream.ts";
import { createRouteTable } from "../src/routing/route-table.ts";
import { listRoutableModels, retrieveModel } from "../src/server/model-list.ts";
import { createUndiciClient } from "../src/upstreams/undici-client.ts";
import { createVertexEndpointsUpstream } from "../src/upstreams/vertex-endpoints.ts";
import { staticTokenCredentials } from "../src/auth/credentials.ts";
import { gatewayFrom } from "./support/gateway-from-yaml.ts";
import { recordingUpstream } from "./support/recording-upstream.ts";
import { post } from "./support/running-gateway.ts";
import {
  callWith,
  RecordedReply,
  scriptedGateway,
  type ScriptedGateway,
} from "./support/scripted-upstream.ts";

const MESSAGES = [{ role: "user" as const, content: "What is 6 * 7?" }];

interface Listed {
  data: { id: string; owned_by: string; context_length?: number }[];
}

async function models(gateway: { url: string }): Promise<Listed["data"]> {
  const response = await fetch(`${gateway.url}/v1/models`);
  expect(response.status).toBe(200);
  return ((await response.json()) as Listed).data;
}

test("/v1/models has aliases, Gemini, listed and found models, and each can be retrieved", async () => {
  const upstream = await recordingUpstream(({ url }) => ({
    pieces: [JSON.stringify(url === "/v1/models" ? { data: [{ id: "qwen3:8b" }, { id: "org/model" }] } : {})],
  }));
  const gateway = await gatewayFrom(`
upstreams:
  main: { kind: emulator }
  ollama: { kind: openai-compatible, baseUrl: "${upstream.url}/v1" }
  vllm: { kind: openai-compatible, baseUrl: "${upstream.url}/v1", models: [named] }
models:
  gpt-4o: google/gemini-3.5-flash
  small: ollama/qwen3:8b
`);
  // Nothing is asked at the start, nor by a chat.
  await (await post(gateway, { model: "named", messages: MESSAGES })).text();
  expect(upstream.calls.map(({ url }) => url)).toEqual(["/v1/chat/completions"]);

  const [first, second] = await Promise.all([models(gateway), models(gateway)]);
  expect(second).toEqual(first);
  expect(upstream.calls.filter(({ url }) => url === "/v1/models")).toHaveLength(1);
  const owners = new Map(first.map(({ id, owned_by }) => [id, owned_by]));
  expect(owners.get("gpt-4o")).toBe("google");
  expect(owners.get("google/gemini-3.5-flash")).toBe("google");
  expect(owners.get("small")).toBe("ollama");
  expect(owners.get("named")).toBe("vllm");
  expect(owners.get("ollama/qwen3:8b")).toBe("ollama");
  expect(owners.get("ollama/org/model")).toBe("ollama");
  expect(new Set(owners.keys()).size).toBe(first.length);
  expect(first.find(({ id }) => id === "gpt-4o")?.context_length).toBe(1_048_576);

  for (const model of first) {
    const response = await fetch(`${gateway.url}/v1/models/${model.id}`);
    expect(await response.json()).toEqual(model);
  }
  expect((await fetch(`${gateway.url}/v1/models/main/gemini-3.5-flash`)).status).toBe(200);
  for (const unknown of ["ollama/nothing", "gemini-9", "toString"]) {
    expect((await fetch(`${gateway.url}/v1/models/${unknown}`)).status).toBe(404);
  }
});

test("only what can be reached is listed", async () => {
  const upstream = await recordingUpstream(() => ({ status: 500, pieces: [] }));
  const gateway = await gatewayFrom(`
upstreams:
  vllm: { kind: openai-compatible, baseUrl: "${upstream.url}/v1" }
`);
  expect(await models(gateway)).toEqual([]);
  expect((await fetch(`${gateway.url}/v1/models/google/gemini-3.5-flash`)).status).toBe(404);
});

/** Google's hosts are fixed, so what is meant for them goes to an emulator instead. */
async function endpointsGateway(endpoints: { id: string; model: string }[] | undefined) {
  const emulator = await startEmulator({ paceMs: 0, ...(endpoints === undefined ? {} : { endpoints }) });
  onTestFinished(() => emulator.close());
  const http = createUndiciClient();
  onTestFinished(() => http.close());
  const config: ConfigInput = {
    upstreams: {
      deployed: {
        kind: "vertex-endpoint",
        project: "my-project",
        location: "us-central1",
        credentials: { kind: "token", token: "a-token" },
      },
    },
  };
  const parsed = configSchema.parse(config);
  const origins = new Set<string>();
  const upstreams = new Map<string, ConnectedUpstream>();
  for (const [name, each] of Object.entries(parsed.upstreams)) {
    const { upstream } = await connectUpstream(name, each, {
      client: {
        send(request, receiver) {
          origins.add(request.origin);
          return http.send({ ...request, origin: emulator.url }, receiver);
        },
        close: () => http.close(),
      },
    });
    upstreams.set(name, upstream);
  }
  const gateway = scriptedGateway({ upstreams, routes: createRouteTable(parsed) });
  return { emulator, gateway, origins };
}

async function chat(gateway: ScriptedGateway, model: string): Promise<RecordedReply> {
  const reply = new RecordedReply();
  const closed = new Promise<void>((resolve) => {
    const end = reply.end.bind(reply);
    reply.end = (data) => {
      end(data);
      resolve();
    };
  });
  await chatCompletions(gateway, callWith({ model, messages: MESSAGES }), reply, undefined);
  await closed;
  return reply;
}

describe("endpoints of a project", () => {
  test("are shown by name and answer by name and id; the list is asked for once", async () => {
    const { emulator, gateway, origins } = await endpointsGateway([
      { id: "123", model: "llama" },
      { id: "456", model: "qwen" },
      { id: "789", model: "qwen" },
    ]);
    const { data } = await listRoutableModels(gateway);
    expect(data.map(({ id }) => id)).toEqual(["deployed/llama", "deployed/456", "deployed/789"]);
    for (const name of ["deployed/llama", "deployed/123", "deployed/456"]) {
      expect(await retrieveModel(gateway, name)).toMatchObject({ id: name, owned_by: "deployed" });
      const reply = await chat(gateway, name);
      expect(reply.status).toBe(200);
      expect(reply.text).toContain("42");
    }
    expect([...origins]).toEqual(["https://us-central1-aiplatform.googleapis.com"]);
    const urls = emulator.requests.map(({ url }) => url);
    const at = "/v1/projects/my-project/locations/us-central1/endpoints";
    expect(urls).toEqual([
      `${at}?pageSize=100`,
      `${at}/123/chat/completions`,
      `${at}/123/chat/completions`,
      `${at}/456/chat/completions`,
    ]);
    // The container's model has a name of its own, which nobody here knows.
    expect(emulator.requests[1]?.body).toMatchObject({ model: "" });
  });

  test("answer on Google's own path, too, with the body as it is", async () => {
    const { emulator, gateway } = await endpointsGateway([{ id: "123", model: "llama" }]);
    for (const location of ["us-central1", "global"]) {
      const reply = new RecordedReply();
      const scope = { project: "my-project", location };
      const call = callWith({ messages: MESSAGES });
      await endpointPassThrough(gateway, call, reply, {
        kind: "endpoint",
        endpointId: "123",
        version: "v1",
        scope,
      });
      expect(reply.status).toBe(200);
    }
    expect(emulator.requests.at(-1)).toMatchObject({
      url: "/v1/projects/my-project/locations/us-central1/endpoints/123/chat/completions",
      body: { messages: MESSAGES },
    });
    const reply = new RecordedReply();
    const scope = { project: "another", location: "us-central1" };
    const call = callWith({ messages: MESSAGES });
    await endpointPassThrough(gateway, call, reply, {
      kind: "endpoint",
      endpointId: "123",
      version: "v1",
      scope,
    });
    expect(reply.status).toBe(404);
  });

  test("an id answers even if the list cannot be had, another name does not", async () => {
    const { emulator, gateway } = await endpointsGateway(undefined);
    emulator.addRule({ when: { path: "pageSize" }, then: { fault: "status=403" } });
    expect((await chat(gateway, "deployed/123")).status).toBe(200);
    const reply = await chat(gateway, "deployed/llama");
    expect(reply.status).toBe(404);
    expect(JSON.parse(reply.text)).toMatchObject({ error: { code: "model_not_found" } });
    expect((await listRoutableModels(gateway)).data).toEqual([]);
  });

  test.each([
    ["123.us-central1-77.prediction.vertexai.goog", "https://123.us-central1-77.prediction.vertexai.goog"],
    ["evil.example", undefined],
    ["x.prediction.vertexai.goog.evil.example", undefined],
    ["user@x.prediction.vertexai.goog", undefined],
    [7, undefined],
  ])("a dedicated host %j gets a token only if it is Google's", (dedicatedEndpointDns, origin) => {
    const at = createVertexEndpointsUpstream({
      project: "p",
      location: "us-central1",
      credentials: staticTokenCredentials("a-token"),
      whose: "own",
    });
    const found = at.listing?.read({
      endpoints: [
        {
          name: "projects/1/locations/us-central1/endpoints/123",
          displayName: "llama",
          deployedModels: [{ id: "1" }],
          dedicatedEndpointEnabled: true,
          dedicatedEndpointDns,
        },
        { name: "projects/1/locations/us-central1/endpoints/empty", deployedModels: [] },
        { name: 5, deployedModels: [{}] },
      ],
    });
    expect(found).toEqual(origin === undefined ? [] : [{ id: "123", displayName: "llama", origin }]);
    for (const each of found ?? []) expect(at.endpoint?.(each).address().origin).toBe(origin);
  });
});
