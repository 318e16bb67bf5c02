// Installs npm packages only when what is on disk differs from the lockfile, so that a second run needs no network.
// Plain JavaScript: this runs before anything is installed, on the machine's own Node (20 or newer).
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Reads a JSON file, or gives undefined when it is missing or broken. */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * Whether `node_modules` holds what `package-lock.json` asks for. npm writes `node_modules/.package-lock.json` as
 * the last step of an installation, so a half-finished one counts as missing.
 * https://docs.npmjs.com/cli/configuring-npm/package-lock-json#hidden-lockfiles
 */
export function isInstalled(directory) {
  const wanted = readJson(join(directory, "package-lock.json"))?.packages;
  const present = readJson(join(directory, "node_modules", ".package-lock.json"))?.packages;
  if (wanted === undefined || present === undefined) return false;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "") continue;
    const installed = present[path];
    // Optional packages are those of other platforms; npm leaves them out here.
    if (installed === undefined && (entry.optional === true || entry.peer === true)) continue;
    if (installed?.version !== entry.version || installed?.integrity !== entry.integrity) return false;
    if (!existsSync(join(directory, path))) return false;
  }
  return true;
}

/** The npm that started this script, else the one on PATH. */
function npmCommand() {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  // Not process.execPath: that may be node_modules/.bin/node, which `npm ci` is about to delete.
  if (script !== undefined && node !== undefined && existsSync(script) && existsSync(node)) {
    return { command: node, leading: [script], shell: false };
  }
  return { command: "npm", leading: [], shell: process.platform === "win32" };
}

/**
 * Runs `npm ci` in a directory when its packages are missing or differ from the lockfile.
 * Resolves to "present" or "installed"; rejects with an Error that says what failed.
 */
export async function installPackages(directory, what, { quiet = false } = {}) {
  if (isInstalled(directory)) return "present";
  const count = Object.keys(readJson(join(directory, "package-lock.json"))?.packages ?? {}).length;
  const started = Date.now();
  process.stdout.write(`Installing ${what} (${count} packages; once, later runs need no network) ...\n`);
  const { command, leading, shell } = npmCommand();
  const argv = [...leading, "ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const [code, output] = await new Promise((resolve, reject) => {
    const child = spawn(command, argv, {
      cwd: directory,
      shell,
      stdio: ["ignore", quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"],
    });
    let text = "";
    child.stdout?.on("data", (chunk) => (text += chunk));
    child.stderr?.on("data", (chunk) => (text += chunk));
    child.on("error", reject);
    child.on("close", (status, signal) => resolve([signal ?? status, text]));
  });
  if (code !== 0) {
    throw new Error(
      `${output === "" ? "" : `${output.trim()}\n`}npm ci failed (${code}) while installing ${what}; npm's own words are ` +
        "above. The first run needs the npm registry: check the network and npm's proxy settings, then try again.",
    );
  }
  process.stdout.write(`Installed ${what} in ${((Date.now() - started) / 1000).toFixed(1)} s.\n`);
  return "installed";
}
