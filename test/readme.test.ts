/**
 * README.md, run: every command, program and output in it. Blocks run as they stand, but for their ports: 4364 and 4365
 * become those of servers started for the test, and `bash start` blocks get a free port.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startEmulator, type Emulator } from "../src/emulator/server.ts";
import { readSettings } from "../src/settings.ts";
import { code, codeBlocks, tableUnder, withGaps, type CodeBlock } from "./support/markdown.ts";
import { cleanEnvironment, finished, ROOT, started, type Finished, type Started } from "./support/shell.ts";
import { wiredSources } from "./support/wired-sources.ts";

const README = readFileSync(join(ROOT, "README.md"), "utf8");
const BLOCKS = codeBlocks(README);
const PYTHON = join(ROOT, ".venv", "openai-3", "bin", "python");

/** Copies of the examples live inside the repository, so that their imports resolve as there. */
const COPIES = join(ROOT, ".cache", "readme");

let folder: string;
let strict: Emulator;
let gateway: Started;
let emulator: Started;
/** A gateway without credentials of its own, in front of the strict emulator: stands where Vertex AI would. */
let vertex: Started;

beforeAll(async () => {
  mkdirSync(COPIES, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), "pollux-readme-"));
  strict = await startEmulator({ requireAuth: "strict", apiKeys: ["your-key"], paceMs: 0 });
  writeFileSync(join(folder, "key.json"), JSON.stringify(await strict.createServiceAccount()));
  writeGcloud();
  const passThrough = environment({ GOOGLE_GENAI_USE_VERTEXAI: "true", GOOGLE_VERTEX_BASE_URL: strict.url });
  [gateway, emulator, vertex] = await Promise.all([
    start("start"),
    start("start emulator"),
    started(process.execPath, ["src/cli/main.ts", "serve", "--port", "0"], passThrough),
  ]);
}, 60_000);

afterAll(async () => {
  await Promise.all([gateway, emulator, vertex].map((server) => server?.stop()));
  await strict?.close();
  rmSync(folder, { recursive: true });
});

/** A `gcloud` whose login is the emulator's. */
function writeGcloud(): void {
  const login = {
    type: "authorized_user",
    client_id: "client",
    client_secret: "secret",
    refresh_token: "refresh",
    token_uri: `${strict.url}/token`,
  };
  writeFileSync(join(folder, "login.json"), JSON.stringify(login));
  const script = `#!/bin/sh
case "$*" in
  "auth application-default login") mkdir -p "$CLOUDSDK_CONFIG" && cp "${folder}/login.json" "$CLOUDSDK_CONFIG/application_default_credentials.json" ;;
  "auth print-access-token") echo a-token ;;
  *) echo "gcloud $*: not expected" >&2; exit 1 ;;
esac
`;
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin", "gcloud"), script);
  chmodSync(join(folder, "bin", "gcloud"), 0o755);
}

function environment(added: Record<string, string> = {}): Record<string, string> {
  const env = cleanEnvironment({ CLOUDSDK_CONFIG: join(folder, "gcloud"), ...added });
  return { ...env, PATH: `${join(folder, "bin")}${delimiter}${env["PATH"]}` };
}

/** The block ` ```bash ${info}`, started on a free port. */
function start(info: string, added: Record<string, string> = {}): Promise<Started> {
  const block = BLOCKS.find((candidate) => candidate.language === "bash" && candidate.info === info);
  if (block === undefined) throw new Error(`README.md has no block \`bash ${info}\``);
  const command = block.code.trimEnd() + (info === "start emulator" ? " --port 0" : "");
  return started("bash", ["-ec", command], environment({ PORT: "0", ...added }));
}

function withPorts(text: string): string {
  return text
    .replaceAll("http://127.0.0.1:4364", gateway.url)
    .replaceAll("http://127.0.0.1:4365", emulator.url);
}

async function runBlock(block: CodeBlock): Promise<Finished> {
  const source = withPorts(block.code);
  if (block.language === "bash") return finished("bash", ["-ec", source], environment());
  const copy = join(COPIES, basename(block.info));
  writeFileSync(copy, source);
  if (block.language === "python") return finished(PYTHON, [copy], environment());
  const signedIn = {
    GOOGLE_APPLICATION_CREDENTIALS: join(folder, "key.json"),
    GOOGLE_VERTEX_BASE_URL: vertex.url,
  };
  const env = environment(block.info.endsWith("vertex-client.ts") ? signedIn : {});
  return finished(process.execPath, ["--conditions=pollux-source", copy], env);
}

const isProgram = ({ language }: CodeBlock): boolean => language === "python" || language === "ts";
const isCommand = ({ language, info }: CodeBlock): boolean => language === "bash" && info === "";

/** What a block prints: the `text` block after it, or the text after "Both print:" for two in a row. */
function outputOf(block: CodeBlock): string | undefined {
  const at = BLOCKS.indexOf(block);
  const next = BLOCKS[at + 1];
  if (next?.language === "text" && next.lead !== "Both print:") return next.code;
  const shared = [next, BLOCKS[at + 2]].find((later) => later?.lead === "Both print:");
  return shared?.code;
}

