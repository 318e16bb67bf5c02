import { Command } from "commander";
import { ConfigError, describeProblem, type LoadedConfig, readConfig } from "../config/config.ts";
import { findLocalServers } from "../config/local-servers.ts";
import { type Diagnosis, diagnose, type Scene } from "../doctor/doctor.ts";
import { openUpstreams } from "../doctor/open-upstreams.ts";
import { SettingsError } from "../settings.ts";
import { existingFile } from "./config.ts";
import { print } from "./terminal.ts";

interface DoctorFlags {
  config?: string;
  call?: boolean;
  json?: boolean;
}

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("Find out whether a gateway would work here, and what to do where it would not.")
    .option("--config <file>", "configuration file (POLLUX_CONFIG); without one the environment decides")
    .option("--call", "ask each model to generate one token, which is billed, instead of counting tokens")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Exit code: 0 nothing fails (there may be warnings), 1 something does.

Examples:
  pollux doctor
  pollux doctor --config pollux.yaml --json
  pollux doctor --call`,
    )
    .action((flags: DoctorFlags) => run(flags));
}

async function run(flags: DoctorFlags): Promise<void> {
  const configuration = read(flags.config);
  const opened =
    "loaded" in configuration
      ? await openUpstreams(configuration.loaded.config, { env: process.env })
      : { upstreams: [], close: () => Promise.resolve() };
  try {
    const report = await diagnose({
      env: process.env,
      nodeVersion: process.versions.node,
      configuration,
      upstreams: opened.upstreams,
      call: flags.call === true,
      now: Date.now,
      localServers: () => findLocalServers(),
    });
    const ok = report.every(({ status }) => status !== "fail");
    print(flags.json === true ? JSON.stringify({ ok, checks: report }, null, 2) : describeReport(report));
    process.exitCode = ok ? 0 : 1;
  } finally {
    await opened.close();
  }
}

function read(file: string | undefined): Scene["configuration"] {
  try {
    const loaded: LoadedConfig = readConfig(process.env, {}, existingFile(file));
    return { loaded };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems.map(describeProblem) };
    if (error instanceof SettingsError) return { problems: [error.message] };
    throw error;
  }
}

/** One line for each finding, and below it what mends it. */
export function describeReport(report: readonly Diagnosis[]): string {
  const width = Math.max(...report.map(({ check }) => check.length));
  const lines = report.map(({ status, check, upstream, says, fix }) => {
    const about = upstream === undefined ? "" : `${upstream}: `;
    const line = `${status.padEnd(4)}  ${check.padEnd(width)}  ${about}${says}`;
    return fix === undefined ? line : `${line}\n${" ".repeat(width + 8)}fix: ${fix}`;
  });
  const count = (wanted: Diagnosis["status"]): number =>
    report.filter(({ status }) => status === wanted).length;
  return [...lines, "", `${count("ok")} ok, ${count("warn")} warn, ${count("fail")} fail`].join("\n");
}
