/** docs/configuration.md shows what loads, and says what is so. Its tables are held to the schema by `npm run docs`. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configFolder } from "../../test/support/config-folder.ts";
import { codeBlocks } from "../../test/support/markdown.ts";
import { ConfigError, describeProblem } from "./config-error.ts";
import { loadConfig } from "./load.ts";
import { kindOf } from "./schema-walk.ts";
import { configSchema } from "./schema.ts";
import { upstreamSchema } from "./upstream-schema.ts";

const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");
const example = codeBlocks(page).find(({ language }) => language === "yaml")?.code ?? "";

test("its example loads, with every part and every kind of upstream", () => {
  const folder = configFolder();
  folder.write("pollux-key", "from-a-file");
  folder.write("europe-key.json", "{}");
  folder.write("tiny.gguf", "");
  const text = example.replace("/run/secrets/pollux-key", "pollux-key");
  expect(text).not.toBe(example);
  const { config, warnings } = loadConfig(folder.write("pollux.yaml", text), {
    POLLUX_KEY: "from-a-variable",
    GEMINI_API_KEY: "k",
  });
  expect(warnings.map(describeProblem)).toEqual([]);
  expect(config.server).toEqual({
    host: "0.0.0.0",
    port: 4364,
    workers: "1",
    apiKeys: ["from-a-variable", "from-a-file"],
    adminKeys: [],
  });
  expect(Object.keys(config).toSorted()).toEqual(Object.keys(configSchema.shape).toSorted());
  expect(new Set(Object.values(config.upstreams).map(({ kind }) => kind))).toEqual(
    new Set(upstreamSchema.options.map(kindOf)),
  );
  expect(config.routes.length).toBeGreaterThan(2);
});

test("the limits it shows are the defaults", () => {
  const limits = loadConfig(configFolder().write("pollux.yaml", "upstreams: { e: { kind: emulator } }"), {})
    .config.limits;
  const shown = loadConfig(
    configFolder().write("pollux.yaml", /^limits:\n(?: .*\n)+/m.exec(example)?.[0] ?? ""),
    {},
  ).config.limits;
  expect(shown).toEqual(limits);
  expect(example).toContain("retryBudget: 0.2");
});

test("the message it shows is what a file with that fault gets", () => {
  const shown =
    codeBlocks(page)
      .find(({ language }) => language === "text")
      ?.code.trim() ?? "";
  const lines = Array.from({ length: 9 }, () => "#");
  const text = [...lines, "upstreams:", "  main:", "    locaton: eu", "    kind: vertex"].join("\n");
  try {
    loadConfig(configFolder().write("pollux.yaml", text), {});
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error).replace(/^.*(?=pollux\.yaml)/, "")).toBe(shown);
  }
});
