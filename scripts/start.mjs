// `npm start`: installs what is missing, then runs the gateway. Arguments after `--` go to `pollux serve`.
// Plain JavaScript: on a fresh clone this runs on the machine's own Node (20 or newer).
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { findNode } from "./find-node.mjs";
import { installPackages } from "./install-packages.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

let node;
try {
  await installPackages(root, "the development packages");
  node = findNode(root);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

const server = spawn(node, [join(root, "src", "cli", "main.ts"), "serve", ...process.argv.slice(2)], {
  stdio: "inherit",
});

// A terminal's Ctrl-C reaches the whole process group by itself; a supervisor's signal reaches only this process.
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => server.kill(signal));
process.on("SIGINT", () => {
  if (!process.stdin.isTTY) server.kill("SIGINT");
});

// npm passes a signal to the shell between itself and this script, and that shell does not pass it on. Without its
// parent this script would hold the port with nobody left to stop it.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) server.kill("SIGTERM");
}, 500).unref();

server.on("error", (error) => {
  process.stderr.write(`The gateway could not be started with ${node}: ${error.message}\n`);
  process.exit(1);
});
server.on("exit", (code, signal) => {
  process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
});
