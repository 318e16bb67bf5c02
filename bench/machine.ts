/** What the figures were measured on. */
import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import type { Results } from "./results.ts";
import { ROOT } from "./setup.ts";

/** For the head of the report. */
export function aboutTheMachine(): Pick<Results, "machine" | "date" | "commit"> {
  const memory = Math.round(totalmem() / 2 ** 30);
  return {
    machine: `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? "unknown"}), ${memory} GiB, Linux, Node ${process.versions.node}`,
    date: new Date().toISOString().slice(0, 10),
    commit: execFileSync("git", ["describe", "--always", "--dirty"], { cwd: ROOT, encoding: "utf8" }).trim(),
  };
}

/** Whether the built command can start several processes. */
export function hasWorkers(): boolean {
  const help = execFileSync(process.execPath, [join(ROOT, "dist/cli/main.js"), "serve", "--help"], {
    encoding: "utf8",
  });
  return help.includes("--workers");
}
