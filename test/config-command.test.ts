/** `pollux config` and `pollux init`, as they are typed. */
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { configCommand } from "../src/cli/config.ts";
import { initCommand } from "../src/cli/init.ts";
import { ConfigError, loadConfig, masked } from "../src/config/config.ts";
import { SettingsError } from "../src/settings.ts";
import { configFolder } from "./support/config-folder.ts";
import { cleanEnvironment, finished, type Finished } from "./support/shell.ts";

/** The exit code for what a command throws, as `src/cli/main.ts` has it. */
async function runCommand(argv: readonly string[]): Promise<number | null> {
  const program = new Command("pollux").exitOverride().addCommand(initCommand()).addCommand(configCommand());
  for (const command of program.commands) command.exitOverride().showSuggestionAfterError();
  try {
    await program.parseAsync(argv, { from: "user" });
    return null;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof ConfigError || error instanceof SettingsError)) throw error;
    console.error(error.message);
    return 2;
  }
}

/** As a shell would: variables of its own, and what was printed. In this process, since starting one takes a second. */
async function pollux(argv: string[], env: Record<string, string> = {}): Promise<Finished> {
  const result: Finished = { code: null, stdout: "", stderr: "" };
  const wanted = cleanEnvironment({ HOME: "/nowhere", ...env });
  for (const name of new Set([...Object.keys(process.env), ...Object.keys(wanted)])) {
    vi.stubEnv(name, wanted[name]);
  }
  const exitCode = process.exitCode;
  vi.spyOn(console, "log").mockImplementation((text: string) => void (result.stdout += `${text}\n`));
  vi.spyOn(console, "error").mockImplementation((text: string) => void (result.stderr += `${text}\n`));
  const print = (text: string | Uint8Array): boolean => {
    result.stdout += String(text);
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(print);
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    result.stderr += String(text);
    return true;
  });
  try {
    process.exitCode = 0;
    result.code = await runCommand(argv);
    result.code ??= Number(process.exitCode);
  } finally {
    process.exitCode = exitCode;
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  }
  return result;
}

const good = "upstreams: { keys: { kind: gemini-api, apiKeys: [s3cret] } }\nmodels: { a: b }\n";

describe("pollux config validate", () => {
  test("a good file is 0", async () => {
    const file = configFolder().write("pollux.yaml", good);
    const { code, stdout, stderr } = await pollux(["config", "validate", file]);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: `${file} is valid: 1 upstream, 1 alias, 0 routes; the default upstream is keys.\n`,
      stderr: "",
    });
  });

  test("a bad file is 1, with every problem", async () => {
    const file = configFolder().write("pollux.yaml", "sever: {}\nserver: { prt: 1 }\n");
    const { code, stdout, stderr } = await pollux(["config", "validate"], { POLLUX_CONFIG: file });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr.split("\n")).toEqual([
      `${file}:1:1 sever: unknown key; did you mean "server"?`,
      `${file}:2:11 server.prt: unknown key; did you mean "port"?`,
      "",
    ]);
    const json = await pollux(["config", "validate", file, "--json"]);
    expect({ code: json.code, problems: JSON.parse(json.stdout).problems.length }).toEqual({
      code: 1,
      problems: 2,
    });
  });

  test.each([
    ["a file that is not there", ["config", "validate", "/nowhere/pollux.yaml"], {}, /there is no such file/],
    ["no file at all", ["config", "validate"], {}, /name a file, or let `pollux init` write one/],
    ["an unknown flag", ["config", "validate", "--jason"], {}, /unknown option '--jason'/],
    ["an unknown command", ["config", "valdate"], {}, /Did you mean validate\?/],
    ["a bad variable", ["config", "print"], { PORT: "x" }, /PORT: "x" is not a whole number/],
  ])("%s is 2", async (_name, argv, env, message) => {
    const { code, stderr } = await pollux(argv, env);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test("a secret that others can read is a warning", async () => {
    const folder = configFolder();
    folder.write("key", "s3cret", 0o644);
    const file = folder.write("pollux.yaml", good.replace("[s3cret]", '["file:key"]'));
    const { code, stderr } = await pollux(["config", "validate", file]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: .*upstreams\.keys\.apiKeys\[0\]: .*\/key can be read by other users/);
  });
});

test("pollux config print masks secrets and tells origins", async () => {
  const file = configFolder().write("pollux.yaml", good);
  const { code, stdout } = await pollux(["config", "print", file, "--origin"], { PORT: "8080" });
  expect(code).toBe(0);
  expect(stdout).toContain("port: 8080  # PORT");
  expect(stdout).toContain(`- "***"  # ${file}:1:50`);
  expect(stdout).not.toContain("s3cret");
  const json = await pollux(["config", "print", file, "--json"]);
  expect(JSON.parse(json.stdout)).toMatchObject({ upstreams: { keys: { apiKeys: ["***"] } } });
});

