/** Stopping with answers under way: each client learns how its answer ended, and the process ends in time. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { readConfig, serve, type RunningServer } from "../src/serve.ts";
import { writeConfig } from "./support/configured-gateway.ts";
import { postText, rawClient } from "./support/raw-clients.ts";
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

test("F-60 while it closes, open connections are answered: not ready, alive, and the last time", async () => {
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

interface Serving {
  child: ReturnType<typeof spawn>;
  url: string;
  errors: () => string;
  exited: Promise<unknown[]>;
}

async function serving(argv: readonly string[] = [], nodeArgv: readonly string[] = []): Promise<Serving> {
  const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
  const child = spawn(process.execPath, [...nodeArgv, main, "serve", "--port", "0", ...argv], {
    env: { PATH: process.env["PATH"] ?? "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = once(child, "exit");
  let errors = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error(errors)));
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
      if (found !== undefined) resolve(found);
    });
  });
  return { child, url, errors: () => errors, exited };
}

/** A stream that was not finished says so: an error that the SDKs throw, and no `[DONE]`. */
function expectFarewell(text: string): void {
  expect(text).not.toContain("[DONE]");
  const last = text.trimEnd().split("\n\n").at(-1)!;
  expect(JSON.parse(last.slice("data: ".length))).toMatchObject({
    error: { type: "server_error", code: "overloaded", message: expect.stringContaining("shutting down") },
  });
}

/** On a connection of its own: what a load balancer asks. */
async function ask(url: string): Promise<{ status: number; connection: string | null }> {
  const response = await fetch(url, { headers: { connection: "close" } });
  await response.arrayBuffer();
  return { status: response.status, connection: response.headers.get("connection") };
}

describe("pollux serve", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("ends on %s, with status 0", async (signal) => {
    const { child, url, exited } = await serving();
    expect((await post({ url }, ASK)).status).toBe(200);
    child.kill(signal);
    expect(await exited).toEqual([0, null]);
  });

  test("F-60 with 100 streams open: not ready at once, the port open for a while, streams finished or told, status 0", async () => {
    const { file } = writeConfig(
      "upstreams: { emulator: { kind: emulator } }\nlimits: { preStopMs: 1500, drainMs: 3000 }",
    );
    const { child, url, exited } = await serving(["--config", file]);
    const open = (value: string): Promise<Response>[] =>
      Array.from({ length: 50 }, () => post({ url }, { ...ASK, stream: true }, fault(value)));
    // About two seconds, and for ever.
    const short = await Promise.all(open("slow=60"));
    const long = await Promise.all(open("stall-after=3"));
    const texts = Promise.all([...short, ...long].map((response) => response.text()));

    const startedAt = performance.now();
    child.kill("SIGTERM");
    await vi.waitFor(async () => expect((await ask(`${url}/readyz`)).status).toBe(503), {
      timeout: 1_000,
      interval: 10,
    });
    // The port is open: these are new connections.
    expect(await ask(`${url}/healthz`)).toEqual({ status: 200, connection: "close" });
    const late = await post({ url }, ASK);
    expect([late.status, late.headers.get("connection")]).toEqual([200, "close"]);
    await late.arrayBuffer();
    expect(performance.now() - startedAt).toBeLessThan(1_500);

    await vi.waitFor(() => expect(ask(`${url}/healthz`)).rejects.toThrow(), { timeout: 3_000 });
    expect(performance.now() - startedAt).toBeGreaterThan(1_400);
    const answers = await texts;
    for (const text of answers.slice(0, 50)) expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    for (const text of answers.slice(50)) expectFarewell(text);
    expect(await exited).toEqual([0, null]);
    expect(performance.now() - startedAt).toBeLessThan(1_500 + 3_000 + 3_000);
  }, 30_000);

  test("F-62 in the 10 s that Cloud Run gives, everything has been settled 8 s after the signal", async () => {
    const { child, url, exited } = await serving();
    const streams = await Promise.all(
      Array.from({ length: 10 }, () => post({ url }, { ...ASK, stream: true }, fault("stall-after=3"))),
    );
    const whole = post({ url }, ASK, fault("hang"));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const startedAt = performance.now();
    child.kill("SIGTERM");
    const texts = await Promise.all(streams.map((response) => response.text()));
    const settledMs = performance.now() - startedAt;
    for (const text of texts) expectFarewell(text);
    expect((await whole).status).toBe(503);
    expect(await exited).toEqual([0, null]);
    expect(settledMs).toBeGreaterThan(7_500);
    expect(settledMs).toBeLessThan(9_000);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  }, 30_000);

  test("F-61 a second signal ends every answer at once, in order, and the process as that signal does", async () => {
    const { child, url, errors, exited } = await serving();
    const response = await post({ url }, { ...ASK, stream: true }, fault("stall-after=1"));
    const whole = post({ url }, ASK, fault("hang"));
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill("SIGTERM");
    await vi.waitFor(() => expect(errors()).toContain("have 8 s to finish"));
    const startedAt = performance.now();
    child.kill("SIGTERM");
    expectFarewell(await response.text());
    expect((await whole).status).toBe(503);
    expect(await exited).toEqual([null, "SIGTERM"]);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    // What became of them has been written down.
    expect(errors()).toContain('"outcome":"draining.streaming"');
    expect(errors()).toContain('"outcome":"draining.waiting"');
  });

  test("F-61 a third ends it on the spot", async () => {
    const { child, url, errors, exited } = await serving();
    // A client that reads nothing keeps the farewell waiting.
    const client = await rawClient(url, { paused: true });
    client.socket.write(postText({ ...ASK, stream: true }, fault("stall-after=1")));
    await vi.waitFor(async () => expect((await ask(`${url}/metrics`)).status).toBe(200));
    child.kill("SIGTERM");
    await vi.waitFor(() => expect(errors()).toContain("to finish"));
    child.kill("SIGTERM");
    child.kill("SIGTERM");
    const [code, signal] = await exited;
    expect([code, signal]).toEqual([null, "SIGTERM"]);
    client.socket.destroy();
  });

  test.each([
    ["thrown", 'throw new Error("poisoned")'],
    ["rejected", 'Promise.reject(new Error("poisoned"))'],
    ["emitted", 'new (require("node:events"))().emit("error", new Error("poisoned"))'],
  ])(
    "F-63 an error %s outside of any request ends the process, with a line that says so",
    async (_, code) => {
      const poison = `import { createRequire } from "node:module"; const require = createRequire("/"); process.on("SIGUSR2", () => { setTimeout(() => { ${code} }); });`;
      const { child, errors, exited } = await serving(
        [],
        ["--import", `data:text/javascript,${encodeURIComponent(poison)}`],
      );
      child.kill("SIGUSR2");
      expect(await exited).toEqual([1, null]);
      const line = errors().trimEnd().split("\n").at(-1)!;
      expect(JSON.parse(line)).toMatchObject({
        level: 60,
        msg: expect.stringContaining("nothing caught this"),
      });
    },
  );
});

