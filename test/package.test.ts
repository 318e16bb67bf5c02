/** The package as users install it: built, packed, imported by its subpaths. */
import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startEmulator } from "../src/emulator/server.ts";
import { cleanEnvironment, started } from "./support/shell.ts";

const run = promisify(execFile);
const root = new URL("../", import.meta.url).pathname;

interface Manifest {
  dependencies: Record<string, string>;
  bin: { pollux: string };
}

function ask(url: string): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "google/gemini-3.5-flash",
      messages: [{ role: "user", content: "Repeat after me: bundled" }],
    }),
  });
}

interface Lockfile {
  packages: Record<string, { dev?: boolean; optional?: boolean; hasInstallScript?: boolean }>;
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(join(root, path), "utf8")) as T;
}

describe("dependencies", () => {
  test("at most 15 direct ones, 100 in all", () => {
    expect(Object.keys(readJson<Manifest>("package.json").dependencies).length).toBeLessThanOrEqual(15);
    const { packages } = readJson<Lockfile>("package-lock.json");
    const production = Object.entries(packages).filter(([path, { dev }]) => path !== "" && dev !== true);
    expect(production.length).toBeGreaterThan(5);
    expect(production.length).toBeLessThanOrEqual(100);
  });

  test("S-55 none that production needs has an install script", () => {
    const { packages } = readJson<Lockfile>("package-lock.json");
    const scripted = Object.entries(packages).filter(
      ([, entry]) => entry.hasInstallScript === true && entry.dev !== true,
    );
    expect(scripted.map(([path]) => path)).toEqual([]);
  });

  test("no lockfile names where its packages come from", () => {
    for (const path of [
      "package-lock.json",
      "test/clients/package-lock.json",
      "test/local/package-lock.json",
    ]) {
      expect(readFileSync(join(root, path), "utf8")).not.toContain('"resolved"');
    }
  });
});

