/** How `serve` is told to stop, and how long it takes. */

/** For what comes after the deadline of the answers: farewells, upstream connections. */
export const EXIT_GRACE_MS = 1_500;

/** For the last lines of the log, where somebody reads them. */
export const LOG_FAREWELL_MS = 500;

/** The next signal to stop. One that comes while nobody waits for it ends the process at once. */
export function signalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      resolve(signal);
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}
