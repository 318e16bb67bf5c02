/** docs/upstreams and docs/routing.md: every configuration on these pages starts, and answers where it can be asked. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { parse, stringify } from "yaml";
import { configSchema } from "../src/config/schema.ts";
import { startEmulator } from "../src/emulator/server.ts";
import { codeBlocks } from "./support/markdown.ts";
import { configFrom, gatewayFrom } from "./support/gateway-from-yaml.ts";
import { recordingUpstream } from "./support/recording-upstream.ts";
import { post } from "./support/running-gateway.ts";
import { ROOT } from "./support/shell.ts";

const ENV = {
  VERTEX_API_KEY: "vertex-key",
  GEMINI_API_KEY: "gemini-key",
  SECOND_GEMINI_API_KEY: "second-key",
};

/** Models to ask for, each with a piece of the path the upstream must see. */
const ASKED: Record<string, [model: string, path: string][]> = {
  "docs/upstreams/vertex.md": [
    [
      "google/gemini-3.5-flash",
      "/projects/my-project/locations/global/publishers/google/models/gemini-3.5-flash:",
    ],
    ["batch/gemini-3.5-flash", "/projects/my-other-project/locations/eu/"],
    ["reserved/gemini-3.5-flash", "/projects/my-project/locations/us/"],
    ["express/gemini-3.5-flash", "/v1beta1/publishers/google/models/gemini-3.5-flash:"],
    ["support-bot", "/locations/global/endpoints/4567890123456789012:"],
  ],
  "docs/upstreams/gemini-api.md": [["gemini-3.5-flash", "/v1beta/models/gemini-3.5-flash:"]],
  "docs/upstreams/vertex-endpoint.md": [
    ["llama-3.3-70b", "/locations/us-central1/endpoints/1234567890/chat/completions"],
    ["qwen3-8b", "/locations/europe-west4/endpoints/2345678901/chat/completions"],
  ],
  "docs/upstreams/vertex-openapi.md": [
    [
      "meta/llama-4-maverick-17b-128e-instruct-maas",
      "/locations/us-east5/endpoints/openapi/chat/completions",
    ],
    ["deepseek", "/locations/us-east5/endpoints/openapi/chat/completions"],
  ],
  "docs/upstreams/openai-compatible.md": [
    ["qwen3-8b", "/v1/chat/completions"],
    ["small", "/v1/chat/completions"],
  ],
  // Asked where its optional package is: test/local/serve-local.test.ts.
  "docs/upstreams/local.md": [],
  "docs/upstreams/emulator.md": [["gemini-3.5-flash", ""]],
  "docs/routing.md": [
    ["gpt-4o", "/locations/us/publishers/google/models/gemini-3.5-flash:"],
    ["fast", "/models/gemini-3.5-flash:"],
    ["soonest", "/models/gemini-3.5-flash:"],
    ["private", "/locations/eu/publishers/google/models/gemini-3.5-flash:"],
    ["google/gemini-3.5-flash", "/locations/us/"],
  ],
};

const pages = [
  "docs/routing.md",
  ...readdirSync(join(ROOT, "docs/upstreams")).map((name) => `docs/upstreams/${name}`),
];

interface Written {
  upstreams: Record<string, Record<string, unknown> & { kind: string }>;
}

/** The same with hosts and credentials of this machine; everything else as it stands on the page. */
function onThisMachine(yaml: string, google: string, openai: string): string {
  const config = parse(yaml) as Written;
  for (const upstream of Object.values(config.upstreams)) {
    const signsIn = ["vertex", "vertex-endpoint", "vertex-openapi"].includes(upstream.kind);
    if (signsIn && upstream["apiKey"] === undefined)
      upstream["credentials"] = { kind: "token", token: "a-token" };
    if (upstream.kind === "vertex" || upstream.kind === "gemini-api") upstream["baseUrl"] = google;
    if (upstream.kind === "vertex-endpoint") upstream["host"] = google;
    if (upstream.kind === "vertex-openapi") upstream["baseUrl"] = openai;
    if (upstream.kind === "openai-compatible") upstream["baseUrl"] = `${openai}/v1`;
  }
  return stringify(config);
}

describe.each(pages)("%s", (page) => {
  const blocks = codeBlocks(readFileSync(join(ROOT, page), "utf8")).filter(
    ({ language }) => language === "yaml",
  );

  test("its configuration is one without a warning", () => {
    expect(blocks.length).toBeGreaterThan(0);
    const folder = mkdtempSync(join(tmpdir(), "pollux-docs-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    // A configuration of the page as it stands, but for the file of the local model.
    const gguf = join(folder, "model.gguf");
    writeFileSync(gguf, "");
    for (const { code } of blocks) {
      expect(configFrom(code.replace("./model.gguf", gguf), ENV).warnings).toEqual([]);
    }
  });

  if ((ASKED[page] ?? []).length === 0) return;
  test("started, it answers", async () => {
    const google = await startEmulator({ paceMs: 0 });
    onTestFinished(() => google.close());
    const message = { role: "assistant", content: "42" };
    const completion = {
      id: "c",
      object: "chat.completion",
      created: 1,
      model: "m",
      choices: [{ index: 0, message, finish_reason: "stop" }],
    };
    const openai = await recordingUpstream(() => ({ pieces: [JSON.stringify(completion)] }));
    const gateway = await gatewayFrom(onThisMachine(blocks[0]?.code ?? "", google.url, openai.url), ENV);
    for (const [model, path] of ASKED[page] ?? []) {
      const response = await post(gateway, {
        model,
        messages: [{ role: "user", content: "What is 6 * 7?" }],
      });
      expect({ model, status: response.status, text: await response.text() }).toMatchObject({
        status: 200,
        text: expect.stringContaining("42"),
      });
      const seen = [...google.requests, ...(gateway.composed.emulator?.requests ?? []), ...openai.calls].map(
        ({ url }) => url,
      );
      expect(seen.some((url) => url.includes(path))).toBe(true);
    }
    expect(gateway.bugs).toEqual([]);
  });
});

test("every kind of upstream has a page, and every page is asked or says why not", () => {
  const kinds = configSchema.shape.upstreams.unwrap().valueType.options.map(({ shape }) => shape.kind.value);
  expect(pages.slice(1).toSorted()).toEqual(kinds.map((kind) => `docs/upstreams/${kind}.md`).toSorted());
  expect(Object.keys(ASKED).toSorted()).toEqual(pages.toSorted());
});

test("links lead somewhere", () => {
  for (const page of pages) {
    const text = readFileSync(join(ROOT, page), "utf8");
    for (const [, target = "", anchor] of text.matchAll(/\]\((?!https?:)([^)#\s]+)(#[^)]*)?\)/g)) {
      const linked = readFileSync(join(ROOT, page, "..", target), "utf8");
      const headings = [...linked.matchAll(/^#+ (.*)$/gm)].map(
        ([, heading = ""]) =>
          `#${heading
            .toLowerCase()
            .replace(/[^a-z0-9 -]/g, "")
            .replaceAll(" ", "-")}`,
      );
      if (anchor !== undefined) expect(headings).toContain(anchor);
    }
  }
});
