/** `pollux conform`: all public cases against Pollux, planted violations, what is said of them, and exit codes. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  CASES_FOLDER,
  type CaseResult,
  driftText,
  emulatedGoogle,
  GOOGLE_FACTS_FOLDER,
  judgeAnswerer,
  loadGoogleFacts,
  failureText,
  loadCases,
  nodeSdk,
  runCases,
  startPollux,
} from "../src/conform/conform.ts";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const EXAMPLES = join(CASES_FOLDER, "_examples");
const folder = mkdtempSync(join(tmpdir(), "pollux-conform-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

function conform(...argv: string[]): Promise<Ran> {
  const env = { PATH: process.env["PATH"] ?? "" };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, "conform", ...argv],
      { env, timeout: 60_000 },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

/** An example with one thing changed, in a folder of cases of its own. */
function planted(name: string, example: string, changes: Record<string, string>): string {
  const cases = join(folder, name);
  mkdirSync(join(cases, "planted"), { recursive: true });
  let text = readFileSync(join(EXAMPLES, example), "utf8");
  for (const [from, to] of Object.entries(changes)) {
    expect(text).toContain(from);
    text = text.replace(from, to);
  }
  writeFileSync(join(cases, "planted", example), text);
  return cases;
}

describe("the public cases", () => {
  const cases = loadCases(CASES_FOLDER);

  test("each has a name of its own and says where its fact comes from", () => {
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
    expect(new Set(cases.map(({ fact }) => fact)).size).toBe(cases.length);
    expect(cases.length).toBeGreaterThanOrEqual(200);
  });

  test("Pollux is exact in all of them, through the official SDK as well", { timeout: 240_000 }, async () => {
    const sdk = await nodeSdk();
    expect(sdk).toBeDefined();
    const gateway = startPollux();
    try {
      const results = await runCases(cases, gateway, { sdks: [sdk!.driver] });
      const failed = results.filter(({ outcome }) => outcome !== "exact");
      expect(failed.map(failureText).join("\n\n")).toBe("");
      expect(results).toHaveLength(cases.length);
    } finally {
      await gateway.close();
    }
  });
});

describe("what does not hold is found", () => {
  const gateway = startPollux();
  afterAll(() => gateway.close());

  async function only(cases: string): Promise<CaseResult> {
    const sdk = await nodeSdk();
    const [result] = await runCases(loadCases(cases), gateway, { sdks: [sdk!.driver] });
    return result!;
  }

  test.each<[string, string, Record<string, string>, object]>([
    [
      "seen",
      "system-becomes-instruction.yaml",
      { "equals: Hi }": "equals: Ho }" },
      { viewpoint: "seen", seen: "Hi" },
    ],
    [
      "sent",
      "system-becomes-instruction.yaml",
      { "equals: [user]": "equals: [model]" },
      { viewpoint: "sent", seen: ["user"] },
    ],
    ["calls", "system-becomes-instruction.yaml", { "calls: 1": "calls: 2" }, { viewpoint: "calls", seen: 1 }],
    [
      "google",
      "system-becomes-instruction.yaml",
      { "parts: [{ text: Hi }]": "parts: [{ text: Ho }]" },
      { seen: "Ho" },
    ],
    [
      "second",
      "ids-come-back.yaml",
      { "equals: [get_weather]": "equals: [other]" },
      { exchange: 1, seen: ["get_weather"] },
    ],
    ["capture", "ids-come-back.yaml", { 'id: "body': 'id: "nobody' }, { expected: "is captured as id" }],
    [
      "join",
      "pieces-join-and-done-ends.yaml",
      { "join: Grüß Gott": "join: Gruß Gott" },
      { path: "chunks[*].choices[*].delta.content" },
    ],
    [
      "done",
      "pieces-join-and-done-ends.yaml",
      { "path: done, equals: true": "path: done, equals: false" },
      { seen: true },
    ],
    ["cut", "pieces-join-and-done-ends.yaml", { "pieces: 7": "end: cut" }, { path: "done", seen: false }],
    [
      "node",
      "quota-becomes-rate-limit.yaml",
      { "equals: RateLimitError": "equals: APIError" },
      { viewpoint: "node" },
    ],
    ["leave", "leaving-ends-the-call.yaml", { "max: 3000": "max: 0" }, { viewpoint: "sent" }],
    [
      "stays",
      "leaving-ends-the-call.yaml",
      { "{ events: 2 }": "{ events: 9 }", "end: hang": "end: clean" },
      { path: "left" },
    ],
    [
      "late",
      "leaving-ends-the-call.yaml",
      { "leave: { events: 2 }": "leave: { events: 9 }", "calls: 1": "calls: 1\n    within_ms: 700" },
      { expected: "a whole answer in time" },
    ],
    ["vertex", "project-and-location-in-path.yaml", { "us-central1": "us-east1" }, { path: "[0].path" }],
  ])("%s", async (name, example, changes, failure) => {
    const result = await only(planted(name, example, changes));
    expect(result.outcome).toBe("failed");
    expect(result.failures).toContainEqual(expect.objectContaining(failure));
    expect(failureText(result)).toContain("curl -sN");
  });

  test("a call that nobody expects", async () => {
    const cases = planted("unexpected", "broken-json-is-refused.yaml", {
      'raw: \'{"model": "$MODEL", "messages": [\'':
        "json: { model: $MODEL, messages: [{ role: user, content: x }] }",
    });
    expect((await only(cases)).failures).toContainEqual(
      expect.objectContaining({ viewpoint: "calls", seen: 1 }),
    );
  });

  test("the examples themselves hold", async () => {
    const sdk = await nodeSdk();
    const examples = loadCases(CASES_FOLDER, ["_examples"]);
    expect(examples).toHaveLength(readdirSync(EXAMPLES).length);
    const results = await runCases(examples, gateway, { sdks: [sdk!.driver] });
    expect(results.map(({ case: one, outcome }) => [one.name, outcome])).toEqual(
      examples.map(({ name }) => [name, "exact"]),
    );
  });
});