describe("F-63 a mistake of the gateway itself in one request", () => {
  test.each([
    ["whole", false],
    ["streamed", true],
  ])("that request is answered 500, %s, and others as ever", async (_, stream) => {
    const server = await start(50);
    const { router } = server.composed.current;
    const choose = vi.spyOn(router, "plan").mockImplementationOnce(() => {
      throw new TypeError("poisoned");
    });
    const response = await post(server, { ...ASK, stream });
    expect(response.status).toBe(500);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect(error).toMatchObject({ code: "internal_error", type: "server_error" });
    expect(error.message).not.toContain("poisoned");
    choose.mockRestore();
    expect((await post(server, ASK)).status).toBe(200);
    expect(server.composed.openRequests.size).toBe(0);
    await server.close();
    expect(bugs.splice(0)).toEqual([new TypeError("poisoned")]);
  });

  test("in the middle of a stream: it ends with an error that the SDKs throw, its upstream call is over", async () => {
    const server = await start(50);
    server.composed.emulator!.addRule({ then: { calls: [{ name: "tide", args: { port: "Brest" } }] } });
    const remember = vi.spyOn(server.composed.current.signatures, "remember").mockImplementationOnce(() => {
      throw new TypeError("poisoned");
    });
    const tools = [{ type: "function", function: { name: "tide", parameters: { type: "object" } } }];
    const response = await post(server, { ...ASK, tools, stream: true });
    const text = await response.text();
    expect(remember).toHaveBeenCalled();
    expect(text).toContain('"code":"internal_error"');
    expect(text).not.toContain("[DONE]");
    server.composed.emulator!.clearRules();
    expect((await post(server, ASK)).status).toBe(200);
    expect(server.composed.openRequests.size).toBe(0);
    await server.close();
    expect(bugs.splice(0)).toEqual([new TypeError("poisoned")]);
  });
});

test("F-60 when it has closed nothing is left of clients that left, stalled, dripped or stood idle", async () => {
  const script = fileURLToPath(new URL("./support/resources-left.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  const { during, after } = JSON.parse(stdout) as { during: number; after: string[] };
  expect(during).toBeGreaterThan(10);
  // Standard output, as it is read here.
  expect(after.filter((resource) => resource !== "PipeWrap")).toEqual([]);
});
