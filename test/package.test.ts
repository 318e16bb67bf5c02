/** The package as users install it: built, packed, imported by its subpaths. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const run = promisify(execFile);
const root = new URL("../", import.meta.url).pathname;

interface Manifest {
  dependencies: Record<string, string>;
  bin: { pollux: string };
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
    await run(process.execPath, [
      join(root, "node_modules/typescript/bin/tsc"),
      "-p",
      join(root, "tsconfig.build.json"),
      "--outDir",
      join(installed, "dist"),
    ]);
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
