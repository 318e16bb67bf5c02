import { inspect } from "node:util";
import { Command } from "commander";
import { SettingsError } from "../settings.ts";
import { printError } from "./terminal.ts";

/** One of the processes of `serve --workers`, which starts it. */
export function workerCommand(): Command {
  return new Command("worker").action(async () => {
    if (process.send === undefined) {
      throw new SettingsError(
        "pollux worker",
        "it is not for use by itself; `pollux serve --workers` starts it.",
      );
    }
    try {
      const { runWorker } = await import("../workers/worker.ts");
      runWorker();
    } catch (error) {
      printError(inspect(error));
      // The channel to the process that started this one would hold it.
      process.exit(1);
    }
  });
}
