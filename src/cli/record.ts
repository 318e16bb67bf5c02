import { Command } from "commander";
import { runServe, serveFlags, type ServeFlags } from "./serve.ts";
import { collectPattern, REDACT_FLAG } from "./tape-flags.ts";
import { printError } from "./terminal.ts";

interface RecordFlags extends ServeFlags {
  tape: string;
  redact?: RegExp[];
}

export function recordCommand(): Command {
  return serveFlags(
    new Command("record")
      .description("Serve, and write every exchange with Google on a tape that `serve --replay` plays.")
      .requiredOption("--tape <file>", "the tape to write; it must be new"),
  )
    .option("--redact <pattern>", REDACT_FLAG, collectPattern)
    .addHelpText(
      "after",
      `
Prompts and answers are on the tape: they are what it is for. Read it before you share it. Keys, tokens, cookies,
project ids, service accounts, e-mail addresses, phone and card numbers and IP addresses are replaced before anything is
written; names of people, and what else only a reader would know, are not: --redact takes patterns for those, which
\`serve --replay\` must be given as well. The file is readable by its owner alone.

Examples:
  GEMINI_API_KEY=… pollux record --tape tape.jsonl
  pollux record --tape tape.jsonl --config pollux.yaml --port 8080
  pollux record --tape tape.jsonl --redact 'EMP-\\d+' --redact 'Jane Doe'
  pollux serve --replay tape.jsonl`,
    )
    .action((flags: RecordFlags) => run(flags));
}

async function run(flags: RecordFlags): Promise<void> {
  const { startRecording } = await import("../tapes/tape-session.ts");
  return runServe(
    flags,
    startRecording({
      tape: flags.tape,
      redact: flags.redact ?? [],
      report: (problem) => printError(problem),
    }),
  );
}