/** Programs whose output is not on the page. */
const UNPRINTED: Record<string, string> = {
  "examples/vertex-client.ts": "The answer is 42, because 6 * 7 = 42.",
};

describe("programs and commands", () => {
  const runnable = BLOCKS.filter((block) => isProgram(block) || isCommand(block)).map((block) => ({
    block,
    name: `line ${block.line}: ${block.info === "" ? (block.code.split("\n")[0] ?? "") : block.info}`,
  }));
  const [python, others] = [true, false].map((wanted) =>
    runnable.filter(({ block }) => (block.language === "python") === wanted),
  );

  async function check({ block }: { block: CodeBlock }): Promise<void> {
    const expected = outputOf(block) ?? UNPRINTED[block.info];
    if (expected === undefined) throw new Error("the page does not say what this prints");
    const { code: status, stdout, stderr } = await runBlock(block);
    expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout.replaceAll("\r\n", "\n").trim()).toMatch(withGaps(expected));
  }

  test.each(others ?? [])("$name", check);
  // `npm test` makes this environment before it runs this file, and counts a skipped test.
  test.skipIf(!existsSync(PYTHON)).each(python ?? [])("$name", check);

  test("there are as many as the page needs", () => {
    expect(python?.length).toBeGreaterThanOrEqual(3);
    expect(others?.length).toBeGreaterThanOrEqual(12);
  });

  test("the client straight to Vertex AI signs in", () => {
    expect(strict.tokens.issuedByGrant.service_account).toBeGreaterThan(0);
  });
});

describe("blocks that start a server", () => {
  const HELLO = { model: "google/gemini-3.5-flash", messages: [{ role: "user", content: "What is 6 * 7?" }] };

  async function ask(server: Started, apiKey = "any"): Promise<{ status: number; text: string }> {
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
      body: JSON.stringify(HELLO),
    });
    return { status: response.status, text: await response.text() };
  }

  test("npm start, and the curl line it prints", async () => {
    expect(gateway.output).toContain("Gemini emulator");
    const command = /^ {2}(curl .*)$/m.exec(gateway.output)?.[1];
    const { code: status, stdout } = await finished("bash", ["-ec", command ?? "exit 1"], environment());
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ object: "chat.completion" });
  });

  test("with a key of the Gemini API", async () => {
    const server = await start("start gemini-api", { GOOGLE_GEMINI_BASE_URL: strict.url });
    try {
      expect(server.output).toContain("Gemini API");
      expect(await ask(server)).toMatchObject({ status: 200 });
      expect(strict.requests.at(-1)?.headers["x-goog-api-key"]).toBe("your-key");
    } finally {
      await server.stop();
    }
  });

  test("with a login of gcloud's", async () => {
    const server = await start("start vertex", { GOOGLE_VERTEX_BASE_URL: strict.url });
    try {
      expect(server.output).toContain("Vertex AI");
      expect(await ask(server)).toMatchObject({ status: 200 });
      expect(strict.requests.at(-1)?.url).toContain("/projects/my-project/locations/global/");
      expect(strict.tokens.issuedByGrant.refresh_token).toBeGreaterThan(0);
    } finally {
      await server.stop();
    }
  });

  test("with access keys, for other machines", async () => {
    const server = await start("start keys");
    try {
      const reachable = { ...server, url: server.url.replace("0.0.0.0", "127.0.0.1") };
      expect(server.url).toContain("0.0.0.0");
      expect(await ask(reachable, "second-key")).toMatchObject({ status: 200 });
      expect(await ask(reachable, "third-key")).toMatchObject({ status: 401 });
    } finally {
      await server.stop();
    }
  });

  test("are all tested", () => {
    const infos = BLOCKS.filter(({ language, info }) => language === "bash" && info !== "").map(
      ({ info }) => info,
    );
    expect(infos).toEqual(["start", "start gemini-api", "start vertex", "start emulator", "start keys"]);
  });
});

