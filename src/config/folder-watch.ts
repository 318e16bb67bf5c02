import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { pathLinks } from "./path-links.ts";

/** Watches one folder; `listener` gets the name that changed in it, or null where the system does not tell. */
export type WatchFolder = (
  folder: string,
  listener: (name: string | null) => void,
  onError: (error: Error) => void,
) => { close(): void };

/**
 * Tells of changes to files, by watching the folders they are in: editors and deployments replace a file by another of
 * its name, and a watch on the file itself would stay with the old one. Does not keep the process running.
 */
export class FilesWatch {
  readonly #watchFolder: WatchFolder;
  readonly #onChange: () => void;
  readonly #onError: (error: Error) => void;
  readonly #folders = new Map<string, { names: ReadonlySet<string>; close(): void }>();

  constructor(
    onChange: () => void,
    onError: (error: Error) => void,
    watchFolder: WatchFolder = watchWithNode,
  ) {
    this.#onChange = onChange;
    this.#onError = onError;
    this.#watchFolder = watchFolder;
  }

  /** Watches these files from now on, and no others. Absolute paths. */
  set(files: readonly string[]): void {
    const wanted = Map.groupBy(files.flatMap(pathLinks), dirname);
    for (const [folder, { close }] of this.#folders) {
      if (!wanted.has(folder)) {
        close();
        this.#folders.delete(folder);
      }
    }
    for (const [folder, paths] of wanted) {
      const names = new Set(paths.map((path) => basename(path)));
      const known = this.#folders.get(folder);
      if (known === undefined) this.#open(folder, names);
      else this.#folders.set(folder, { ...known, names });
    }
  }

  close(): void {
    this.set([]);
  }

  #open(folder: string, names: ReadonlySet<string>): void {
    try {
      const watcher = this.#watchFolder(
        folder,
        (name) => {
          if (name === null || this.#folders.get(folder)?.names.has(name) === true) this.#onChange();
        },
        (error) => this.#lost(folder, error),
      );
      this.#folders.set(folder, { names, close: () => watcher.close() });
    } catch (error) {
      this.#lost(folder, error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** The folder is gone, or the system has no watches left. */
  #lost(folder: string, error: Error): void {
    this.#folders.get(folder)?.close();
    this.#folders.delete(folder);
    this.#onError(
      new Error(`${folder} cannot be watched for changes (${error.message}); send SIGHUP to read them`, {
        cause: error,
      }),
    );
  }
}

const watchWithNode: WatchFolder = (folder, listener, onError) => {
  const watcher: FSWatcher = watch(folder, { persistent: false });
  watcher.on("change", (_event, name) => listener(name === null ? null : String(name)));
  watcher.on("error", onError);
  return watcher;
};
