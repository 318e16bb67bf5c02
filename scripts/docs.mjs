// `npm run docs`: writes the generated documents anew. Needs a Node that runs TypeScript, as npm scripts have here.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { pages } from "./docs/pages.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
for (const { path, text } of pages()) {
  writeFileSync(join(root, path), text);
  process.stdout.write(`${path}: ${text.length} characters\n`);
}
