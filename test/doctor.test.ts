/** `pollux doctor` and `pollux auth status` against the emulator, and docs/sign-in.md against both. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { describeReport } from "../src/cli/doctor.ts";
import { loadConfig } from "../src/config/config.ts";
import { type Diagnosis, diagnose, type Scene } from "../src/doctor/doctor.ts";
import { openUpstreams } from "../src/doctor/open-upstreams.ts";
import { type Emulator, type ServiceAccountKey, startEmulator } from "../src/emulator/server.ts";
import { signInHintIn } from "../src/translate/gemini-to-openai/sign-in-hints.ts";
import { startConfigured } from "./support/configured-gateway.ts";
import { codeBlocks, tableUnder } from "./support/markdown.ts";
import { cleanEnvironment, finished, ROOT } from "./support/shell.ts";

let emulator: Emulator;
let key: ServiceAccountKey;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pollux-doctor-"));
  emulator = await startEmulator({ requireAuth: "strict", paceMs: 0, project: "my-project" });
  key = await emulator.createServiceAccount({ project: "my-project" });
});
beforeEach(() => {
  emulator.clearRules();
  emulator.clearRequests();
  write("key.json", key);
});
afterAll(async () => {
  await emulator.close();
  rmSync(folder, { recursive: true });
});

function write(name: string, content: string | object, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  chmodSync(path, mode);
  return path;
}

async function examine(yaml: string, changes: Partial<Scene> = {}): Promise<Diagnosis[]> {
  const env = changes.env ?? { HOME: folder };
  const loaded = loadConfig(write("pollux.yaml", yaml), env, { port: "0" });
  const opened = await openUpstreams(loaded.config, {
    env,
    hasMetadataServer: () => Promise.resolve(false),
  });
  try {
    const report = await diagnose({
      env,
      nodeVersion: "26.1.0",
      configuration: { loaded },
      upstreams: opened.upstreams,
      call: false,
      now: Date.now,
      localServers: () => Promise.resolve([]),
      ...changes,
    });
    for (const { status, fix, says } of report) {
      expect({ says, hasFix: status === "ok" || (fix ?? "") !== "" }).toEqual({ says, hasFix: true });
    }
    expect(JSON.stringify(report)).not.toMatch(/ya29\.|PRIVATE KEY|hush/);
    return report;
  } finally {
    await opened.close();
  }
}

const vertex = (more = ""): string =>
  `upstreams:\n  main: { kind: vertex, project: my-project, baseUrl: "${emulator.url}", credentials: { kind: service-account, file: ./key.json } }\n${more}`;

const of = (report: readonly Diagnosis[], check: string): Diagnosis[] =>
  report.filter((line) => line.check === check);

const info = (reason: string, metadata: object): object => ({
  "@type": "type.googleapis.com/google.rpc.ErrorInfo",
  reason,
  domain: "googleapis.com",
  metadata,
});

const pollux = (...argv: string[]): ReturnType<typeof finished> =>
  finished(
    process.execPath,
    [join(ROOT, "src/cli/main.ts"), ...argv],
    cleanEnvironment({ HOME: folder, PORT: "0", POLLUX_CONFIG: join(folder, "pollux.yaml") }),
  );

const ollama = (): ReturnType<Scene["localServers"]> =>
  Promise.resolve([{ product: "Ollama", name: "ollama", baseUrl: "http://127.0.0.1:11434/v1", models: [] }]);

describe("a machine that is well", () => {
  test("every line is ok, and nothing that is billed was asked", async () => {
    const report = await examine(
      vertex(
        "models:\n  fast: google/gemini-3.5-flash\n  best: { targets: [{ upstream: main, model: gemini-2.5-pro, location: europe-west1 }] }\n",
      ),
    );
    expect(report.filter(({ status }) => status !== "ok")).toEqual([]);
    expect(of(report, "model").map(({ says }) => says)).toEqual([
      "google/gemini-3.5-flash answers in global (tokens counted, for free)",
      "gemini-2.5-pro answers in europe-west1 (tokens counted, for free)",
    ]);
    expect(of(report, "token")[0]?.says).toMatch(/^a token was issued, for 60 min/);
    const asked = emulator.requests.map(({ url }) => url).filter((url) => url.includes("/models/"));
    expect(asked.toSorted()).toEqual([
      "/v1beta1/projects/my-project/locations/europe-west1/publishers/google/models/gemini-2.5-pro:countTokens",
      "/v1beta1/projects/my-project/locations/global/publishers/google/models/gemini-3.5-flash:countTokens",
    ]);
  });

  test("--call generates one token", async () => {
    const report = await examine(vertex(), { call: true });
    expect(of(report, "model")).toMatchObject([{ status: "ok", says: "gemini-3.5-flash answers" }]);
    expect(emulator.requests.at(-1)).toMatchObject({
      url: expect.stringContaining(":generateContent"),
      body: { generationConfig: { maxOutputTokens: 1 } },
    });
  });
});

describe("what is wrong is told, with the command that mends it", () => {
  test.each<[what: string, reason: string, metadata: object, fix: string]>([
    [
      "API disabled",
      "SERVICE_DISABLED",
      { service: "aiplatform.googleapis.com", consumer: "projects/123" },
      "gcloud services enable aiplatform.googleapis.com --project=123",
    ],
    [
      "missing role",
      "IAM_PERMISSION_DENIED",
      { permission: "aiplatform.endpoints.predict", resource: "projects/my-project/locations/global" },
      "gcloud projects add-iam-policy-binding my-project --member=MEMBER --role=roles/aiplatform.user",
    ],
    [
      "wrong project",
      "CONSUMER_INVALID",
      { consumer: "projects/my-projct" },
      "gcloud projects describe my-projct",
    ],
  ])("%s", async (_, reason, metadata, fix) => {
    emulator.addRule({
      when: { path: ":countTokens" },
      then: {
        error: {
          code: 403,
          status: "PERMISSION_DENIED",
          message: "No.",
          details: [info(reason, metadata) as never],
        },
      },
    });
    expect(of(await examine(vertex()), "model")).toMatchObject([{ status: "fail", upstream: "main", fix }]);
  });

  test("a model that is not there, and one that is only busy", async () => {
    emulator.addRule({
      when: { path: ":countTokens" },
      then: { error: { code: 429, message: "Slow down." } },
    });
    expect(of(await examine(vertex()), "model")).toMatchObject([
      { status: "warn", says: expect.stringContaining("Slow down.") },
    ]);
    emulator.clearRules();
    expect(of(await examine(vertex("models: { x: google/gemini-0-none }\n")), "model")).toMatchObject([
      { status: "fail", fix: "pollux models" },
    ]);
  });

  test("an expired login", async () => {
    const refusing = createServer((_, response) => {
      response.writeHead(400, { "content-type": "application/json" }).end('{"error":"invalid_grant"}');
    });
    await new Promise<void>((resolve) => refusing.listen(0, "127.0.0.1", resolve));
    const { port } = refusing.address() as AddressInfo;
    write("login.json", {
      type: "authorized_user",
      client_id: "a",
      client_secret: "hush",
      refresh_token: "c",
      token_uri: `http://127.0.0.1:${port}/token`,
    });
    const report = await examine(
      vertex().replace("service-account, file: ./key.json", "file, file: ./login.json"),
    );
    refusing.close();
    expect(of(report, "token")).toMatchObject([
      {
        status: "fail",
        says: expect.stringContaining("no longer valid"),
        fix: "gcloud auth application-default login",
      },
    ]);
  });

  test("a login without the scope", async () => {
    const issuing = createServer((_, response) => {
      response
        .writeHead(200, { "content-type": "application/json" })
        .end('{"access_token":"ya29.narrow","expires_in":3600,"scope":"openid email"}');
    });
    await new Promise<void>((resolve) => issuing.listen(0, "127.0.0.1", resolve));
    const { port } = issuing.address() as AddressInfo;
    write("login.json", {
      type: "authorized_user",
      client_id: "a",
      client_secret: "hush",
      refresh_token: "c",
      token_uri: `http://127.0.0.1:${port}/token`,
    });
    const report = await examine(
      vertex().replace("service-account, file: ./key.json", "file, file: ./login.json"),
    );
    issuing.close();
    expect(of(report, "token")).toMatchObject([
      {
        status: "fail",
        says: expect.stringMatching(/lacks the scope .*cloud-platform; it has openid email$/),
        fix: expect.stringContaining("gcloud auth application-default login --scopes="),
      },
    ]);
  });

  test("no credentials anywhere: every place that was looked at", async () => {
    const report = await examine(
      `upstreams: { main: { kind: vertex, project: p, baseUrl: "${emulator.url}" } }\n`,
    );
    expect(of(report, "credentials")).toMatchObject([
      {
        status: "warn",
        says: expect.stringMatching(
          /looked for and not found: GOOGLE_APPLICATION_CREDENTIALS \(not set\), gcloud login \(.*application_default_credentials\.json\), metadata server \(169\.254\.169\.254\)$/,
        ),
        fix: "gcloud auth application-default login",
      },
    ]);
  });

  test("one upstream that cannot be opened does not hide the other", async () => {
    const yaml = vertex(
      "  other: { kind: vertex, project: p, credentials: { kind: file, file: ./missing.json } }\n",
    );
    const report = await examine(yaml);
    expect(of(report, "credentials")).toMatchObject([
      { status: "ok", upstream: "main" },
      { status: "fail", upstream: "other", says: expect.stringContaining("missing.json") },
    ]);
    expect(of(report, "model")).toMatchObject([{ status: "ok", upstream: "main" }]);
  });

  test.skipIf(process.platform === "win32")("a key that others can read", async () => {
    write("key.json", key, 0o644);
    expect(of(await examine(vertex()), "files")).toMatchObject([
      { status: "warn", fix: `chmod 600 ${join(folder, "key.json")}` },
    ]);
  });

  test.each<[minutes: number, status: string, says: string]>([
    [10, "fail", "600 s ahead of"],
    [-10, "fail", "600 s behind"],
    [2, "warn", "120 s ahead of"],
    [0, "ok", "within 1 s"],
  ])("F-46: a clock that is %i minutes off", async (minutes, status, says) => {
    const report = await examine(vertex(), { now: () => Date.now() + minutes * 60_000 });
    const [line] = of(report, "clock");
    expect(line?.status).toBe(status);
    // The header counts whole seconds.
    expect(line?.says.replace(/\b(599|601) s/, "600 s").replace(/\b(119|121) s/, "120 s")).toContain(says);
  });

  test("an old Node.js, a broken configuration, a port that is taken", async () => {
    const report = await diagnose({
      env: {},
      nodeVersion: "16.0.0",
      configuration: { problems: ["pollux.yaml:1:1: no"] },
      upstreams: [],
      call: false,
      now: Date.now,
      localServers: () => Promise.resolve([]),
    });
    expect(report).toMatchObject([
      { check: "node", status: "fail" },
      { check: "configuration", status: "fail", says: "pollux.yaml:1:1: no", fix: "pollux config validate" },
    ]);
    const taken = new URL(emulator.url).port;
    const loaded = loadConfig(
      write("taken.yaml", "upstreams: { e: { kind: emulator } }\n"),
      {},
      { port: taken },
    );
    expect(of(await examine(vertex(), { configuration: { loaded } }), "port")).toMatchObject([
      { status: "fail", says: `another process listens on 127.0.0.1:${taken}`, fix: "pollux serve --port 0" },
    ]);
  });

  test("an OpenAI-compatible server that is not there, and one that is and is not used", async () => {
    const report = await examine(
      'upstreams: { vllm: { kind: openai-compatible, baseUrl: "http://127.0.0.1:9/v1" } }\n',
      {
        localServers: ollama,
      },
    );
    expect(of(report, "servers")).toMatchObject([
      { status: "fail", upstream: "vllm", says: "nothing answers at http://127.0.0.1:9/v1" },
      { status: "ok", says: expect.stringContaining("Ollama listens") },
    ]);
  });
});

describe("as commands", () => {
  test("doctor --json: exit code 0, and 1 when something fails", async () => {
    write("pollux.yaml", vertex());
    const well = await pollux("doctor", "--json");
    expect(JSON.parse(well.stdout)).toMatchObject({ ok: true });
    expect(well.code).toBe(0);
    const unwell = await pollux(
      "doctor",
      "--config",
      write("broken.yaml", "upstreams: { main: { kind: vertx } }\n"),
    );
    expect(unwell.stdout).toContain("fail  configuration");
    expect(unwell.code).toBe(1);
  });

  test("auth status: a table, JSON, and no token", async () => {
    write("pollux.yaml", vertex());
    const table = await pollux("auth", "status");
    expect(table.stdout).toMatch(/^UPSTREAM +KIND +WHO +PROJECT +EXPIRES +RENEWS +FOUND IN\n/);
    expect(table.stdout).toMatch(
      new RegExp(`^main +service-account +${key.client_email} +my-project +in (59|60) min +in 5\\d min`, "m"),
    );
    expect(table.code).toBe(0);
    expect(table.stdout + table.stderr).not.toContain("ya29");
  });
});

describe("auth status --url", () => {
  test("asks a gateway that runs, with an admin key where it wants one", async () => {
    const gateway = await startConfigured("server: { adminKeys: [s3cret] }\n" + vertex(), {
      files: { "key.json": key },
    });
    try {
      const refused = await pollux("auth", "status", "--url", gateway.url);
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("POLLUX_ADMIN_KEY")]);
      const told = await pollux("auth", "status", "--url", gateway.url, "--key", "s3cret", "--json");
      // Nobody has asked for a token there yet.
      expect(JSON.parse(told.stdout)).toMatchObject({
        object: "list",
        data: [{ upstream: "main", kind: "service-account", token: { issued: 0, expires_at: null } }],
      });
      expect(told.code).toBe(0);
    } finally {
      await gateway.close();
    }
  });
});

describe("docs/sign-in.md", () => {
  const page = readFileSync(join(ROOT, "docs/sign-in.md"), "utf8");
  const blocks = codeBlocks(page);

  test.each(
    blocks.filter(({ language }) => language === "yaml").map((block) => [block.line, block.code] as const),
  )("the configuration in line %i loads", (_, code) => {
    write("second-key", "b");
    write("credentials.json", {});
    write("federation.json", {});
    const env = { GOOGLE_TOKEN: "t", GOOGLE_API_KEY: "k", GEMINI_API_KEY: "k" };
    const { config, warnings } = loadConfig(write("example.yaml", code), env);
    expect(warnings).toEqual([]);
    expect(Object.keys(config.upstreams).length).toBeGreaterThan(0);
  });

  test("has an example of every kind of credentials", () => {
    const schema = readFileSync(join(ROOT, "src/config/credentials-schema.ts"), "utf8");
    const kinds = [...schema.matchAll(/kind: z\.literal\("([\w-]+)"\)/g)].map(([, kind]) => kind);
    expect(kinds.length).toBeGreaterThan(8);
    const shown = blocks.map(({ code }) => code).join("\n");
    expect(kinds.filter((kind) => !new RegExp(`kind: ${kind}\\b`).test(shown))).toEqual([]);
  });

  test("shows what the doctor says", async () => {
    const [yaml, text] = blocks.filter(({ info }) => info === "doctor");
    emulator.addRule({
      when: { path: ":countTokens" },
      then: {
        error: {
          code: 403,
          status: "PERMISSION_DENIED",
          message: "Vertex AI API has not been used in project my-project before or it is disabled.",
          details: [
            {
              "@type": "type.googleapis.com/google.rpc.ErrorInfo",
              reason: "SERVICE_DISABLED",
              domain: "googleapis.com",
              metadata: { service: "aiplatform.googleapis.com", consumer: "projects/my-project" },
            },
          ],
        },
      },
    });
    const code = (yaml?.code ?? "").replace(
      "project: my-project,",
      `project: my-project, baseUrl: "${emulator.url}",`,
    );
    const report = await examine(code);
    const printed = describeReport(report)
      .replaceAll(`${folder}/`, "/etc/pollux/")
      .replaceAll(new URL(emulator.url).host, "aiplatform.googleapis.com")
      .replaceAll(key.client_email, "pollux@my-project.iam.gserviceaccount.com")
      .replace("any free one", "127.0.0.1:4364 is free");
    expect(`${printed}\n`).toBe(text?.code);
  });

  test("tells the commands that the hints have", () => {
    for (const [reason = "", command = ""] of tableUnder(page, "Refusals in words").rows) {
      const details = [
        { "@type": "x/google.rpc.ErrorInfo", reason: reason.replaceAll("`", ""), metadata: {} },
      ];
      const hint = signInHintIn(JSON.stringify({ error: { code: 403, message: "No.", details } }));
      expect(`\`${hint?.command}\``).toBe(command);
    }
  });
});
