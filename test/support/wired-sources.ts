import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { ROOT } from "./shell.ts";

/** Paths of the sources that a running gateway is made of, found by following imports from its entries. */
export function wiredSources(): string[] {
  const found = new Set(["src/cli/main.ts", "src/index.ts", "src/serve.ts"]);
  for (const path of found) {
    const text = readFileSync(join(ROOT, path), "utf8");
    for (const [, target = ""] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+\.ts)"/g)) {
      found.add(normalize(join(dirname(path), target)));
    }
  }
  return [...found];
}
