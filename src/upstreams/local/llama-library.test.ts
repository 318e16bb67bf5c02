import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadLlamaLibrary } from "./llama-library.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pollux-peer-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function install(path: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    const whole = join(folder, "node_modules", path, name);
    mkdirSync(dirname(whole), { recursive: true });
    writeFileSync(whole, text);
  }
}
const load = () => loadLlamaLibrary(pathToFileURL(join(folder, "pollux.mjs")).href);
const manifest = JSON.stringify({ type: "module", exports: { ".": { import: "./index.js" } } });

describe("loadLlamaLibrary", () => {
  test("says how to install the library where it is absent", async () => {
    await expect(load()).rejects.toMatchObject({
      name: "LocalModelError",
      message: expect.stringContaining("npm install --ignore-scripts node-llama-cpp@3"),
    });
  });

  test("says so where its template engine is missing", async () => {
    install("node-llama-cpp", { "package.json": manifest, "index.js": "" });
    await expect(load()).rejects.toThrow("@huggingface/jinja is missing");
  });

  test("says so where it does not load", async () => {
    install("node-llama-cpp", { "package.json": manifest, "index.js": "throw new Error('wrong libc');" });
    install("@huggingface/jinja", { "package.json": manifest, "index.js": "" });
    await expect(load()).rejects.toThrow(/does not load: wrong libc\./);
  });

  test("finds it, and the template engine beside it", async () => {
    install("node-llama-cpp", {
      "package.json": manifest,
      "index.js": "export const getLlama = () => 'llama';",
    });
    install("node-llama-cpp/node_modules/@huggingface/jinja", {
      "package.json": manifest,
      "index.js": "export class Template {}",
    });
    expect(await load()).toMatchObject({ getLlama: expect.any(Function), Template: expect.any(Function) });
  });
});
