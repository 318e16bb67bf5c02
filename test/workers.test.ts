/** `pollux serve --workers`: several processes that are one gateway. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { type HeldGemini, SIGNATURE, startHeldGemini } from "./support/held-gemini.ts";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pollux-workers-"));
/** Two processes start, or end, on a machine that does other things. */
const SLOWLY = { timeout: 30_000, interval: 50 };

interface Pollux {
  child: ChildProcess;
  url: string;
  log: () => string;
  exited: Promise<[number | null, NodeJS.Signals | null]>;
  /** Process ids of the workers there are now. */
  workers: () => number[];
  /** Changes the configuration file. */
  write: (config: FileConfig) => void;
}

interface FileConfig {
  server?: object;
  [key: string]: unknown;
}

let serial = 0;

async function pollux(
  config: FileConfig,
  argv: readonly string[] = ["--workers", "2"],
  env: Record<string, string> = {},
): Promise<Pollux> {
  serial += 1;
  const file = join(folder, `pollux-${serial}.json`);
  // As editors and config maps do: a new file in the old one's place.
  const write = ({ server, ...changed }: FileConfig): void => {
    writeFileSync(`${file}.new`, JSON.stringify({ server: { port: 0, ...server }, ...changed }));
    renameSync(`${file}.new`, file);
  };
  write(config);
  const child = spawn(process.execPath, [MAIN, "serve", "--config", file, ...argv], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = once(child, "exit") as Pollux["exited"];
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const url = await new Promise<string>((resolve, reject) => {
    child.once("close", (code) => reject(new Error(`ended with ${code}: ${log}`)));
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const found = /ready in \d+ ms: (http:\S+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  return { child, url, log: () => log, exited, workers: () => childrenOf(child.pid!), write };
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

/** On a connection of its own, which goes to the next worker in turn. */
function ask(url: string, path: string, body?: object): Promise<Response> {
  return fetch(`${url}${path}`, {
    headers: { connection: "close", "content-type": "application/json" },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
}

const chat = (url: string, more: object = {}): Promise<Response> =>
  ask(url, "/v1/chat/completions", {
    model: "google/gemini-3.5-flash",
    messages: [{ role: "user", content: "Hello" }],
    ...more,
  });

async function listener(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

async function freePort(): Promise<number> {
  const server = await listener();
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Given {
  env?: Record<string, string>;
  argv?: string[];
  server?: object;
}

interface Routing {
  data: { worker: number; successes: number }[];
}

async function routing(url: string): Promise<Routing["data"]> {
  return ((await (await ask(url, "/admin/routing")).json()) as Routing).data;
}

async function metric(url: string, series: string): Promise<number | undefined> {
  const line = (await (await ask(url, "/metrics")).text())
    .split("\n")
    .find((one) => one.startsWith(`${series} `) || one.startsWith(`${series}{`));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ")));
}

let gemini: HeldGemini;

beforeAll(async () => {
  gemini = await startHeldGemini();
});

afterAll(async () => {
  await gemini.close();
  rmSync(folder, { recursive: true, force: true });
});

const upstreams = () => ({
  upstreams: { google: { kind: "gemini-api", apiKeys: ["k"], baseUrl: gemini.url } },
});

/** A stream that has sent its first chunk. */
async function openStream(url: string): Promise<{ rest: () => Promise<string> }> {
  const answer = await chat(url, { stream: true });
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  while (!seen.includes("Ahoy")) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the stream ended: ${seen}`);
    seen += value;
  }
  return {
    rest: async () => {
      try {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return seen;
          seen += value;
        }
      } catch {
        return `${seen}(broken)`;
      }
    },
  };
}

describe("two workers", () => {
  test("share the port, answer for each other, and count together", async () => {
    const { url, workers } = await pollux(upstreams());
    expect(workers()).toHaveLength(2);
    for (let at = 0; at < 6; at += 1) expect((await chat(url)).status).toBe(200);
    const states = await routing(url);
    expect(states.map(({ worker }) => worker).toSorted()).toEqual([1, 2]);
    expect(states.every(({ successes }) => successes > 0)).toBe(true);
    expect(states.reduce((sum, { successes }) => sum + successes, 0)).toBe(6);
    // Whichever is asked.
    for (let at = 0; at < 3; at += 1) {
      expect(await metric(url, "pollux_requests_total")).toBe(6);
      expect(await metric(url, "pollux_workers")).toBe(2);
      expect(await metric(url, "pollux_config_reload_success")).toBe(1);
    }
    const { data } = (await (await ask(url, "/admin/auth")).json()) as { data: { worker: number }[] };
    expect(data.map(({ worker }) => worker).toSorted()).toEqual([1, 2]);
  });

  test("remember tool calls for each other", async () => {
    const { url } = await pollux(upstreams());
    const tools = [{ type: "function", function: { name: "tide" } }];
    const asked = [{ role: "user", content: "When is high tide?" }];
    for (let at = 0; at < 5; at += 1) {
      const first = (await (await chat(url, { tools, messages: asked })).json()) as {
        choices: { message: { tool_calls: { id: string; function: object }[] } }[];
      };
      const [call] = first.choices[0]!.message.tool_calls;
      // As most clients send it back: with nothing of Google's.
      const kept = { id: call!.id, type: "function", function: call!.function };
      const before = gemini.bodies.length;
      const answer = await chat(url, {
        tools,
        messages: [
          ...asked,
          { role: "assistant", content: null, tool_calls: [kept] },
          { role: "tool", tool_call_id: call!.id, content: "at noon" },
        ],
      });
      expect(answer.status).toBe(200);
      expect(answer.headers.get("x-pollux-notes") ?? "").not.toContain("signature");
      expect(gemini.bodies.slice(before).join()).toContain(SIGNATURE);
    }
    // Requests go to one and the other in turn: each conversation was in both.
    const states = await routing(url);
    expect(states.map(({ successes }) => successes)).toEqual([5, 5]);
  });

  test("outlive each other: what was on the one that is killed breaks, and nothing else", async () => {
    const { url, workers, log } = await pollux(upstreams());
    for (let at = 0; at < 4; at += 1) await (await chat(url)).text();
    expect(await metric(url, "pollux_requests_total")).toBe(4);
    const streams = [await openStream(url), await openStream(url)];
    const [killed, other] = workers();
    process.kill(killed!, "SIGKILL");
    // Its upstream's side closes as well.
    await vi.waitFor(() => expect(gemini.held).toBe(1), SLOWLY);
    gemini.release();
    const texts = await Promise.all(streams.map(({ rest }) => rest()));
    expect(texts.filter((text) => text.includes("[DONE]"))).toHaveLength(1);
    expect(texts.filter((text) => text.endsWith("(broken)"))).toHaveLength(1);
    await vi.waitFor(() => expect(log()).toMatch(/Worker \d has ended \(SIGKILL\)/), SLOWLY);
    // The port is open all the time.
    expect((await chat(url)).status).toBe(200);
    await vi.waitFor(() => expect(log()).toMatch(/Worker \d serves again/), SLOWLY);
    expect(workers()).toHaveLength(2);
    expect(workers()).toContain(other);
    expect(await metric(url, "pollux_workers")).toBe(2);
    // Four before, the stream that ended well, one since; what the killed one counted is not lost.
    expect(await metric(url, "pollux_requests_total")).toBeGreaterThanOrEqual(6);
  });

  test("take a changed configuration together, or stay as they are together", async () => {
    const server = { workers: 2 };
    const { url, write, log, child } = await pollux(
      { server, ...upstreams(), models: { first: "google/gemini-3.5-flash" } },
      [],
    );
    /** As each of four requests in a row finds them. */
    const aliases = async (): Promise<string[]> => {
      const found = [];
      for (let at = 0; at < 4; at += 1) {
        const { data } = (await (await ask(url, "/v1/models")).json()) as { data: { id: string }[] };
        found.push(...data.flatMap(({ id }) => (id.includes("/") ? [] : [id])));
      }
      return found;
    };
    expect(await aliases()).toEqual(["first", "first", "first", "first"]);
    write({ server, ...upstreams(), models: { second: "google/gemini-3.5-flash" } });
    await vi.waitFor(() => expect(log()).toContain("in force"), SLOWLY);
    expect(await aliases()).toEqual(["second", "second", "second", "second"]);

    // Well formed, and what it needs is not there: each worker finds that out for itself.
    write({
      server,
      upstreams: {
        google: { kind: "vertex", project: "p", credentials: { kind: "file", file: "no-such-key.json" } },
      },
    });
    await vi.waitFor(() => expect(log()).toContain("stays as it was"), SLOWLY);
    expect(await aliases()).toEqual(["second", "second", "second", "second"]);
    await vi.waitFor(async () => expect(await metric(url, "pollux_config_reload_success")).toBe(0), SLOWLY);

    write({ server: { workers: 3 }, ...upstreams(), models: { third: "google/gemini-3.5-flash" } });
    await vi.waitFor(() => expect(log().split("in force")).toHaveLength(3), SLOWLY);
    expect(await aliases()).toEqual(["third", "third", "third", "third"]);
    expect(log()).toContain("server.workers takes effect at the next start");
    expect(await metric(url, "pollux_config_reload_success")).toBe(1);

    child.kill("SIGHUP");
    await vi.waitFor(() => expect(log().split("in force")).toHaveLength(4), SLOWLY);
    expect(await aliases()).toEqual(["third", "third", "third", "third"]);
  });

  test("finish their answers when they are told to stop, and leave nobody without one", async () => {
    const { url, child, exited } = await pollux(upstreams());
    const streams = [await openStream(url), await openStream(url)];
    // Clients that come all the time: each is answered or sees its connection refused, and none hangs.
    let stopped = 0;
    const clients = Array.from({ length: 8 }, async () => {
      try {
        for (;;) expect((await ask(url, "/healthz")).status).toBe(200);
      } catch {
        stopped += 1;
      }
    });
    child.kill("SIGTERM");
    await vi.waitFor(() => expect(stopped).toBe(8), { timeout: 4_000 });
    await Promise.all(clients);
    gemini.release();
    for (const { rest } of streams) expect(await rest()).toContain("[DONE]");
    expect(await exited).toEqual([0, null]);
  });

  test("end their answers, each with an error, at a second signal", async () => {
    const { url, child, exited, log } = await pollux(upstreams());
    const streams = [await openStream(url), await openStream(url)];
    child.kill("SIGTERM");
    await vi.waitFor(() => expect(log()).toContain("Stopping"), SLOWLY);
    child.kill("SIGTERM");
    for (const { rest } of streams) {
      const text = await rest();
      expect(text).not.toContain("[DONE]");
      expect(text).toContain("shutting down");
    }
    expect(await exited).toEqual([null, "SIGTERM"]);
  });

  test("stay on their port when all of them end at once", async () => {
    const { url, workers, log } = await pollux(upstreams());
    for (const pid of workers()) process.kill(pid, "SIGKILL");
    await vi.waitFor(() => expect(log().match(/serves again/g)).toHaveLength(2), SLOWLY);
    expect((await chat(url)).status).toBe(200);
    expect(await metric(url, "pollux_worker_restarts_total")).toBe(2);
  });

  test("are told apart from those that are busy: readiness goes first, the port stays for a while", async () => {
    const { url, child, exited } = await pollux({ ...upstreams(), limits: { preStopMs: 60_000 } });
    expect((await ask(url, "/readyz")).status).toBe(200);
    child.kill("SIGTERM");
    await vi.waitFor(async () => {
      // Of either worker.
      for (let at = 0; at < 2; at += 1) expect((await ask(url, "/readyz")).status).toBe(503);
    }, SLOWLY);
    expect((await chat(url)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await exited).toEqual([null, "SIGTERM"]);
  });

  test("divide the limits among them", async () => {
    const { url } = await pollux({ ...upstreams(), limits: { maxStreams: 2, maxConnections: 6 } });
    const streams = [await openStream(url), await openStream(url)];
    const third = await chat(url, { stream: true });
    expect(third.status).toBe(503);
    expect(await third.json()).toMatchObject({ error: { code: "stream_limit" } });
    // Three connections to each, of which one has a stream.
    const { port } = new URL(url);
    const more = Array.from({ length: 20 }, () => connect(Number(port), "127.0.0.1"));
    let refused = 0;
    for (const socket of more) socket.once("close", () => (refused += 1)).on("error", () => {});
    await vi.waitFor(() => expect(refused).toBeGreaterThanOrEqual(16), SLOWLY);
    const held = more.filter((socket) => !socket.closed);
    expect(held.length).toBeGreaterThan(0);
    for (const socket of more) socket.destroy();
    // Asking is refused as well until the places are free.
    await vi.waitFor(
      async () => expect(await metric(url, "pollux_connections_refused_total")).toBeGreaterThanOrEqual(16),
      SLOWLY,
    );
    gemini.release();
    for (const { rest } of streams) expect(await rest()).toContain("[DONE]");
  });

  test("are counted together at a port of their own for metrics", async () => {
    const port = await freePort();
    const { url } = await pollux({ ...upstreams(), metrics: { port } }, [], { POLLUX_WORKERS: "2" });
    for (let at = 0; at < 3; at += 1) expect((await chat(url)).status).toBe(200);
    const own = `http://127.0.0.1:${port}`;
    expect(await metric(own, "pollux_requests_total")).toBe(3);
    const text = await (await ask(own, "/metrics")).text();
    expect(text.match(/^process_resident_memory_bytes\{worker="\d"\}/gm)).toHaveLength(2);
    expect((await ask(url, "/metrics")).status).toBe(404);
  });

  test("share the emulator, whose script counts requests", async () => {
    const script = join(folder, "script.json");
    writeFileSync(script, JSON.stringify({ rules: [{ when: { nth: 2 }, then: { error: { code: 400 } } }] }));
    const { url } = await pollux({ upstreams: { emulator: { kind: "emulator", script } } });
    const statuses = [];
    for (let at = 0; at < 4; at += 1) statuses.push((await chat(url)).status);
    expect(statuses).toEqual([200, 400, 200, 200]);
  });

  test("do not end by themselves at a signal that reaches them all", async () => {
    const { url, child, workers, exited } = await pollux(upstreams());
    const stream = await openStream(url);
    for (const pid of workers()) process.kill(pid, "SIGINT");
    child.kill("SIGINT");
    await vi.waitFor(() => expect(ask(url, "/healthz")).rejects.toThrow(), SLOWLY);
    gemini.release();
    expect(await stream.rest()).toContain("[DONE]");
    expect(await exited).toEqual([0, null]);
  });

  test.each([
    ["when they serve", undefined],
    ["when they finish their answers", "SIGTERM" as const],
  ])("end with the process that started them, %s", async (_, first) => {
    const { url, child, workers, log } = await pollux({ ...upstreams(), limits: { drainMs: 600_000 } });
    const pids = workers();
    const streams = [await openStream(url), await openStream(url)];
    if (first !== undefined) {
      child.kill(first);
      await vi.waitFor(() => expect(ask(url, "/healthz")).rejects.toThrow(), SLOWLY);
      await vi.waitFor(() => expect(log()).toContain("Stopping"), SLOWLY);
    }
    child.kill("SIGKILL");
    for (const { rest } of streams) expect(await rest()).not.toContain("[DONE]");
    await vi.waitFor(() => {
      for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow();
    }, SLOWLY);
  });
});

describe("what is loaded of src/workers", () => {
  /** Has a process say at its end which of the files it has loaded. */
  const tell = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({
      load(url, context, next) {
        if (url.includes("/src/workers/")) loaded.push(url.split("/").at(-1));
        return next(url, context);
      },
    });
    process.on("exit", () => console.error("loaded:", loaded.join()));`;
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tell)}` };

  test.each([
    // Who wants one process pays for one.
    ["1", /^loaded: count\.ts$/m],
    ["2", /^loaded: .*primary\.ts/m],
  ])("with --workers %s", async (workers, expected) => {
    const { child, exited, log } = await pollux(upstreams(), ["--workers", workers], env);
    child.kill("SIGTERM");
    await exited;
    await vi.waitFor(() => expect(log()).toMatch(expected), SLOWLY);
  });
});

describe("a start that fails", () => {
  test("says why, as one process does, and leaves none behind", async () => {
    const taken = await listener();
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as AddressInfo;
    await expect(pollux(upstreams(), ["--workers", "2", "--port", String(port)])).rejects.toThrow(
      /ended with 1: error: .*EADDRINUSE.*choose one with --port/s,
    );
  });

  test.each([
    ["a count that is none", "0", "neither a whole number"],
    ["a model in the process", "2", "upstreams.here runs a model inside the gateway"],
  ])("%s", async (_, count, why) => {
    const file = join(folder, "model.gguf");
    writeFileSync(file, "");
    const config = { upstreams: { here: { kind: "local", file } } };
    await expect(pollux(config, ["--workers", count])).rejects.toThrow(
      new RegExp(`ended with 2: error: .*${why}`, "s"),
    );
  });

  test.each([
    ["POLLUX_WORKERS", { env: { POLLUX_WORKERS: "many" } }],
    ["--workers", { argv: ["--workers", "1.5"] }],
    ["server.workers", { server: { workers: 1000 } }],
  ])("names %s where its value is bad", async (name, { env, argv = [], server = {} }: Given) => {
    await expect(pollux({ server, ...upstreams() }, argv, env)).rejects.toThrow(
      new RegExp(`ended with 2: error: .*${name}.*neither a whole number from 1 to 999 nor auto`, "s"),
    );
  });

  test("a worker is not started by hand", async () => {
    const child = spawn(process.execPath, [MAIN, "worker"], { stdio: ["ignore", "ignore", "pipe"] });
    const text = await textOf(child.stderr);
    expect(text).toContain("pollux serve --workers");
    expect(child.exitCode ?? (await once(child, "exit"))[0]).toBe(2);
  });
});
