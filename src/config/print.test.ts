import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { configFolder } from "../../test/support/config-folder.ts";
import { describeChange, diffConfigs } from "./diff.ts";
import { type LoadedConfig, loadConfig, readConfig } from "./load.ts";
import { masked } from "./mask.ts";
import { printConfig } from "./print.ts";

const everything = `
server: { port: 1, apiKeys: ["s3cret-a", "\${KEY}", "file:key"] }
upstreams:
  v: { kind: vertex, apiKey: s3cret-b }
  t: { kind: vertex, project: p, credentials: { kind: impersonate, serviceAccount: a@b.iam, source: { kind: token, token: s3cret-c } } }
  g: { kind: gemini-api, apiKeys: [s3cret-d] }
  o: { kind: openai-compatible, baseUrl: "https://x.example/v1", apiKey: s3cret-e, models: [] }
models: { a: b, "we/ird": { targets: [{ upstream: o }, { upstream: g, model: m }] } }
`;

function load(text: string, env: Record<string, string> = { KEY: "s3cret-f" }): LoadedConfig {
  const folder = configFolder();
  folder.write("key", "s3cret-g");
  return loadConfig(folder.write("pollux.yaml", text), env);
}

const changes = (before: string, after: string): string[] =>
  diffConfigs(load(before).config, load(after).config).map(describeChange);

describe("print", () => {
  test("masks every secret, wherever it came from", () => {
    const loaded = load(everything);
    for (const text of [
      printConfig(loaded, { origin: true }),
      printConfig(loaded, { origin: false }),
      JSON.stringify(masked(loaded.config)),
    ]) {
      expect(text).not.toContain("s3cret");
      expect(text.match(/\*\*\*/g)).toHaveLength(7);
    }
    // The configuration itself is as it was.
    expect(loaded.config.server.apiKeys).toEqual(["s3cret-a", "s3cret-f", "s3cret-g"]);
  });

  test("is YAML of the same values", () => {
    const loaded = load(everything);
    for (const origin of [true, false]) {
      expect(parse(printConfig(loaded, { origin }))).toEqual(masked(loaded.config));
    }
  });

  test("says where every value came from", () => {
    const loaded = load(everything, { KEY: "s3cret-f", PORT: "2", GOOGLE_CLOUD_PROJECT: "q" });
    const text = printConfig(loaded, { origin: true }).replaceAll(loaded.file ?? "", "pollux.yaml");
    expect(text.split("\n")).toEqual(
      expect.arrayContaining([
        "# The default upstream is the first, by pollux.yaml.",
        "  host: 127.0.0.1  # default",
        "  port: 2  # PORT",
        '    - "***"  # pollux.yaml:2:30',
        '    - "***"  # pollux.yaml:2:42 ${KEY}',
        '    - "***"  # pollux.yaml:2:52 file:key',
        "  retryBudget: 0.2  # default",
        "    project: p  # pollux.yaml:5:31",
        "        kind: token  # pollux.yaml:5:109",
        "    models: []  # pollux.yaml:7:92",
      ]),
    );
    const unsaid = text
      .split("\n")
      .filter((line) => !/: *$|^#|^$|  # (?:default|PORT|KEY|pollux\.yaml:\d+:\d+)/.test(line));
    expect(unsaid).toEqual([]);
  });

  test("of the environment alone", () => {
    const text = printConfig(readConfig({ GOOGLE_CLOUD_PROJECT: "p", HOST: "::1" }, { port: 9 }), {
      origin: true,
    });
    expect(text).toContain("because GOOGLE_CLOUD_PROJECT is set");
    expect(text).toContain("host: ::1  # HOST");
    expect(text).toContain("port: 9  # --port");
    expect(text).toContain("project: p  # GOOGLE_CLOUD_PROJECT");
  });
});

describe("diff", () => {
  const base = "upstreams: { a: { kind: emulator }, g: { kind: gemini-api, apiKeys: [s3cret] } }\n";

  test("nothing", () => {
    expect(changes(everything, everything)).toEqual([]);
  });

  test.each<[string, string, string[]]>([
    [
      base,
      `${base}server: { host: "::1", port: 2 }`,
      ['~ server.host: "127.0.0.1" -> "::1" (needs a restart)', "~ server.port: 4364 -> 2 (needs a restart)"],
    ],
    [base, `${base}limits: { retryBudget: 0.5 }`, ["~ limits.retryBudget: 0.2 -> 0.5"]],
    [base, base.replace("s3cret", "s3cret2"), ["~ upstreams.g.apiKeys[0]: another secret"]],
    [base, base.replace("s3cret", "s3cret, s3cret2"), ['+ upstreams.g.apiKeys[1]: "***"']],
    [
      base,
      "upstreams: { a: { kind: emulator } }",
      ['- upstreams.g: {"kind":"gemini-api","apiKeys":["***"]}'],
    ],
    [
      base,
      "upstreams: { g: { kind: gemini-api, apiKeys: [s3cret] }, a: { kind: emulator } }",
      ['~ upstreams: "default a" -> "default g"'],
    ],
    [
      base,
      base.replace("emulator", "vertex"),
      [
        '~ upstreams.a.kind: "emulator" -> "vertex"',
        '+ upstreams.a.location: "global"',
        '+ upstreams.a.credentials: {"kind":"adc"}',
      ],
    ],
    [
      `${base}models: { constructor: x }`,
      `${base}models: { constructor: { targets: [{ upstream: g, model: m }] } }`,
      [expect.stringMatching(/^~ models\.constructor: "x" -> \{"targets"/) as string],
    ],
  ])("%s to %s", (before, after, expected) => {
    expect(changes(before, after)).toEqual(expected);
  });

  test("of masked configurations, as a running gateway tells them", () => {
    const running = masked(load(everything).config);
    expect(diffConfigs(running, masked(load(everything.replaceAll("s3cret", "other")).config))).toEqual([]);
  });
});
