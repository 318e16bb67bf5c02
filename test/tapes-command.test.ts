/** `pollux record` and `pollux serve --replay` as an operator runs them, and the recipes of docs/record-and-replay.md. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { readTape } from "../src/tapes/read-tape.ts";
import { codeBlocks } from "./support/markdown.ts";
import { servePollux } from "./support/served-process.ts";
import { cleanEnvironment, finished, ROOT } from "./support/shell.ts";

const RECIPES = "examples/record-and-replay";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pollux-tapes-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const hello = (text: string, stream = false): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({
    model: "google/gemini-3.5-flash",
    stream,
    messages: [{ role: "user", content: text }],
  }),
});

const pollux = (...argv: string[]) =>
  finished(process.execPath, ["src/cli/main.ts", ...argv], cleanEnvironment());

/** `pollux record`, which `servePollux` does not start. */
async function startRecord(...argv: string[]): Promise<{ url: string; stop: () => Promise<string> }> {
  const child = spawn(process.execPath, ["src/cli/main.ts", "record", "--port", "0", ...argv], {
    cwd: ROOT,
    env: cleanEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const url = await new Promise<string>((done, failed) => {
    const read = (text: string): void => {
      said += text;
      const found = /ready[^\n]*(http:\/\/[\d.]+:\d+)/.exec(said)?.[1];
      if (found !== undefined) done(found);
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    child.once("close", (code) => failed(new Error(`ended with ${code}: ${said}`)));
  });
  return {
    url,
    stop: async () => {
      const closed = once(child, "close");
      child.kill("SIGTERM");
      await closed;
      return said;
    },
  };
}

test("recorded by one process, replayed by another", async () => {
  const tape = join(newFolder(), "tape.jsonl");
  const recording = await startRecord("--tape", tape, "--redact", "EMP-\\d+");
  // Many at once: each recording is whole.
  const live = await Promise.all(
    Array.from({ length: 12 }, async (_, at) => {
      const response = await fetch(
        `${recording.url}/v1/chat/completions`,
        hello(`Count to ${at + 2}.`, at % 2 === 0),
      );
      return (await response.text()).replace(/"(?:id|created)":[^,]*/g, "");
    }),
  );
  await fetch(`${recording.url}/v1/chat/completions`, hello("Nobody asks this again."));
  expect(await recording.stop()).toContain(`${tape}: 13 recordings.`);
  expect(statSync(tape).mode & 0o777).toBe(0o600);
  const { recordings } = readTape(tape);
  expect(recordings.map(({ number }) => number)).toEqual(Array.from({ length: 13 }, (_, at) => at + 1));

  const again = await pollux("record", "--tape", tape);
  expect([again.code, again.stderr]).toEqual([
    2,
    `error: ${tape} exists already: remove it to record anew, or name a new file.\n`,
  ]);

  const replaying = await servePollux({}, ["--replay", tape, "--replay-strict", "--redact", "EMP-\\d+"]);
  try {
    const replayed = await Promise.all(
      Array.from({ length: 12 }, async (_, at) => {
        const response = await fetch(
          `${replaying.url}/v1/chat/completions`,
          hello(`Count to ${at + 2}.`, at % 2 === 0),
        );
        return (await response.text()).replace(/"(?:id|created)":[^,]*/g, "");
      }),
    );
    expect(replayed).toEqual(live);
    const miss = await fetch(`${replaying.url}/v1/chat/completions`, hello("Count to 1000."));
    expect([miss.status, ((await miss.json()) as { error: { code: string } }).error.code]).toEqual([
      400,
      "no_recording",
    ]);
  } finally {
    await replaying.stop();
  }
  const said = replaying.printed();
  expect(said).toContain(`answers    the tape ${tape}: 13 recordings of `);
  expect(said).toContain("because    --replay names it");
  expect(said).toMatch(
    /No recording on \S+ fits POST \S+\n {2}Nearest is recording \d+ \(line \d+\); it differs in\n {4}contents/,
  );
  expect(said).toContain(
    `${tape}: 12 of 13 recordings were asked for.\n  Not asked for:\n    recording 13 (line `,
  );
}, 60_000);

describe("what cannot be", () => {
  test.each([
    [["serve", "--replay", "/nowhere/tape.jsonl"], "error: /nowhere/tape.jsonl: there is no such tape."],
    [["serve", "--replay", "x", "--replay-speed", "slow"], "It must be true or fast."],
    [["record"], "required option '--tape <file>' not specified"],
    [["record", "--tape", "x", "--redact", "("], "Invalid regular expression"],
  ])("%j", async (argv, expected) => {
    const { code, stderr } = await pollux(...argv);
    expect(stderr).toContain(expected);
    expect(code).toBe(2);
  });
});

test("the help says that prompts are on the tape", async () => {
  const { stdout } = await pollux("record", "--help");
  expect(stdout).toContain("Prompts and answers are on the tape");
  expect(stdout).toContain("Examples:");
});

describe("docs/record-and-replay.md", () => {
  const page = readFileSync(join(ROOT, "docs/record-and-replay.md"), "utf8");
  const shown = codeBlocks(page).filter(({ info }) => info.startsWith(RECIPES));

  test("shows the recipes as they are", () => {
    expect(shown.length).toBe(2);
    for (const { info, code } of shown) expect(code).toBe(readFileSync(join(ROOT, info), "utf8"));
    const programs = readdirSync(join(ROOT, RECIPES)).filter((name) => !name.endsWith(".jsonl"));
    expect(shown.map(({ info }) => info.slice(RECIPES.length + 1)).toSorted()).toEqual(programs.toSorted());
  });

  test("names every code and flag there is", () => {
    for (const name of [
      "no_recording",
      "recording_ended",
      "--replay-strict",
      "--replay-speed",
      "--redact",
      "--tape",
    ]) {
      expect(page).toContain(name);
    }
  });

  /** The recipe of Vitest, in a folder that resolves what it imports as an installed package would. */
  async function runVitest(
    folder: string,
    env: Record<string, string>,
  ): Promise<{ code: number | null; said: string }> {
    const config = join(folder, "vitest.config.mjs");
    const alias = { pollux: join(ROOT, "src/index.ts"), openai: join(ROOT, "node_modules/openai") };
    const settings = {
      cacheDir: join(folder, "cache"),
      resolve: { alias },
      server: { fs: { strict: false } },
    };
    writeFileSync(config, `export default ${JSON.stringify(settings)};\n`);
    const { code, stdout, stderr } = await finished(
      join(ROOT, "node_modules/.bin/vitest"),
      ["run", "--root", folder, "--config", config],
      cleanEnvironment({ ...env, VITEST: "" }),
    );
    return { code, said: stdout + stderr };
  }

  test("its recipe for Vitest replays, and records", async () => {
    mkdirSync(join(ROOT, ".cache"), { recursive: true });
    const folder = mkdtempSync(join(ROOT, ".cache", "recipe-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const name of ["weather.test.ts", "weather.jsonl"])
      copyFileSync(join(ROOT, RECIPES, name), join(folder, name));
    const replayed = await runVitest(folder, {});
    expect(replayed.said).toContain("1 passed");
    expect(replayed.code).toBe(0);

    rmSync(join(folder, "weather.jsonl"));
    expect((await runVitest(folder, {})).code).toBe(1);
    expect((await runVitest(folder, { RECORD: "1" })).code).toBe(0);
    expect(readTape(join(folder, "weather.jsonl")).recordings.length).toBe(2);
    expect((await runVitest(folder, {})).code).toBe(0);
  }, 120_000);
});
