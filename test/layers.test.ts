/** Which floor may import which: a floor imports from itself and from the floors before it. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

const FLOORS = [
  "errors.ts",
  "version.ts",
  "observe",
  "toxics",
  "wire",
  "models",
  "signatures",
  "translate",
  "settings.ts",
  "config",
  "auth",
  "upstreams",
  "tapes",
  "media",
  "emulator",
  "routing",
  "gateway",
  "server",
  "connect-upstream.ts",
  "compose.ts",
  "serve.ts",
  "workers",
  "doctor",
  "conform",
  "client",
  "cli",
  "index.ts",
];

/** Type-only contracts that two neighbouring floors share. */
const SHARED_TYPES = new Set(["upstreams/upstream.ts", "upstreams/google-upstream.ts"]);

const source = new URL("../src/", import.meta.url).pathname;

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter(
  (path) => path.endsWith(".ts") && !path.endsWith(".test.ts"),
);

function floorOf(path: string): number {
  const name = path.includes("/") ? path.slice(0, path.indexOf("/")) : path;
  return FLOORS.indexOf(name);
}

function importsOf(path: string): string[] {
  const text = readFileSync(join(source, path), "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map((match) =>
    normalize(join(dirname(path), match[1]!)),
  );
}

describe("floors", () => {
  test("every file is on one", () => {
    expect(files.filter((path) => floorOf(path) === -1)).toEqual([]);
    expect(files.length).toBeGreaterThan(50);
  });

  test("imports only go down", () => {
    const upward = files.flatMap((path) =>
      importsOf(path)
        .filter((target) => floorOf(target) > floorOf(path) && !SHARED_TYPES.has(target))
        .map((target) => `${path} imports ${target}`),
    );
    expect(upward).toEqual([]);
  });

  test("the emulator knows nothing of the gateway, or it would agree with its mistakes", () => {
    const allowed = (target: string): boolean =>
      target.startsWith("emulator/") || target === "wire/gemini.ts" || target === "../package.json";
    const outside = files
      .filter((path) => path.startsWith("emulator/"))
      .flatMap((path) =>
        importsOf(path)
          .filter((target) => !allowed(target))
          .map((target) => `${path} imports ${target}`),
      );
    expect(outside).toEqual([]);
  });

  test("translation touches no clock, no randomness, no network and no file", () => {
    const impure = files
      .filter((path) => path.startsWith("translate/"))
      .filter((path) =>
        /Date\.now|new Date\(\)|Math\.random|performance\.now|process\.|from "node:(?!buffer)/.test(
          readFileSync(join(source, path), "utf8"),
        ),
      );
    expect(impure).toEqual([]);
  });
});