describe("the command", () => {
  const good = join(folder, "good");
  const mixed = join(folder, "mixed");

  beforeAll(() => {
    mkdirSync(join(good, "planted"), { recursive: true });
    cpSync(join(EXAMPLES, "system-becomes-instruction.yaml"), join(good, "planted", "good.yaml"));
    planted("mixed", "system-becomes-instruction.yaml", { "equals: Hi }": "equals: Ho }" });
    cpSync(join(good, "planted", "good.yaml"), join(mixed, "planted", "good.yaml"));
  });

  test("0 where all are exact; the reports are written", async () => {
    const [json, html] = [join(folder, "r.json"), join(folder, "r.html")];
    const ran = await conform("--cases", good, "--json", json, "--html", html);
    expect(ran).toMatchObject({ code: 0, stderr: "1/1\n" });
    expect(ran.stdout).toMatch(/planted +1 +0 +0 +100 %/);
    expect(JSON.parse(readFileSync(json, "utf8"))).toMatchObject({
      format: 1,
      mode: "closed",
      gateway: { name: "Pollux" },
      totals: { exact: 1, failed: 0, notRun: 0 },
      cases: [{ id: "planted/good", outcome: "exact" }],
    });
    expect(readFileSync(html, "utf8")).toContain("planted/good");
  });

  test("1 below the threshold, with the case, the rule, its source, and how to repeat it", async () => {
    const ran = await conform("--cases", mixed);
    expect(ran.code).toBe(1);
    for (const part of [
      "✗ planted/system-becomes-instruction (basic)",
      "A system message becomes the system instruction",
      "https://ai.google.dev/api/generate-content",
      'expected equals "Ho"',
      'seen "Hi"',
      "curl -sN 'http://127.0.0.1:",
    ]) {
      expect(ran.stdout).toContain(part);
    }
    expect(await conform("--cases", mixed, "--threshold", "50")).toMatchObject({ code: 0 });
    expect(await conform("--cases", mixed, "--only", "planted/good")).toMatchObject({ code: 0 });
  });

  test("2 for what is asked wrongly, in words", async () => {
    const cases = planted("wrong", "system-becomes-instruction.yaml", { "profile:": "profle:" });
    const wrong = await Promise.all([
      conform("--cases", cases),
      conform("--only", "no/such"),
      conform("--threshold", "x"),
      conform("--start", "portkey"),
      conform("--against", "http://127.0.0.1:1"),
      conform("--google", "1"),
      conform("--python", "/nowhere/python", "--cases", good),
    ]);
    expect(wrong.map(({ code }) => code)).toEqual(wrong.map(() => 2));
    expect(wrong[0]?.stderr).toMatch(/system-becomes-instruction\.yaml:\d+: profle: is not a key/);
    expect(wrong[3]?.stderr).toContain("--portkey");
    for (const { stderr } of wrong) expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe("the emulator", () => {
  const facts = loadGoogleFacts(GOOGLE_FACTS_FOLDER);

  test("holds all facts about Google, by Google's own SDK", async () => {
    expect(facts.length).toBeGreaterThanOrEqual(30);
    const google = await emulatedGoogle();
    try {
      const results = await judgeAnswerer(facts, google);
      expect(results.filter(({ violations }) => violations.length > 0)).toEqual([]);
      expect(results.length).toBeGreaterThan(facts.length);
    } finally {
      await google.close();
    }
  });

  test("one that drifts from Google is found, and so is where the two differ", async () => {
    const google = await emulatedGoogle();
    const drifted: typeof google = {
      ...google,
      name: "Google",
      ask: { "gemini-api": () => Promise.resolve({ ok: true, response: {}, text: "hello", parts: [] }) },
    };
    try {
      const some = facts.filter(({ name }) => name === "temperature-over-two");
      const results = new Map([
        [google.name, await judgeAnswerer(some, google)],
        [drifted.name, await judgeAnswerer(some, drifted)],
      ]);
      const text = driftText(results);
      expect(text).toContain("✗ temperature-over-two (gemini-api), asked of Google");
      expect(text).toContain("expected equals 400");
      expect(text).toContain("the emulator: 2 of 2 hold\nGoogle: 0 of 1 hold");
      expect(text).toContain("temperature-over-two (gemini-api): holds for the emulator, not for Google");
      expect(driftText(new Map([...results].slice(0, 1)))).toBe("the emulator: 2 of 2 hold");
    } finally {
      await google.close();
    }
  });

  test("the command says how many hold; Google is asked only with credentials and within the cap", async () => {
    expect(await conform("--emulator")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^the emulator: (\d+) of \1 hold\n$/) as string,
    });
    const without = await conform("--emulator", "--real");
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining("GEMINI_API_KEY") as string });
    expect(await conform("--real")).toMatchObject({ code: 2 });
    expect(await conform("--emulator", "--only", "no-such-fact")).toMatchObject({ code: 2 });
  });
});

