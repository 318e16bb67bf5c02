/** docs/architecture.md, docs/errors.md and docs/emulator.md say what the code has. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { startEmulator } from "../src/emulator/server.ts";
import { codeBlocks, tableUnder } from "./support/markdown.ts";
import { ROOT } from "./support/shell.ts";
import { wiredSources } from "./support/wired-sources.ts";

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

const wired = wiredSources();

describe.each(readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md")))("docs/%s", (name) => {
  const page = read(`docs/${name}`);

  test("files and folders that it names are there", () => {
    const named = [...page.matchAll(/`((?:src|test|scripts|examples)\/[\w./-]*)`/g)].map(
      ([, path = ""]) => path,
    );
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test("links to other pages lead somewhere", () => {
    for (const [, target = "", anchor = ""] of page.matchAll(/\]\((?!https?:)([^)#\s]+)(#[^)]*)?\)/g)) {
      const path = join("docs", target);
      expect({ target, exists: existsSync(join(ROOT, path)) }).toEqual({ target, exists: true });
      if (anchor !== "") expect(anchorsOf(read(path))).toContain(anchor);
    }
  });
});

function anchorsOf(page: string): string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(
    ([, heading = ""]) =>
      `#${heading
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, "")
        .replaceAll(" ", "-")}`,
  );
}

describe("docs/architecture.md", () => {
  const page = read("docs/architecture.md");

  test("has every folder and file at the top of src that a gateway is made of, in the order of the layers", () => {
    const tops = new Set(wired.map((path) => path.split("/").slice(0, 2).join("/")));
    const listed = [...page.matchAll(/`(src\/[\w-]+(?:\.ts|\/))`/g)].map(([, path = ""]) =>
      path.replace(/\/$/, ""),
    );
    expect([...tops].filter((path) => !listed.includes(path))).toEqual([]);
    const layers = [
      ...(/FLOORS = \[([^\]]*)\]/.exec(read("test/layers.test.ts"))?.[1]?.matchAll(/"([^"]+)"/g) ?? []),
    ].map(([, floor]) => `src/${floor}`);
    const rows = page
      .split("\n")
      .filter((line) => line.startsWith("| `src/"))
      .flatMap((line) =>
        [...(line.split("|")[1] ?? "").matchAll(/`(src\/[\w.-]+)\/?`/g)].map(([, path]) => path),
      );
    expect(rows).toEqual(layers.filter((path) => rows.includes(path)));
  });
});

describe("docs/errors.md", () => {
  const page = read("docs/errors.md");
  const documented = new Set(
    [...page.matchAll(/`([a-z]+(?:_[a-z]+)+|overloaded|conflict|aborted|cancelled|timeout)`/g)].map(
      ([, code]) => code,
    ),
  );

  test("has every code that the gateway's sources give", () => {
    const sources = wired
      .filter((path) => !/^src\/(?:emulator|config|conform)\//.test(path))
      .map((path) => read(path));
    const codes = sources.flatMap((source) =>
      [...source.matchAll(/\bcode: "([a-z_]+)"|invalidRequest\([^;]*?, "([a-z_]+)"\);/g)].map(
        ([, one, other]) => one ?? other,
      ),
    );
    expect(codes.length).toBeGreaterThan(30);
    expect([...new Set(codes)].filter((code) => !documented.has(code))).toEqual([]);
  });

  test("the example it shows is what the gateway says", () => {
    const [example] = codeBlocks(page);
    expect(JSON.parse(example?.code ?? "")).toEqual({
      error: {
        message: "temperature: must be at most 2, not 3.",
        type: "invalid_request_error",
        param: "temperature",
        code: null,
      },
    });
  });
});

describe("docs/emulator.md", () => {
  const page = read("docs/emulator.md");

  test("its script does what its rules are named for", async () => {
    const script = parse(codeBlocks(page).find(({ language }) => language === "yaml")?.code ?? "");
    const emulator = await startEmulator({ script, paceMs: 0 });
    const ask = async (
      text: string,
      method = "generateContent",
      headers: Record<string, string> = {},
    ): Promise<Response> =>
      fetch(`${emulator.url}/v1beta/models/gemini-3.5-flash:${method}`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-goog-api-key": "any", ...headers },
        body: JSON.stringify({
          contents: [{ role: "user", parts: [{ text }] }],
          tools: [{ functionDeclarations: [{ name: "get_weather" }] }],
        }),
      });
    try {
      const called = (await (await ask("weather?")).json()) as {
        candidates: { content: { parts: object[] } }[];
      };
      expect(called.candidates[0]?.content.parts).toMatchObject([
        { text: "A tool will know.", thought: true },
        { functionCall: { name: "get_weather", args: { city: "Paris" } } },
      ]);
      const busy = await ask("hello", "streamGenerateContent?alt=sse", { "x-test": "busy" });
      expect([busy.status, busy.headers.get("retry-after")]).toEqual([503, "1"]);
      await expect(
        ask("break", "streamGenerateContent?alt=sse").then((response) => response.text()),
      ).rejects.toThrow();
      expect(await (await ask("forbidden")).json()).toMatchObject({
        promptFeedback: { blockReason: "PROHIBITED_CONTENT" },
      });
    } finally {
      await emulator.close();
    }
  });

  test("has every flag of the command", () => {
    const flags = [...read("src/cli/emulator.ts").matchAll(/\.option\(\s*"(--[a-z-]+)/g)].map(
      ([, flag]) => flag,
    );
    expect(flags.length).toBeGreaterThan(6);
    const { rows } = tableUnder(page, "The command");
    expect(rows.map(([cell = ""]) => /`(--[a-z-]+)/.exec(cell)?.[1])).toEqual(flags);
  });

  test("has every option of startEmulator", () => {
    const source =
      /interface EmulatorOptions \{([^]*?)\n\}/.exec(read("src/emulator/emulator-options.ts"))?.[1] ?? "";
    const options = [...source.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name);
    expect(options.length).toBeGreaterThan(8);
    expect(options.filter((option) => !page.includes(`\`${option}\``))).toEqual([]);
  });

  test("its trigger words do what it says", async () => {
    const { rows } = tableUnder(page, "Trigger words");
    const emulator = await startEmulator({ paceMs: 0 });
    try {
      for (const [words = ""] of rows) {
        const text = /`([^`]+)`/.exec(words)?.[1] ?? "";
        const response = await fetch(`${emulator.url}/v1beta/models/gemini-3.5-flash:generateContent`, {
          method: "POST",
          headers: { "content-type": "application/json", "x-goog-api-key": "any" },
          body: JSON.stringify({
            contents: [{ role: "user", parts: [{ text: `Tell me a story. ${text}` }] }],
          }),
        });
        const wanted = text.split(":")[1] ?? "SAFETY";
        const answer = (await response.json()) as {
          candidates?: { finishReason: string }[];
          promptFeedback?: { blockReason: string };
        };
        expect([answer.candidates?.[0]?.finishReason, answer.promptFeedback?.blockReason]).toContain(wanted);
      }
    } finally {
      await emulator.close();
    }
    expect(rows.length).toBeGreaterThanOrEqual(3);
  });
});
