import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const MODULE = fileURLToPath(new URL("malloc-trim.ts", import.meta.url));

/** glibc has the function, and Node.js 26 on these machines the means to call it. */
const IS_KNOWN =
  process.platform === "linux" &&
  ["x64", "arm64"].includes(process.arch) &&
  process.getBuiltinModule("node:module").builtinModules.includes("node:ffi") &&
  Object.hasOwn((process.report.getReport() as unknown as { header: object }).header, "glibcVersionRuntime");

/** 60 MiB in blocks that malloc does not map on their own, of which a few stay, so that what is free lies between them. */
const FREED_BETWEEN = `
  const { trimMalloc } = await import(${JSON.stringify(MODULE)});
  let blocks = Array.from({ length: 3000 }, () => new Uint8Array(20 * 1024).fill(1));
  const kept = blocks.filter((_, index) => index % 50 === 49);
  blocks = undefined;
  gc();
  const before = process.memoryUsage.rss();
  let trimmed = false;
  let freed = 0;
  // The memory of array buffers is freed by a thread of its own, which a busy machine may let wait.
  for (let attempt = 0; attempt < 100 && freed <= 20; attempt += 1) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    trimmed = trimMalloc();
    if (!trimmed) break;
    freed = Math.round((before - process.memoryUsage.rss()) / 1024 / 1024);
  }
  console.log(JSON.stringify({ trimmed, freed, kept: kept.length }));
`;

function inProcess(...flags: string[]): { trimmed: boolean; freed: number; output: string } {
  const argv = [...flags, "--expose-gc", "--input-type=module", "-e", `${FREED_BETWEEN}`];
  const output = execFileSync("sh", ["-c", 'exec "$0" "$@" 2>&1', process.execPath, ...argv], {
    encoding: "utf8",
  });
  const lines = output.trim().split("\n");
  return { ...(JSON.parse(lines.at(-1)!) as { trimmed: boolean; freed: number }), output };
}

describe("trimMalloc", () => {
  test.runIf(IS_KNOWN)("gives back what is free between what is in use, and says nothing", () => {
    const { trimmed, freed, output } = inProcess();
    expect(trimmed).toBe(true);
    expect(freed).toBeGreaterThan(20);
    expect(output.trim().split("\n")).toHaveLength(1);
  });

  test.runIf(IS_KNOWN)("leaves memory where it is if Node.js may not call it", () => {
    const { trimmed, output } = inProcess("--no-experimental-ffi");
    expect(trimmed).toBe(false);
    expect(output.trim().split("\n")).toHaveLength(1);
  });
});