describe("an endpoint with a real model behind", () => {
  const KEY = "sk-somebodys-secret";
  const asked: { method: string; url: string; authorization: string }[] = [];
  let server: Server;
  let url = "";

  beforeAll(async () => {
    server = createServer((request, response) => {
      const { method = "", url: path = "", headers } = request;
      asked.push({ method, url: path, authorization: headers.authorization ?? "" });
      request.resume();
      request.on("end", () => {
        // Says the key back, as a careless gateway would.
        const error = { message: `no, ${headers.authorization}`, type: "other", param: null, code: null };
        response.writeHead(400, { "content-type": "application/json" });
        response.end(JSON.stringify({ error }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/some/v1`;
  });
  afterAll(() => server.close());

  const args = (): string[] => [
    "--against",
    url,
    "--key",
    KEY,
    "--model",
    "some-model",
    "--only",
    "_examples",
  ];

  test("a dry run asks nothing and says what it would cost", async () => {
    const ran = await conform(...args(), "--dry-run");
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stdout).toMatch(/^2 of 10 cases can be judged from outside; calls to some-model: 1$/m);
    expect(asked).toEqual([]);
  });

  test("only what is open is judged, below the path that was given, and the key is shown nowhere", async () => {
    const [json, html] = [join(folder, "open.json"), join(folder, "open.html")];
    const ran = await conform(...args(), "--json", json, "--html", html);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/all +0 +2 +8/);
    expect(new Set(asked.map((call) => `${call.method} ${call.url}`))).toEqual(
      new Set(["GET /some/v1/models", "POST /some/v1/chat/completions"]),
    );
    expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${KEY}`]));
    const all = ran.stdout + ran.stderr + readFileSync(json, "utf8") + readFileSync(html, "utf8");
    expect(all).not.toContain(KEY);
    expect(all).toContain('"authorization: Bearer $OPENAI_API_KEY"');
  });

  test("no more calls than were allowed", async () => {
    asked.length = 0;
    const ran = await conform(...args(), "--max-calls", "0");
    expect(asked.filter(({ method }) => method === "POST")).toEqual([]);
    expect(ran.stdout).toContain("it takes more calls than the 0 that are left of 0");
  });
});
