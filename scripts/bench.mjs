// `npm run bench` and `npm run profile`: installs what is missing, then runs bench/run.ts or bench/profile.ts. Plain
// JavaScript for Node 20.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { findNode } from "./find-node.mjs";
import { installPackages } from "./install-packages.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
try {
  await installPackages(root, "the development packages");
  const profile = process.argv[2] === "profile";
  const program = join(root, "bench", profile ? "profile.ts" : "run.ts");
  const run = spawn(findNode(root), [program, ...process.argv.slice(profile ? 3 : 2)], { stdio: "inherit" });
  run.on("exit", (code) => process.exit(code ?? 1));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
