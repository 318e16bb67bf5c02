/** Stopping with answers under way: each client learns how its answer ended, and the process ends in time. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { readConfig, serve, type RunningServer } from "../src/serve.ts";
import { post } from "./support/running-gateway.ts";

const ASK = {
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user" as const, content: "Write a story about a lighthouse." }],
};
const ENDPOINT = "/v1/projects/some-project/locations/us-central1/endpoints/42/chat/completions";

const bugs: unknown[] = [];

afterEach(() => expect(bugs.splice(0)).toEqual([]));

function start(drainMs: number): Promise<RunningServer> {
  return serve(readConfig({ PORT: "0" }).config, {
    drainMs,
    emulator: { paceMs: 2 },
    reportBug: (error) => bugs.push(error),
  });
}

function fault(value: string): { headers: Record<string, string> } {
  return { headers: { "x-emulator-fault": value } };
}

describe("answers under way when the server closes", () => {
  test("F-60 a stream that ends before the deadline is whole, and nothing is waited for after it", async () => {
    const server = await start(60_000);
    const response = await post(server, { ...ASK, stream: true }, fault("slow=10"));
    const closed = server.close();
    expect((await response.text()).endsWith("data: [DONE]\n\n")).toBe(true);
    await closed;
  });

  test("F-60 a stream that does not is ended with an error that the SDKs throw", async () => {
    const server = await start(50);
    const response = await post(server, { ...ASK, stream: true }, fault("stall-after=3"));
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader.read()).value ?? "";
    const closed = server.close();
    for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value;
    await closed;
    expect(text).not.toContain("[DONE]");
    expect(text).not.toContain('"finish_reason":"stop"');
    const last = text.trimEnd().split("\n\n").at(-1)!;
    expect(JSON.parse(last.slice("data: ".length))).toMatchObject({
      error: { type: "server_error", code: "overloaded", message: expect.stringContaining("shutting down") },
    });
    expect(server.composed.emulator!.requests.at(-1)).toMatchObject({ abandoned: true });
  });

  test("F-60 a request that waits for its whole answer gets a 503, which the SDKs repeat", async () => {
    const server = await start(50);
    const answer = post(server, ASK, fault("hang"));
    await vi.waitFor(() => expect(server.composed.emulator!.requestCount).toBe(1));
    const closed = server.close();
    const response = await answer;
    expect(response.status).toBe(503);
    expect(response.headers.get("connection")).toBe("close");
    expect(await response.json()).toMatchObject({ error: { code: "overloaded" } });
    await closed;
  });

  test("F-60 a container's stream, which is not ours to write in, is cut", async () => {
    const server = await start(50);
    const response = await post(
      server,
      { ...ASK, stream: true },
      { path: ENDPOINT, ...fault("stall-after=1") },
    );
    const closed = server.close();
    await expect(response.text()).rejects.toThrow();
    await closed;
  });

  test("F-60 a client that does not read is cut off after the deadline", async () => {
    const server = await start(50);
    server.composed.emulator!.addRule({ then: { text: "long ".repeat(5_000_000) } });
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    const body = JSON.stringify(ASK);
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await once(socket, "readable");
    socket.pause();
    socket.on("error", () => {});
    await server.close();
    socket.destroy();
  });
});

test("while it closes, open connections are answered: not ready, alive, and the last time", async () => {
  const server = await start(60_000);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const get = (
    path: string,
  ): Promise<{ status: number | undefined; connection: string | undefined; body: string }> =>
    new Promise((resolve, reject) => {
      httpRequest(server.url + path, { agent }, (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (data: string) => (body += data));
        response.on("end", () =>
          resolve({ status: response.statusCode, connection: response.headers.connection, body }),
        );
      })
        .on("error", reject)
        .end();
    });
  expect(await get("/readyz")).toMatchObject({ status: 200, connection: "keep-alive" });
  // A stream keeps the server from being closed meanwhile.
  const stream = await post(server, { ...ASK, stream: true }, fault("slow=20"));
  server.composed.drain();
  expect(await get("/readyz")).toEqual({ status: 503, connection: "close", body: '{"status":"draining"}' });
  expect(await get("/healthz")).toMatchObject({ status: 200, connection: "close" });
  const answer = await post(server, ASK);
  expect([answer.status, answer.headers.get("connection")]).toEqual([200, "close"]);
  await answer.text();
  const closed = server.close();
  await stream.text();
  await closed;
  agent.destroy();
});

async function serving(): Promise<{ child: ReturnType<typeof spawn>; url: string; errors: () => string }> {
  const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
  const child = spawn(process.execPath, [main, "serve", "--port", "0"], {
    env: { PATH: process.env["PATH"] ?? "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error(errors)));
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
      if (found !== undefined) resolve(found);
    });
  });
  return { child, url, errors: () => errors };
}

describe("pollux serve", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("ends on %s, with status 0", async (signal) => {
    const { child, url } = await serving();
    expect((await post({ url }, ASK)).status).toBe(200);
    const exited = once(child, "exit");
    child.kill(signal);
    expect(await exited).toEqual([0, null]);
  });

  test("F-61 a second signal ends it at once, whatever is under way", async () => {
    const { child, url, errors } = await serving();
    const response = await post({ url }, { ...ASK, stream: true }, fault("stall-after=1"));
    const broken = expect(response.text()).rejects.toThrow();
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await vi.waitFor(() => expect(errors()).toContain("1 answer has 8 s to finish"));
    child.kill("SIGTERM");
    expect(await exited).toEqual([null, "SIGTERM"]);
    await broken;
  });
});
