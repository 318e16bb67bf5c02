// Runs one tool of the test run as a child process, with the right Node first on PATH. Plain JavaScript for Node 20.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** No single part may hang the run: the whole of it is meant to stay under twenty minutes. */
const LONGEST_MS = 900_000;

const running = new Set();
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    for (const child of running) child.kill(signal);
    process.exit(128 + constants.signals[signal]);
  });
}

/**
 * A function `run(command, argv, options)` for tools of this repository. Options: `cwd`, `env` (added variables) and
 * `capture` (keep the output instead of showing it). Resolves to `{ code, output }`; `code` is null for a tool that
 * could not be started or was stopped, and `output` then says why.
 */
export function toolRunner(root, node) {
  const path = [dirname(node), join(root, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(delimiter);
  return (command, argv, { cwd = root, env = {}, capture = false } = {}) =>
    new Promise((resolve) => {
      const child = spawn(command, argv, {
        cwd,
        env: { ...process.env, PATH: path, ...env },
        shell: process.platform === "win32",
        stdio: ["ignore", capture ? "pipe" : "inherit", capture ? "pipe" : "inherit"],
      });
      running.add(child);
      let output = "";
      child.stdout?.on("data", (chunk) => (output += chunk));
      child.stderr?.on("data", (chunk) => (output += chunk));
      const limit = setTimeout(() => {
        output += `\n${command} was stopped after ${LONGEST_MS / 1000} s.`;
        child.kill("SIGKILL");
      }, LONGEST_MS);
      const finish = (code, why) => {
        clearTimeout(limit);
        running.delete(child);
        resolve({ code, output: output + why });
      };
      child.on("error", (error) => finish(null, `${command}: ${error.message}`));
      child.on("close", (code) => finish(code, ""));
    });
}
