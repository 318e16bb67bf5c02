import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { findLocalServers } from "./local-servers.ts";

async function listen(answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  return (server.address() as AddressInfo).port;
}

const json =
  (body: unknown, status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };

test("finds servers with their models, by what they say of themselves", async () => {
  const paths: (string | undefined)[] = [];
  const ollama = await listen((request, response) => {
    paths.push(`${request.method} ${request.url}`);
    json({ object: "list", data: [{ id: "qwen3:8b", owned_by: "library" }, { id: "bad id" }, { id: "a*" }] })(
      request,
      response,
    );
  });
  const vllm = await listen(json({ data: [{ id: "meta/llama", owned_by: "vllm" }] }));
  const other = await listen(json({ data: [] }));
  const servers = await findLocalServers({
    ports: [
      { port: ollama, product: "Ollama" },
      { port: vllm, product: "LM Studio" },
      { port: other, product: "LM Studio" },
    ],
  });
  expect(servers).toEqual([
    { product: "Ollama", name: "ollama", baseUrl: `http://127.0.0.1:${ollama}/v1`, models: ["qwen3:8b"] },
    { product: "vLLM", name: "vllm", baseUrl: `http://127.0.0.1:${vllm}/v1`, models: ["meta/llama"] },
    { product: "LM Studio", name: "lm-studio", baseUrl: `http://127.0.0.1:${other}/v1`, models: [] },
  ]);
  expect(paths).toEqual(["GET /v1/models"]);
});

test("two of a kind get names of their own", async () => {
  const ports = [await listen(json({ data: [] })), await listen(json({ data: [] }))];
  const servers = await findLocalServers({ ports: ports.map((port) => ({ port, product: "vLLM" })) });
  expect(servers.map(({ name }) => name)).toEqual(["vllm", "vllm-2"]);
});

test.each<[string, RequestListener]>([
  ["a page", (_request, response) => void response.end("<html>")],
  ["another shape", json({ models: [] })],
  ["null", json(null)],
  ["a refusal", json({ data: [] }, 401)],
  ["a redirect", (_request, response) => void response.writeHead(302, { location: "/v1/models" }).end()],
  ["a reset", (request) => void request.socket.destroy()],
  ["no answer", () => {}],
  [
    "more than it should",
    (_request, response) => void response.end(`{"data":[],"x":"${"x".repeat(2 ** 21)}"}`),
  ],
])("%s is no server", async (_name, answer) => {
  const port = await listen(answer);
  expect(await findLocalServers({ ports: [{ port, product: "vLLM" }], timeoutMs: 100 })).toEqual([]);
});
