import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { configFolder, loadText, problemsOf } from "../../test/support/config-folder.ts";
import { ConfigError, describeProblem } from "./config-error.ts";
import { loadConfig } from "./load.ts";

const openai = (field: string): string =>
  `upstreams:\n  o: { kind: openai-compatible, baseUrl: "https://x.example/v1", ${field} }\n`;

describe("references", () => {
  test("variables stand in any value, and become the type that is wanted", () => {
    const { config } = loadText(
      `
server: { host: "\${HOST_PART}.\${DOMAIN:-local}", port: "\${PORT_NUMBER}" }
upstreams: { o: { kind: "\${KIND}", baseUrl: "https://\${NAME}/v1", repair: "\${REPAIR:-true}", models: ["\${M}", "$\${M}"] } }
limits:
  retryBudget: \${BUDGET:-0.5}
`,
      { HOST_PART: "a", PORT_NUMBER: "81", KIND: "openai-compatible", NAME: "n.example", M: "m1" },
    );
    expect(config.server).toMatchObject({ host: "a.local", port: 81 });
    expect(config.limits.retryBudget).toBe(0.5);
    expect(config.upstreams.o).toMatchObject({
      baseUrl: "https://n.example/v1",
      repair: true,
      models: ["m1", "${M}"],
    });
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ["${NONE}", {}, /the environment variable NONE is not set; set it, or write \$\{NONE:-default\}/],
    ["${EMPTY}", { EMPTY: "" }, /EMPTY is not set/],
    ["${toString}", {}, /toString is not set/],
    ["${__proto__}", {}, /__proto__ is not set/],
    ["${}", {}, /"\$\{\}" is not a reference/],
    ["${A B}", {}, /is not a reference/],
    ["${A", { A: "x" }, /is not a reference/],
    ["file:", {}, /needs a path/],
    ["file:none", {}, /none cannot be read \(ENOENT\)/],
    ["file:.", {}, /is not a file/],
  ])("refuses %s", (reference, env, expected) => {
    const told = problemsOf(openai(`apiKey: "${reference}"`), env);
    expect(told).toEqual([expect.stringMatching(expected)]);
    expect(told[0]).toMatch(/^pollux\.yaml:2:\d+ upstreams\.o\.apiKey: /);
  });

  test("secrets from files, relative to the configuration", () => {
    const folder = configFolder();
    const key = folder.write("key", "s3cret\n");
    const loaded = loadConfig(folder.write("pollux.yaml", openai('apiKey: "file:${DIR:-.}/key"')), {});
    expect(loaded.config.upstreams.o).toMatchObject({ apiKey: "s3cret" });
    expect(loaded.dependsOn).toEqual([join(folder.path, "pollux.yaml"), key]);
    expect(loaded.warnings).toEqual([]);
  });

  test("a variable cannot point at a file", () => {
    const { config } = loadText(openai('apiKey: "${KEY}"'), { KEY: "file:/etc/hostname" });
    expect(config.upstreams.o).toMatchObject({ apiKey: "file:/etc/hostname" });
  });

  test("only secrets are read from files", () => {
    expect(loadText(openai('models: ["file:x"]')).config.upstreams.o).toMatchObject({ models: ["file:x"] });
  });

  test.each<[number, boolean]>([
    [0o600, false],
    [0o400, false],
    [0o640, true],
    [0o644, true],
  ])("a secret's file of mode %o warns: %s", (mode, warns) => {
    const folder = configFolder();
    folder.write("key", "s3cret", mode);
    folder.write("sa.json", "{}", mode);
    const file = folder.write(
      "pollux.yaml",
      `${openai('apiKey: "file:key"')}  v: { kind: vertex, credentials: { kind: service-account, file: sa.json } }`,
    );
    const told = loadConfig(file, {}).warnings.map(describeProblem);
    expect(told).toHaveLength(warns ? 2 : 0);
    if (warns) {
      expect(told[0]).toMatch(
        /upstreams\.o\.apiKey: .*key can be read by other users of this machine \(mode 06[04]{2}\); run `chmod 600 /,
      );
      expect(told[1]).toMatch(/upstreams\.v\.credentials\.file: .*sa\.json can be read/);
    }
  });

  test("no problem quotes a secret", () => {
    const folder = configFolder();
    folder.write("bad-key", "s3cret é");
    const texts = [
      openai("apiKey: s3creté"),
      openai('apiKey: "file:bad-key"'),
      openai('apiKey: "${SECRET}"'),
      openai("apiKey: { s3cret: 1 }"),
      'upstreams: { v: { kind: vertex, project: "${SECRET}", location: "${SECRET}", credentials: { kind: token, token: "s3cret é" } } }',
      openai('apiKey: "s3cret" s3cret'),
      openai('apiKey: "s3cret\\q"'),
    ];
    for (const text of texts) {
      let told = "";
      try {
        loadConfig(folder.write("pollux.yaml", text), { SECRET: "s3cret é" });
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        told = String(error);
      }
      expect(told).not.toBe("");
      // The key of a mapping is no value.
      expect(told.replace("apiKey.s3cret", "")).not.toContain("s3cret");
    }
  });
});
