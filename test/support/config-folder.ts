import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder of its own for one test, gone afterwards. */
export interface ConfigFolder {
  path: string;
  /** Writes a file, readable by its owner only, and gives its absolute path. */
  write(name: string, text: string | Uint8Array, mode?: number): string;
}

export function configFolder(): ConfigFolder {
  const path = mkdtempSync(join(tmpdir(), "pollux-config-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write: (name, text, mode = 0o600) => {
      const file = join(path, name);
      writeFileSync(file, text);
      chmodSync(file, mode);
      return file;
    },
  };
}