describe("the built package", () => {
  const project = mkdtempSync(join(tmpdir(), "pollux-package-"));
  const installed = join(project, "node_modules", "pollux");

  beforeAll(async () => {
    mkdirSync(installed, { recursive: true });
    await run(process.execPath, [join(root, "scripts/build.mjs"), join(installed, "dist")]);
    cpSync(join(root, "package.json"), join(installed, "package.json"));
    symlinkSync(join(root, "node_modules"), join(installed, "node_modules"));
  }, 60_000);

  afterAll(() => rmSync(project, { recursive: true, force: true }));

  const pollux = (...args: string[]) =>
    run(process.execPath, [join(installed, readJson<Manifest>("package.json").bin.pollux), ...args]);

  test("has its commands, each with examples", async () => {
    expect((await pollux("--version")).stdout).toMatch(/^pollux \d+\.\d+\.\d+ \(node /);
    const { stdout } = await pollux("--help");
    for (const command of ["serve", "emulator", "toxic", "explain", "models"]) {
      expect(stdout).toContain(`  ${command} `);
      expect((await pollux(command, "--help")).stdout).toContain("Examples:");
    }
  }, 60_000);

  test("keeps the licence of everything the command is bundled with", () => {
    const folder = join(installed, "dist/cli");
    const licenses = readFileSync(join(folder, "LICENSES.txt"), "utf8");
    for (const name of ["commander", "google-auth-library", "pino", "prom-client", "undici", "yaml", "zod"]) {
      const { version } = readJson<{ version: string }>(`node_modules/${name}/package.json`);
      expect(licenses).toContain(`\n${name} ${version}\n`);
    }
    expect(licenses.split("-".repeat(80)).every((part) => /licen[cs]e|permission/i.test(part))).toBe(true);
  });

  test.each([
    ["one process", []],
    ["several processes", ["--workers", "2"]],
  ])("has a command that needs nothing beside its own files to serve, with %s", async (_, flags) => {
    const alone = mkdtempSync(join(tmpdir(), "pollux-alone-"));
    try {
      cpSync(join(installed, "dist/cli"), join(alone, "dist/cli"), { recursive: true });
      cpSync(join(root, "package.json"), join(alone, "package.json"));
      const served = await started(
        process.execPath,
        [join(alone, "dist/cli/main.js"), "serve", "--port", "0", ...flags],
        cleanEnvironment({ HOME: alone, XDG_CACHE_HOME: "" }),
      );
      const answer = await ask(served.url);
      expect(answer.status).toBe(200);
      expect(JSON.stringify(await answer.json())).toContain("bundled");
      expect((await fetch(`${served.url}/v1/models`)).status).toBe(200);
      expect((await fetch(`${served.url}/openapi.json`)).status).toBe(200);
      const workers = flags.length === 0 ? 1 : 2;
      expect(await (await fetch(`${served.url}/metrics`)).text()).toContain(`\npollux_workers ${workers}\n`);
      await served.stop();
      // So the next one starts faster.
      expect(readdirSync(join(alone, ".cache/pollux/compile-cache")).length).toBeGreaterThan(0);
    } finally {
      rmSync(alone, { recursive: true, force: true });
    }
  });

  test.each(["undici", "http1"])("signs in to Google and asks it, by %s", async (client) => {
    const emulator = await startEmulator({ requireAuth: "strict" });
    const key = join(project, `key-${client}.json`);
    writeFileSync(key, JSON.stringify(await emulator.createServiceAccount()), { mode: 0o600 });
    const config = join(project, `google-${client}.json`);
    writeFileSync(
      config,
      JSON.stringify({
        httpClient: client,
        upstreams: {
          google: {
            kind: "vertex",
            project: "p",
            baseUrl: emulator.url,
            credentials: { kind: "file", file: key },
          },
        },
      }),
    );
    const main = join(installed, readJson<Manifest>("package.json").bin.pollux);
    const served = await started(
      process.execPath,
      [main, "serve", "--port", "0", "--config", config],
      cleanEnvironment({ HOME: project }),
    );
    try {
      const answer = await ask(served.url);
      expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining("bundled")]);
      expect(emulator.tokens.issued).toBe(1);
    } finally {
      await served.stop();
      await emulator.close();
    }
  });

  test("explains a request without sending it", async () => {
    const file = join(project, "request.json");
    writeFileSync(
      file,
      JSON.stringify({
        model: "google/gemini-3.5-flash",
        messages: [{ role: "user", content: "Hi" }],
        user: "u",
      }),
    );
    const { stdout } = await pollux("explain", "--json", file);
    expect(JSON.parse(stdout)).toMatchObject({
      upstream: {
        url: "https://aiplatform.googleapis.com/v1beta1/projects/your-project/locations/global/publishers/google/models/gemini-3.5-flash:generateContent",
        body: { contents: [{ role: "user", parts: [{ text: "Hi" }] }] },
      },
      notes: [{ action: "ignored", field: "user", source: expect.stringMatching(/^https:/) }],
    });
  });

  test.each([
    ["an unknown command", ["frobnicate"]],
    ["an unknown option", ["serve", "--prot", "80"]],
    ["a bad value", ["serve", "--port", "many"]],
    ["a toxic that is not there", ["emulator", "--toxic", "fire"]],
    ["a fault proxy of nothing", ["toxic", "--upstream", "nowhere:port"]],
    ["no file", ["explain"]],
  ])("ends with 2 for %s", async (_, args) => {
    await expect(pollux(...args)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("error:"),
    });
  });

  test("ends with 1 for a request that cannot be translated", async () => {
    const file = join(project, "bad.json");
    writeFileSync(file, "{}");
    await expect(pollux("explain", file)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("model"),
    });
  });

  test("is imported by its subpaths", async () => {
    const file = join(project, "use.mjs");
    writeFileSync(
      file,
      `import { createClient, createGateway } from "pollux";
       import { startEmulator } from "pollux/emulator";
       import { readConfig, serve } from "pollux/server";
       import { startFaultProxy } from "pollux/toxics";
       const gateway = await createGateway({ env: {} });
       const ask = (url) => gateway.fetch(url, {
         method: "POST",
         headers: { "content-type": "application/json" },
         body: JSON.stringify({ model: "gemini-3.5-flash", messages: [{ role: "user", content: "Repeat after me: packed" }] }),
       });
       const answer = await (await ask("http://pollux/v1/chat/completions")).json();
       await gateway.close();
       console.log(JSON.stringify({
         text: answer.choices[0].message.content,
         kinds: [createClient, startEmulator, readConfig, serve, startFaultProxy].map((value) => typeof value),
       }));`,
    );
    const { stdout } = await run(process.execPath, [file]);
    const { text, kinds } = JSON.parse(stdout) as { text: string; kinds: string[] };
    expect(text).toContain("packed");
    expect(kinds).toEqual(Array.from({ length: 5 }, () => "function"));
  });
});