describe("what the page shows is what the repository has", () => {
  test.each(BLOCKS.filter(({ info }) => info.startsWith("examples/")))("$info", ({ info, code: shown }) => {
    expect(shown).toBe(readFileSync(join(ROOT, info), "utf8"));
  });

  test("every example is on the page", () => {
    const shown = new Set(BLOCKS.map(({ info }) => info));
    // A folder of them has a page of its own.
    const missing = readdirSync(join(ROOT, "examples")).filter(
      (name) => !shown.has(`examples/${name}`) && !existsSync(join(ROOT, `docs/${name}.md`)),
    );
    expect(missing).toEqual([]);
  });

  test("no block is of a kind that nothing checks", () => {
    const unchecked = BLOCKS.filter(
      (block) =>
        !isProgram(block) &&
        !["bash", "text"].includes(block.language) &&
        !block.info.startsWith("examples/"),
    );
    expect(unchecked).toEqual([]);
  });

  test("links lead somewhere", () => {
    const headings = [...README.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
    const anchors = headings.map(
      (heading) =>
        `#${heading
          .toLowerCase()
          .replace(/[^a-z0-9 -]/g, "")
          .replaceAll(" ", "-")}`,
    );
    const links = [...README.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
    expect(links.length).toBeGreaterThan(5);
    const broken = links.filter((target) =>
      target.startsWith("#") ? !anchors.includes(target) : !existsSync(join(ROOT, target)),
    );
    expect(broken).toEqual([]);
  });
});

describe("the settings table", () => {
  const { rows } = tableUnder(README, "Settings");
  const source = readFileSync(join(ROOT, "src/settings.ts"), "utf8");

  test("has every variable that is read, and no other", () => {
    const read = new Set(
      [...source.matchAll(/\benv\.([A-Z_]+)|"((?:POLLUX|GOOGLE|GEMINI|OTEL)_[A-Z_]+)"/g)].map(
        (found) => found[1] ?? found[2],
      ),
    );
    expect(rows.map(([name = ""]) => code(name)).toSorted()).toEqual([...read].toSorted());
  });

  test("has the defaults that apply", () => {
    const defaults = Object.fromEntries(rows.map(([name = "", value = ""]) => [code(name), code(value)]));
    const settings = readSettings({ GOOGLE_CLOUD_PROJECT: "p" });
    expect(defaults).toMatchObject({
      HOST: settings.host,
      PORT: String(settings.port),
      POLLUX_WORKERS: settings.workers,
      POLLUX_MAX_BODY_BYTES: String(settings.maxBodyBytes),
      POLLUX_CONNECT_TIMEOUT_MS: String(settings.timeouts.connectMs),
      POLLUX_FIRST_BYTE_TIMEOUT_MS: String(settings.timeouts.firstByteMs),
      POLLUX_IDLE_TIMEOUT_MS: String(settings.timeouts.idleMs),
      POLLUX_TOTAL_TIMEOUT_MS: String(settings.timeouts.totalMs),
      POLLUX_UPSTREAM_CONNECTIONS: String(settings.upstreamConnections),
      POLLUX_HTTP_CLIENT: settings.httpClient,
      POLLUX_RETRY_BUDGET: String(settings.retryBudget),
      POLLUX_LOG_LEVEL: settings.log.level,
      POLLUX_LOG_REQUESTS: settings.log.requests,
      GOOGLE_CLOUD_LOCATION: settings.upstream.kind === "vertex" ? settings.upstream.location : undefined,
    });
  });

  test("says of a setting that nothing reads that it has no effect yet", () => {
    const others = wiredSources().filter((path) => !/^src\/(?:settings\.ts$|config\/)/.test(path));
    const sources = others.map((path) => readFileSync(join(ROOT, path), "utf8")).join("\n");
    for (const [name = "", , meaning = ""] of rows.filter(([cell = ""]) => cell.includes("POLLUX_"))) {
      const words = code(name)
        .replace(/^POLLUX_|_MS$/g, "")
        .toLowerCase()
        .replace(/_timeout$/, "_ms");
      // Those of the log are read as one.
      const field = words.startsWith("log_")
        ? "config.log"
        : words.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
      expect({ name, used: sources.includes(field) }).toEqual({
        name,
        used: !meaning.includes("no effect yet"),
      });
    }
  });

  test.each([
    [{}, "emulator"],
    [{ GEMINI_API_KEY: "k" }, "gemini-api"],
    [{ GOOGLE_API_KEY: "k" }, "gemini-api"],
    [{ GOOGLE_CLOUD_PROJECT: "p" }, "vertex"],
    [{ GOOGLE_APPLICATION_CREDENTIALS: "key.json" }, "vertex"],
    [{ GOOGLE_GENAI_USE_VERTEXAI: "true", GOOGLE_API_KEY: "k" }, "vertex"],
    [{ GOOGLE_GENAI_USE_VERTEXAI: "false", GOOGLE_CLOUD_PROJECT: "p", GEMINI_API_KEY: "k" }, "gemini-api"],
  ])("who answers with %j", (env, kind) => {
    expect(readSettings(env).upstream.kind).toBe(kind);
  });
});

test("the commands and flags are those that exist", async () => {
  const { rows } = tableUnder(README, "Commands");
  for (const [command = "", meaning = ""] of rows) {
    const name = code(command).split(" ")[1] ?? "";
    const { code: status, stdout } = await finished(
      process.execPath,
      ["src/cli/main.ts", name, "--help"],
      environment(),
    );
    expect(status).toBe(0);
    for (const [flag] of meaning.matchAll(/--[a-z-]+/g)) expect(stdout).toContain(`${flag} `);
  }
  const { stdout } = await finished(process.execPath, ["src/cli/main.ts", "--help"], environment());
  const commands = [...stdout.matchAll(/^ {2}(?!help)([a-z]+)(?: \[| <| {2})/gm)].map(([, name]) => name);
  expect(rows.map(([command = ""]) => code(command).split(" ")[1])).toEqual(commands);
});
