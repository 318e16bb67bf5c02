/** Everything the benchmark needs, made or fetched once into `.cache/bench`. What cannot be had is said, and left out. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
export const ROOT = join(import.meta.dirname, "..");
export const CACHE = join(ROOT, ".cache", "bench");
const HERE = import.meta.dirname;

/** A program or file that is there, or why it is not. */
export type Tool = { path: string; version: string } | { missing: string };

export interface Tools {
  upstream: string;
  load: string;
  nginx: Tool;
  portkey: Tool;
  litellm: Tool;
  bifrost: Tool;
}

/** Why a peer that nobody asked for is not there. */
export const LEFT_OUT = "left out";

/** @throws Error when not even the upstream and the load can be built. */
export async function setUp(peers: boolean, say: (line: string) => void): Promise<Tools> {
  mkdirSync(CACHE, { recursive: true });
  const upstream = await compile("upstream", say);
  const load = await compile("load", say);
  await run("npm", ["run", "-s", "build"], { cwd: ROOT });
  const skipped = { missing: LEFT_OUT };
  return {
    upstream,
    load,
    nginx: await nginx(say),
    portkey: peers ? await attempt("Portkey", say, portkey) : skipped,
    litellm: peers ? await attempt("LiteLLM", say, litellm) : skipped,
    bifrost: peers ? await attempt("Bifrost", say, bifrost) : skipped,
  };
}

/** One of the C programs, built where it is older than its source. */
export async function compile(name: "upstream" | "load", say: (line: string) => void): Promise<string> {
  const source = join(HERE, `${name}.c`);
  const path = join(CACHE, name);
  if (isNewer(path, source)) return path;
  say(`building ${name}.c`);
  try {
    await run("cc", ["-O2", "-o", path, source, "-lm"]);
  } catch (error) {
    throw new Error(`The benchmark needs a C compiler (apt-get install gcc): ${messageOf(error)}`, {
      cause: error,
    });
  }
  return path;
}

function isNewer(path: string, source: string): boolean {
  return existsSync(path) && statSync(path).mtimeMs > statSync(source).mtimeMs;
}

async function attempt(name: string, say: (line: string) => void, get: () => Promise<Tool>): Promise<Tool> {
  try {
    say(`looking for ${name} (fetched once)`);
    return await get();
  } catch (error) {
    return { missing: messageOf(error).split("\n").slice(0, 3).join(" ").slice(0, 300) };
  }
}

async function nginx(say: (line: string) => void): Promise<Tool> {
  const find = async (): Promise<Tool> => {
    const { stderr } = await run("nginx", ["-v"]);
    return { path: "nginx", version: /nginx\/(\S+)/.exec(stderr)?.[1] ?? "?" };
  };
  try {
    return await find();
  } catch {
    try {
      say("installing nginx");
      await run("apt-get", ["install", "-y", "-qq", "nginx-light"], {
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      });
      return await find();
    } catch {
      return { missing: "nginx is not installed (apt-get install nginx-light)" };
    }
  }
}

async function portkey(): Promise<Tool> {
  const folder = join(CACHE, "portkey");
  const installed = join(folder, "node_modules/@portkey-ai/gateway");
  const wanted = read(join(HERE, "portkey/package-lock.json"));
  if (read(join(folder, "package-lock.json")) !== wanted || !existsSync(installed)) {
    mkdirSync(folder, { recursive: true });
    for (const file of ["package.json", "package-lock.json"]) {
      cpSync(join(HERE, "portkey", file), join(folder, file));
    }
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
  }
  const { version } = JSON.parse(read(join(installed, "package.json"))) as { version: string };
  return { path: join(installed, "build/start-server.js"), version };
}

async function litellm(): Promise<Tool> {
  const folder = join(CACHE, "litellm");
  const wanted = read(join(HERE, "litellm/requirements.txt"));
  const stamp = join(folder, "requirements.txt");
  if (read(stamp) !== wanted) {
    await run("python3", ["-m", "venv", "--clear", folder]);
    await run(join(folder, "bin/pip"), ["install", "-q", "-r", join(HERE, "litellm/requirements.txt")], {
      maxBuffer: 2 ** 26,
    });
    writeFileSync(stamp, wanted);
  }
  return { path: join(folder, "bin/litellm"), version: /==(\S+)/.exec(wanted)?.[1] ?? "?" };
}

async function bifrost(): Promise<Tool> {
  const source = join(HERE, "bifrost");
  const path = join(CACHE, "bifrost");
  const version = /bifrost\/core v(\S+)/.exec(read(join(source, "go.mod")))?.[1] ?? "?";
  if (!isNewer(path, join(source, "main.go"))) {
    await run("go", ["build", "-o", path, "."], { cwd: source, maxBuffer: 2 ** 26 });
  }
  return { path, version: `core ${version}` };
}

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