test("the real command: a problem a line, and 2 where a configuration is needed and is not good", async () => {
  const file = configFolder().write("pollux.yaml", "sever: {}\nserver: { prt: 1 }\n");
  const { code, stderr } = await finished(
    process.execPath,
    ["src/cli/main.ts", "config", "print", file],
    cleanEnvironment({ HOME: "/nowhere" }),
  );
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: .*:1:1 sever: unknown key.*\nerror: .*:2:11 server\.prt: unknown key.*\n$/);
});

describe("pollux config diff", () => {
  test("is 0 without changes, 1 with, 2 when it cannot tell", async () => {
    const folder = configFolder();
    const now = folder.write("now.yaml", good);
    const next = folder.write("next.yaml", good.replace("s3cret", "s3cret2").replace("a: b", "a: c"));
    const same = await pollux(["config", "diff", now, "--config", now]);
    expect([same.code, same.stdout]).toEqual([0, "Nothing would change.\n"]);
    const changed = await pollux(["config", "diff", next], { POLLUX_CONFIG: now });
    expect([changed.code, changed.stdout]).toEqual([
      1,
      '~ upstreams.keys.apiKeys[0]: another secret\n~ models.a: "b" -> "c"\n',
    ]);
    expect((await pollux(["config", "diff", "/nowhere/x.yaml"])).code).toBe(2);
  });

  test("against a running gateway", async () => {
    const folder = configFolder();
    const now = loadConfig(folder.write("now.yaml", good), {});
    const keys: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      keys.push(request.headers.authorization);
      const known = request.url === "/admin/config" && request.headers.authorization === "Bearer k";
      response.writeHead(known ? 200 : 401).end(JSON.stringify(known ? masked(now.config) : {}));
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const next = folder.write("next.yaml", `${good}limits: { retryBudget: 0 }\n`);
    const { code, stdout } = await pollux(["config", "diff", next, "--running", url, "--key", "k"]);
    expect([code, stdout]).toEqual([1, "~ limits.retryBudget: 0.2 -> 0\n"]);
    const refused = await pollux(["config", "diff", next, "--running", url]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("asks for an admin key")]);
    expect(keys).toEqual(["Bearer k", undefined]);
  });
});

test("pollux config schema is JSON Schema", async () => {
  const { code, stdout } = await pollux(["config", "schema"]);
  expect([code, JSON.parse(stdout)]).toEqual([
    0,
    expect.objectContaining({ $schema: "http://json-schema.org/draft-07/schema#", title: "pollux.yaml" }),
  ]);
});

describe("pollux init", () => {
  test("writes a file that is valid, and never over another", async () => {
    const { path } = configFolder();
    const file = join(path, "pollux.yaml");
    const env = { GEMINI_API_KEY: "s3cret", GOOGLE_CLOUD_LOCATION: "eu" };
    const { code, stdout } = await pollux(["init", file, "--no-probe"], env);
    expect(code).toBe(0);
    expect(stdout).toContain("a Gemini API key in GEMINI_API_KEY");
    expect(stdout).toContain(`Wrote ${file}, and ${join(path, "pollux.schema.json")} for editors.`);
    expect(JSON.parse(readFileSync(join(path, "pollux.schema.json"), "utf8"))).toHaveProperty("properties");
    const text = readFileSync(file, "utf8");
    expect(text).not.toContain("s3cret");
    expect((await pollux(["config", "validate", file], env)).code).toBe(0);

    const again = await pollux(["init", file, "--no-probe"]);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("give --force to replace it")]);
    expect(readFileSync(file, "utf8")).toBe(text);
    expect((await pollux(["init", file, "--no-probe", "--force"])).code).toBe(0);
    expect(readFileSync(file, "utf8")).toContain("kind: emulator");
  });

  test("--print writes nothing", async () => {
    const { path } = configFolder();
    const { code, stdout } = await pollux(["init", join(path, "x.yaml"), "--print", "--no-probe"]);
    expect([code, stdout.split("\n")[0]]).toEqual([
      0,
      "# yaml-language-server: $schema=./pollux.schema.json",
    ]);
    expect(existsSync(join(path, "x.yaml"))).toBe(false);
  });

  test("a folder that is not there is 2", async () => {
    const { code, stderr } = await pollux(["init", "/nowhere/pollux.yaml", "--no-probe"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("cannot be written (ENOENT)")]);
  });
});

test("every command has help with examples", async () => {
  for (const argv of [
    ["config"],
    ["config", "validate"],
    ["config", "print"],
    ["config", "diff"],
    ["config", "schema"],
    ["init"],
  ]) {
    const { code, stdout } = await pollux([...argv, "--help"]);
    expect({ argv, code, examples: stdout.includes(`pollux ${argv.join(" ")}`) }).toEqual({
      argv,
      code: 0,
      examples: true,
    });
    expect(stdout).toContain("Example");
  }
});
