// `npm run chaos -- --minutes N --seed S`: runs test/chaos/main.ts on a Node that takes TypeScript. Plain JavaScript for
// Node 20.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { findNode } from "./find-node.mjs";
import { installPackages } from "./install-packages.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
await installPackages(root, "the development packages");
const child = spawn(findNode(root), [join(root, "test/chaos/main.ts"), ...process.argv.slice(2)], {
  stdio: "inherit",
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => (process.exitCode = code ?? 1));
