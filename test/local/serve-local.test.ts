/** `pollux serve --local`: a model file behind the whole gateway. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/config.ts";
import { readConfig, serve, type RunningServer } from "../../src/serve.ts";
import { END, writeTinyGguf } from "../support/tiny-gguf.ts";
import { loadLibrary } from "./asking.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "pollux-serve-local-"));
const file = join(folder, "greeter.gguf");
const root = new URL("../../", import.meta.url).pathname;
const bugs: unknown[] = [];

let server: RunningServer;
let openai: OpenAI;

beforeAll(async () => {
  writeTinyGguf(file, { next: { "\n": "Hello", Hello: " there", " there": END } });
  const { config, reason } = readConfig({ PORT: "0" }, { local: file });
  expect(reason).toContain("--local");
  server = await serve(config, { reportBug: (error) => bugs.push(error), local: { loadLibrary } });
  openai = new OpenAI({ apiKey: "any", baseURL: `${server.url}/v1`, maxRetries: 0 });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
  expect(bugs).toEqual([]);
});

describe("a model file behind the gateway", () => {
  const ask = { model: "greeter", messages: [{ role: "user" as const, content: "Hi" }], temperature: 0 };

  test("answers whole and streamed", async () => {
    const completion = await openai.chat.completions.create(ask);
    expect(completion.choices[0]!.message.content).toBe("Hello there");
    expect(completion.choices[0]!.finish_reason).toBe("stop");
    const stream = await openai.chat.completions.stream(ask).finalChatCompletion();
    expect(stream.choices[0]!.message.content).toBe("Hello there");
  });

  test("answers for any model name, as an endpoint that serves one", async () => {
    const completion = await openai.chat.completions.create({ ...ask, model: "anything/else" });
    expect(completion.choices[0]!.message.content).toBe("Hello there");
  });

  test("its refusals are OpenAI's errors", async () => {
    await expect(openai.chat.completions.create({ ...ask, n: 2 })).rejects.toMatchObject({
      status: 400,
      param: "n",
    });
  });
});

describe("the same model as an OpenAI-compatible server behind another gateway", () => {
  test.each([false, true])("answers whole and streamed (repair: %s)", async (repair) => {
    const config = join(folder, `front-${repair}.yaml`);
    writeFileSync(
      config,
      `
server: { port: 0 }
upstreams:
  llama: { kind: openai-compatible, baseUrl: "${server.url}/v1", repair: ${repair} }
models:
  gpt-4o: { targets: [{ upstream: llama, model: greeter }] }
`,
    );
    const front = await serve(loadConfig(config, {}).config, { reportBug: (error) => bugs.push(error) });
    const client = new OpenAI({ apiKey: "any", baseURL: `${front.url}/v1`, maxRetries: 0 });
    const ask = { model: "gpt-4o", messages: [{ role: "user" as const, content: "Hi" }], temperature: 0 };
    const { data, response } = await client.chat.completions.create(ask).withResponse();
    expect(data.choices[0]!.message.content).toBe("Hello there");
    // A sound server's answers need no mending.
    expect(response.headers.get("x-pollux-notes")).toBeNull();
    const stream = await client.chat.completions.stream(ask).finalChatCompletion();
    expect(stream.choices[0]!.message.content).toBe("Hello there");
    await front.close();
  });
});

test("the configuration of docs/upstreams/local.md, started, answers", async () => {
  const page = readFileSync(join(root, "docs/upstreams/local.md"), "utf8");
  const [, yaml = ""] = /```yaml[^\n]*\n(.*?)```/s.exec(page) ?? [];
  const config = join(folder, "page.yaml");
  writeFileSync(config, yaml.replace("./model.gguf", file));
  const served = await serve(loadConfig(config, { PORT: "0" }).config, {
    reportBug: (error) => bugs.push(error),
    local: { loadLibrary },
  });
  const client = new OpenAI({ apiKey: "any", baseURL: `${served.url}/v1`, maxRetries: 0 });
  const { data } = await client.models.list();
  const own = data.find(({ id }) => !id.includes("gemini"));
  const completion = await client.chat.completions.create({
    model: own?.id ?? "none",
    messages: [{ role: "user", content: "Hi" }],
    temperature: 0,
  });
  expect(completion.choices[0]!.message.content).toBe("Hello there");
  await served.close();
});

describe("pollux serve --local", () => {
  const pollux = (model: string) =>
    run(process.execPath, [join(root, "src/cli/main.ts"), "serve", "--port", "0", "--local", model]);

  test("says how to install what it needs", async () => {
    await expect(pollux(file)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: .*node-llama-cpp.*npm install/s),
    });
  });

  test("says what is wrong with a file", async () => {
    const other = join(folder, "other.gguf");
    writeFileSync(other, "no model");
    await expect(pollux(other)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("error: "),
    });
    await expect(pollux(join(folder, "none.gguf"))).rejects.toMatchObject({
      stderr: expect.stringContaining("no such file"),
    });
  });
});
