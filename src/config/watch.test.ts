import { EventEmitter } from "node:events";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type ConfigFolder, configFolder } from "../../test/support/config-folder.ts";
import { ConfigError } from "./config-error.ts";
import { type LoadedConfig, loadConfig } from "./load.ts";
import { type ConfigWatcher, watchConfig, type WatchConfigOptions } from "./watch.ts";

/** A watcher whose clock, file events and signals the test makes. */
class Bench {
  readonly folder: ConfigFolder = configFolder();
  readonly path = join(this.folder.path, "pollux.yaml");
  readonly signals = new EventEmitter();
  readonly changes: LoadedConfig[] = [];
  readonly errors: Error[] = [];
  readonly watched = new Map<string, (name: string | null) => void>();
  #timer: (() => void) | undefined;
  watcher: ConfigWatcher;

  constructor(text: string, options: Partial<WatchConfigOptions> = {}) {
    this.write(text);
    this.watcher = watchConfig(this.path, {
      env: {},
      current: loadConfig(this.path, {}),
      onChange: (loaded) => void this.changes.push(loaded),
      onError: (error) => this.errors.push(error),
      signals: this.signals,
      timers: {
        setTimeout: (action) => {
          this.#timer = action;
          return action;
        },
        clearTimeout: (handle) => {
          if (handle === this.#timer) this.#timer = undefined;
        },
      },
      watchFolder: (folder, listener) => {
        this.watched.set(folder, listener);
        return { close: () => this.watched.delete(folder) };
      },
      ...options,
    });
    onTestFinished(() => this.watcher.close());
  }

  write(text: string, name = "pollux.yaml"): string {
    return this.folder.write(name, text);
  }

  /** Says that a file changed, as the system would. */
  touch(file: string = this.path): void {
    this.watched.get(dirname(file))?.(file.slice(dirname(file).length + 1));
  }

  /** Lets the time pass that files need to settle, and the reading that follows. */
  async settle(): Promise<void> {
    for (let rounds = 0; this.#timer !== undefined; rounds += 1) {
      expect(rounds).toBeLessThan(60);
      this.tick();
    }
    await flush();
  }

  tick(): void {
    const action = this.#timer;
    this.#timer = undefined;
    action?.();
  }

  get waiting(): boolean {
    return this.#timer !== undefined;
  }
}

/** Everything that is ready to run, runs. */
async function flush(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

const port = (value: number): string => `server: { port: ${value} }\n`;

test("a changed file is the new configuration, once", async () => {
  const bench = new Bench(port(1));
  await bench.settle();
  expect(bench.changes).toEqual([]);
  bench.write(port(2));
  bench.touch();
  bench.touch();
  await bench.settle();
  expect(bench.changes.map(({ config }) => config.server.port)).toEqual([2]);
  bench.touch();
  await bench.settle();
  expect(bench.changes).toHaveLength(1);
  expect(bench.errors).toEqual([]);
});

test("a change between the first reading and the watch is seen", async () => {
  const bench = new Bench(port(1));
  bench.write(port(2));
  await bench.settle();
  expect(bench.changes).toHaveLength(1);
});

test("a bad file changes nothing and is told once, with its place", async () => {
  const bench = new Bench(port(1));
  bench.write("server: { prt: 2 }\n");
  bench.touch();
  await bench.settle();
  bench.touch();
  await bench.settle();
  expect(bench.changes).toEqual([]);
  expect(bench.errors.map(({ message }) => message)).toEqual([
    `${bench.path}:1:11 server.prt: unknown key; did you mean "port"?`,
  ]);
  expect(bench.errors[0]).toBeInstanceOf(ConfigError);
  // What runs is told again when the file is mended, so that an alarm can be taken back.
  bench.write(port(1));
  bench.touch();
  await bench.settle();
  expect(bench.changes.map(({ config }) => config.server.port)).toEqual([1]);
});

test("an emptied file changes nothing", async () => {
  const bench = new Bench(port(1));
  bench.write("");
  bench.touch();
  await bench.settle();
  expect(bench.changes).toEqual([]);
  expect(bench.errors[0]?.message).toMatch(/the file is empty now/);
});

test("a file that is gone changes nothing, and one that comes back is read", async () => {
  const bench = new Bench(port(1));
  rmSync(bench.path);
  bench.touch();
  await bench.settle();
  expect(bench.errors[0]?.message).toMatch(/there is no such file/);
  bench.write(port(2));
  bench.touch();
  await bench.settle();
  expect(bench.changes).toHaveLength(1);
});

test("half a file is not read while it is written", async () => {
  const bench = new Bench("server: { port: 1 }\nlimits: { retryBudget: 0.5 }\n");
  await bench.settle();
  bench.write("server: { port: 2 }\n");
  bench.touch();
  expect(bench.waiting).toBe(true);
  bench.write("server: { port: 2 }\nlimits: { retryBudget: 0.4 }\n");
  bench.tick();
  await flush();
  expect(bench.changes).toEqual([]);
  await bench.settle();
  expect(bench.changes.map(({ config }) => config.limits.retryBudget)).toEqual([0.4]);
});

test("other files of the folder are left alone", async () => {
  const bench = new Bench(port(1));
  await bench.settle();
  bench.touch(join(bench.folder.path, "access.log"));
  expect(bench.waiting).toBe(false);
});

test("a secret's file counts too, from when the configuration names it", async () => {
  const bench = new Bench(port(1));
  await bench.settle();
  const secrets = join(bench.folder.path, "secrets");
  mkdirSync(secrets);
  writeFileSync(join(secrets, "key"), "one\n", { mode: 0o600 });
  bench.write('server: { apiKeys: ["file:secrets/key"] }\n');
  bench.touch();
  await bench.settle();
  writeFileSync(join(secrets, "key"), "two\n");
  bench.touch(join(secrets, "key"));
  await bench.settle();
  expect(bench.changes.map(({ config }) => config.server.apiKeys)).toEqual([["one"], ["two"]]);
  bench.write(port(1));
  bench.touch();
  await bench.settle();
  expect([...bench.watched.keys()]).toEqual([bench.folder.path]);
});

test("a secret's file that was missing mends the configuration when it comes", async () => {
  const bench = new Bench(port(1));
  bench.write('server: { apiKeys: ["file:key"] }\n');
  bench.touch();
  await bench.settle();
  expect(bench.errors[0]?.message).toMatch(/key cannot be read \(ENOENT\)/);
  bench.touch(bench.write("k\n", "key"));
  await bench.settle();
  expect(bench.changes.map(({ config }) => config.server.apiKeys)).toEqual([["k"]]);
});

test("SIGHUP reads at once, changed or not, and stops with the watcher", async () => {
  const bench = new Bench(port(1));
  await bench.settle();
  bench.signals.emit("SIGHUP");
  await flush();
  expect(bench.changes).toHaveLength(1);
  bench.watcher.close();
  expect(bench.signals.listenerCount("SIGHUP")).toBe(0);
  expect(bench.watched.size).toBe(0);
  await bench.watcher.reload();
  expect(bench.changes).toHaveLength(1);
});

test("what cannot be put to use is told, and the old one counts", async () => {
  let refuse = true;
  const used: number[] = [];
  const bench = new Bench(port(1), {
    onChange: async ({ config }) => {
      await Promise.resolve();
      if (refuse) throw new Error("no such credentials");
      used.push(config.server.port);
    },
  });
  bench.write(port(2));
  bench.touch();
  await bench.settle();
  expect(bench.errors.map(({ message }) => message)).toEqual(["no such credentials"]);
  refuse = false;
  await bench.watcher.reload();
  expect(used).toEqual([2]);
});

test("changes are put to use one after the other", async () => {
  const order: string[] = [];
  let finish = (): void => {};
  const bench = new Bench(port(1), {
    onChange: async ({ config }) => {
      order.push(`begin ${config.server.port}`);
      await new Promise<void>((resolve) => (finish = resolve));
      order.push(`end ${config.server.port}`);
    },
  });
  bench.write(port(2));
  const first = bench.watcher.reload();
  await flush();
  bench.write(port(3));
  const second = bench.watcher.reload();
  await flush();
  finish();
  await first;
  await flush();
  finish();
  await second;
  expect(order).toEqual(["begin 2", "end 2", "begin 3", "end 3"]);
});

test("a folder that cannot be watched is told", () => {
  const bench = new Bench(port(1), {
    watchFolder: () => {
      throw new Error("ENOSPC");
    },
  });
  expect(bench.errors[0]?.message).toMatch(/cannot be watched for changes \(ENOSPC\); send SIGHUP/);
});

/** A watcher on the real file system. */
function watchForReal(path: string): { next(): Promise<number> } {
  const seen: number[] = [];
  let wake = (): void => {};
  const watcher = watchConfig(path, {
    env: {},
    current: loadConfig(path, {}),
    onChange: ({ config }) => {
      seen.push(config.server.port);
      wake();
    },
    onError: (error) => {
      throw error;
    },
    signals: new EventEmitter(),
    settleMs: 5,
  });
  onTestFinished(() => watcher.close());
  return {
    next: async () => {
      if (seen.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return seen.shift() ?? Number.NaN;
    },
  };
}

test("on a real file system: written in place, and replaced by another file", async () => {
  const folder = configFolder();
  const path = folder.write("pollux.yaml", port(1));
  const watcher = watchForReal(path);
  folder.write("pollux.yaml", port(2));
  expect(await watcher.next()).toBe(2);
  renameSync(folder.write("new.yaml", port(3)), path);
  expect(await watcher.next()).toBe(3);
  renameSync(folder.write("new.yaml", port(4)), path);
  expect(await watcher.next()).toBe(4);
});

test.skipIf(process.platform === "win32")(
  "on a real file system: a mounted folder whose link is changed",
  async () => {
    const { path } = configFolder();
    for (const version of [1, 2]) {
      mkdirSync(join(path, `..${version}`));
      writeFileSync(join(path, `..${version}`, "pollux.yaml"), port(version));
    }
    symlinkSync("..1", join(path, "..data"));
    symlinkSync(join("..data", "pollux.yaml"), join(path, "pollux.yaml"));
    const watcher = watchForReal(join(path, "pollux.yaml"));
    symlinkSync("..2", join(path, "..data_tmp"));
    renameSync(join(path, "..data_tmp"), join(path, "..data"));
    expect(await watcher.next()).toBe(2);
  },
);
