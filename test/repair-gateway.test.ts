/** The defective answers of `fixtures-repair`, sent through a whole gateway that mends them, and through one that does not. */
import OpenAI, { APIError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "../src/serve.ts";
import { configFrom } from "./support/gateway-from-yaml.ts";
import type { RunningGateway } from "./support/running-gateway.ts";
import { expectAnswer, readStreamed } from "./support/read-repaired.ts";
import { REPAIR_CASES, type RepairCase } from "./support/repair-cases.ts";

/** Answers with the bytes of the case that `model` names, in pieces that respect no event. */
async function upstreamServer(): Promise<Server> {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const { model } = JSON.parse(Buffer.concat(pieces).toString()) as { model: string };
      const given = REPAIR_CASES.find(({ name }) => name === model);
      if (given === undefined) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(given.status, {
        "content-type": given.streamed ? "text/event-stream" : "application/json",
      });
      for (let at = 0; at < given.upstream.length; at += 97)
        response.write(given.upstream.subarray(at, at + 97));
      response.end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return server;
}

let upstream: Server;
let gateway: RunningGateway;
beforeAll(async () => {
  upstream = await upstreamServer();
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const { config } = configFrom(`
limits: { retryBudget: 0 }
upstreams:
  partner:
    kind: vertex-openapi
    project: my-project
    location: us-east5
    baseUrl: ${url}
    credentials: { kind: token, token: a-token }
  mended: { kind: openai-compatible, baseUrl: "${url}/v1", repair: true }
  plain: { kind: openai-compatible, baseUrl: "${url}/v1" }
`);
  const bugs: unknown[] = [];
  gateway = { ...(await serve(config, { reportBug: (error) => bugs.push(error), drainMs: 0 })), bugs };
});
afterAll(async () => {
  await gateway.close();
  upstream.closeAllConnections();
  upstream.close();
});

/** Asks for usage where the case is about it. */
function clientFor({ usage, streamed }: RepairCase): OpenAI {
  return new OpenAI({
    apiKey: "any",
    baseURL: `${gateway.url}/v1`,
    maxRetries: 0,
    fetch: (url, init) => {
      const body = JSON.parse(String(init?.body)) as object;
      const asks = streamed && usage !== "none" ? { stream_options: { include_usage: true } } : {};
      return fetch(url, { ...init, body: JSON.stringify({ ...body, ...asks }) });
    },
  });
}

async function raw(upstreamName: string, given: RepairCase): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: `${upstreamName}/${given.name}`,
      messages: [{ role: "user", content: "Go." }],
      ...(given.streamed ? { stream: true } : {}),
      ...(given.streamed && given.usage !== "none" ? { stream_options: { include_usage: true } } : {}),
    }),
  });
}

const answered = REPAIR_CASES.filter(({ expected }) => expected.error === undefined);
const refused = REPAIR_CASES.filter(({ expected }) => expected.error !== undefined);

describe.each(["partner", "mended"])("through %s", (name) => {
  test.each(answered)("$name is read by OpenAI's client", async (given) => {
    const client = clientFor(given);
    const model = `${name}/${given.name}`;
    const completion = given.streamed
      ? await readStreamed(client, client.chat.completions, model)
      : await client.chat.completions.create({ model, messages: [{ role: "user", content: "Go." }] });
    expectAnswer(completion, given.expected);
  });

  test.each(refused)("$name is thrown by OpenAI's client", async (given) => {
    const client = clientFor(given);
    const { error, text } = given.expected;
    const asked = { model: `${name}/${given.name}`, messages: [{ role: "user" as const, content: "Go." }] };
    let read = "";
    const failure = await (async () => {
      if (!given.streamed) return client.chat.completions.create(asked);
      for await (const chunk of await client.chat.completions.create({ ...asked, stream: true })) {
        read += chunk.choices[0]?.delta.content ?? "";
      }
      return undefined;
    })().catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(APIError);
    expect(failure).toMatchObject({ code: error?.code });
    expect((failure as APIError).message).toContain(error?.message);
    // What came in one read with its error was never shown: then the error is still an HTTP status.
    const isStatus = (failure as APIError).status !== undefined;
    if (isStatus) expect(failure).toMatchObject({ status: error?.status });
    expect(read).toBe(isStatus ? "" : text);
  });

  test.each(refused.filter(({ streamed }) => streamed))(
    "$name ends in an error frame or has an error's status",
    async (given) => {
      const response = await raw(name, given);
      const body = await response.text();
      expect(body).not.toContain("[DONE]");
      if (response.status !== 200) {
        expect(response.status).toBe(given.expected.error?.status);
        expect(JSON.parse(body)).toMatchObject({ error: { code: given.expected.error?.code } });
        return;
      }
      const last = body.trimEnd().split("\n\n").at(-1) ?? "";
      expect(JSON.parse(last.replace(/^data: /, ""))).toMatchObject({
        error: { code: given.expected.error?.code },
      });
    },
  );

  test.each(answered.filter(({ streamed }) => !streamed))("$name tells what was mended", async (given) => {
    const response = await raw(name, given);
    const notes = response.headers.get("x-pollux-notes");
    await response.body?.cancel();
    if (given.expected.isSame === true) expect(notes).toBeNull();
    else expect(notes).toMatch(/^repaired: [\x21-\x7e][\x20-\x7e]*$/);
  });
});

describe("without repair", () => {
  test.each(REPAIR_CASES.filter(({ status }) => status === 200))("$name passes through", async (given) => {
    const response = await raw("plain", given);
    expect(response.status).toBe(200);
    expect(response.headers.get("x-pollux-notes")).toBeNull();
    expect(Buffer.from(await response.arrayBuffer()).equals(given.upstream)).toBe(true);
  });
});

test("no bug came up", () => {
  expect(gateway.bugs).toEqual([]);
});
