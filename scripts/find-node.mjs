// Finds a Node that runs TypeScript directly: the one installed as a development package, else the machine's own.
// Plain JavaScript: this runs on Node 20.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** From this major on, Node runs the sources as they are. https://nodejs.org/api/typescript.html */
const OLDEST_MAJOR = 24;

/** The major version of a Node binary, or undefined when it does not start. */
function majorOf(binary) {
  const { stdout, status } = spawnSync(binary, ["--version"], { encoding: "utf8" });
  const match = status === 0 ? /^v(\d+)\./.exec(stdout) : null;
  return match === null ? undefined : Number(match[1]);
}

/** Every Node that could serve, the installed development package first. */
function candidates(root) {
  const name = process.platform === "win32" ? "node.exe" : "node";
  const onPath = (process.env["PATH"] ?? "").split(delimiter).map((directory) => join(directory, name));
  return [join(root, "node_modules", "node", "bin", name), process.execPath, ...onPath].filter(existsSync);
}

/**
 * The path of a Node of version 24 or newer.
 * Throws an Error with the ways out when there is none: npm 12 does not run the script that fetches Node unasked.
 */
export function findNode(root) {
  for (const binary of candidates(root)) {
    const major = majorOf(binary);
    if (major !== undefined && major >= OLDEST_MAJOR) return binary;
  }
  throw new Error(
    [
      `Pollux runs on Node ${OLDEST_MAJOR} or newer and this machine has ${process.version}.`,
      "A newer Node normally comes with the installation, as the development package `node`, but npm did not run",
      "that package's install script. Do one of these, then run the command again:",
      `  - install Node ${OLDEST_MAJOR} or newer: https://nodejs.org/en/download`,
      "  - allow the script and install again: npm install-scripts approve node && npm rebuild node",
      "    (on npm 11 and older: npm rebuild node --ignore-scripts=false)",
    ].join("\n"),
  );
}
