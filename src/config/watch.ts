/** Live reload: a changed file becomes the configuration once it is whole and valid, and not before. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigError } from "./config-error.ts";
import type { ConfigFlags } from "./effective.ts";
import { FilesWatch, type WatchFolder } from "./folder-watch.ts";
import { type LoadedConfig, loadConfig } from "./load.ts";
import type { Environment } from "./references.ts";

export interface WatchConfigOptions {
  env: Environment;
  flags?: ConfigFlags;
  /** What runs now, so that a change since it was read is seen. Left out: the file as it is now is reported first. */
  current?: LoadedConfig;
  /**
   * A valid configuration to change to. Called once at a time; a call that throws or rejects has changed nothing, and
   * what it threw goes to `onError`. Also called when a file that was bad is again what runs already, and at SIGHUP.
   */
  onChange: (loaded: LoadedConfig) => void | Promise<void>;
  /** The file is bad, or cannot be watched: what runs stays. A `ConfigError` or `SettingsError` says what to change. */
  onError: (error: Error) => void;
  /** How long the files must be left alone before they are read, in milliseconds. Default 100. */
  settleMs?: number;
  timers?: Timers;
  watchFolder?: WatchFolder;
  /** Where SIGHUP comes from. Default: the process. */
  signals?: SignalSource;
}

export interface Timers {
  setTimeout(action: () => void, milliseconds: number): unknown;
  clearTimeout(handle: unknown): void;
}

export interface SignalSource {
  on(signal: "SIGHUP", listener: () => void): unknown;
  off(signal: "SIGHUP", listener: () => void): unknown;
}

export interface ConfigWatcher {
  /** Reads the files now, as SIGHUP does. Resolves once `onChange` or `onError` is done. */
  reload(): Promise<void>;
  /** Stops watching; calls under way finish. */
  close(): void;
}

/** A file that is written to without end is read in spite of it. */
const MAX_UNSETTLED_ROUNDS = 50;

/**
 * Watches a configuration file and the files its secrets are in. Listens for SIGHUP until closed, which would
 * otherwise end the process.
 */
export function watchConfig(path: string, options: WatchConfigOptions): ConfigWatcher {
  const watcher = new Watcher(path, options);
  watcher.start();
  return watcher;
}

class Watcher implements ConfigWatcher {
  readonly #path: string;
  readonly #options: WatchConfigOptions;
  readonly #timers: Timers;
  readonly #files: FilesWatch;
  readonly #onSignal = (): void => void this.reload();
  #current: LoadedConfig | undefined;
  #dependsOn: readonly string[];
  /** What was wrong at the last reading, to be told once only. */
  #lastError: string | undefined;
  #pending: unknown;
  #unsettledRounds = 0;
  #seen = "";
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(path: string, options: WatchConfigOptions) {
    this.#path = path;
    this.#options = options;
    this.#timers = options.timers ?? nodeTimers;
    this.#current = options.current;
    this.#dependsOn = options.current?.dependsOn ?? [resolve(path)];
    this.#files = new FilesWatch(
      () => this.#changed(),
      (error) => options.onError(error),
      options.watchFolder,
    );
  }

  start(): void {
    (this.#options.signals ?? process).on("SIGHUP", this.#onSignal);
    this.#watch(this.#dependsOn);
    // A change between the first reading and the watch is told by nobody.
    this.#changed();
  }

  reload(): Promise<void> {
    return this.#read(true);
  }

  close(): void {
    this.#closed = true;
    this.#timers.clearTimeout(this.#pending);
    this.#files.close();
    (this.#options.signals ?? process).off("SIGHUP", this.#onSignal);
  }

  #changed(): void {
    this.#unsettledRounds = 0;
    this.#settle();
  }

  /** Reads once two looks, some time apart, find the same: half a file can be a valid one. */
  #settle(): void {
    if (this.#closed) return;
    this.#timers.clearTimeout(this.#pending);
    this.#seen = this.#look();
    this.#pending = this.#timers.setTimeout(() => {
      this.#unsettledRounds += 1;
      if (this.#look() !== this.#seen && this.#unsettledRounds < MAX_UNSETTLED_ROUNDS) this.#settle();
      else void this.#read(false);
    }, this.#options.settleMs ?? 100);
  }

  #look(): string {
    return this.#dependsOn.map(look).join();
  }

  #read(always: boolean): Promise<void> {
    this.#work = this.#work.then(() => this.#readNow(always));
    return this.#work;
  }

  async #readNow(always: boolean): Promise<void> {
    if (this.#closed) return;
    const { env, flags, onChange, onError } = this.#options;
    try {
      const loaded = loadConfig(this.#path, env, flags);
      // An editor that has just begun to write; or an accident that would set the environment's upstream in its place.
      if (loaded.saysNothing && this.#current?.saysNothing !== true) throw emptied(this.#path);
      this.#watch(loaded.dependsOn);
      const same = loaded.fingerprint === this.#current?.fingerprint;
      if (same && !always && this.#lastError === undefined) return;
      await onChange(loaded);
      this.#current = loaded;
      this.#lastError = undefined;
    } catch (caught) {
      const error = caught instanceof Error ? caught : new Error(String(caught));
      if (error instanceof ConfigError) this.#watch([...this.#dependsOn, ...error.dependsOn]);
      if (error.message === this.#lastError && !always) return;
      this.#lastError = error.message;
      onError(error);
    }
  }

  #watch(files: readonly string[]): void {
    if (this.#closed) return;
    this.#dependsOn = [...new Set(files)];
    this.#files.set(this.#dependsOn);
  }
}

function emptied(path: string): ConfigError {
  const message = `${path}: the file is empty now; restart the gateway to run without its settings`;
  return new ConfigError([{ origin: undefined, path: [], message }]);
}

function look(file: string): string {
  try {
    const { ino, size, mtimeNs } = statSync(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    // What is wrong with it, reading will tell.
    return "";
  }
}

const nodeTimers: Timers = {
  setTimeout: (action, milliseconds) => setTimeout(action, milliseconds).unref(),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout | undefined),
};
