// Makes a Python virtual environment hold exactly a requirements file, and leaves it alone when it already does.
// Plain JavaScript for Node 20.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const onWindows = process.platform === "win32";

/** The first Python 3 that starts, with its version: `{ command, version }`. Throws an Error when there is none. */
export async function findPython(run) {
  for (const command of [process.env["PYTHON"], "python3", "python"]) {
    if (command === undefined || command === "") continue;
    const { code, output } = await run(command, ["--version"], { capture: true });
    const version = /^Python (3\.\S+)/.exec(output)?.[1];
    if (code === 0 && version !== undefined) return { command, version };
  }
  throw new Error("no Python 3 found; install python3 and python3-venv, or set PYTHON to its path");
}

/**
 * Creates or renews the environment in `directory` from `requirements` (a path) and returns its Python's path.
 * Throws an Error with the end of the tool's output when the environment or a package cannot be had.
 */
export async function pythonEnvironment({ run, python, directory, requirements }) {
  const binary = join(directory, onWindows ? "Scripts/python.exe" : "bin/python");
  const stamp = join(directory, "installed.sha256");
  const wanted = createHash("sha256").update(python.version).update(readFileSync(requirements)).digest("hex");
  if (readStamp(stamp) === wanted) {
    // A folder that was moved or copied keeps its stamp but not a Python that starts.
    const { code } = await run(binary, ["-c", "import pytest, openai"], { capture: true });
    if (code === 0) return binary;
  }
  const venv = await run(python.command, ["-m", "venv", "--clear", directory], { capture: true });
  if (venv.code !== 0) throw new Error(`python -m venv failed: ${lastLines(venv.output)}`);
  const pip = await run(
    binary,
    ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "-r", requirements],
    { capture: true },
  );
  if (pip.code !== 0) throw new Error(`pip install failed: ${lastLines(pip.output)}`);
  writeFileSync(stamp, wanted);
  return binary;
}

function readStamp(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function lastLines(text) {
  return text.trim().split("\n").slice(-4).join("\n");
}
