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

/** What the signal after the first one asks for: an end at once. */
export interface Hurry {
  /** Fires when it comes. */
  signal: AbortSignal;
  /** Ends the process: by that signal, as if it had not been caught, where it has come. */
  end: () => void;
}

/** Waits for that signal from now on. */
export function hurrying(): Hurry {
  const hurry = new AbortController();
  let again: NodeJS.Signals | undefined;
  void signalled().then((signal) => {
    again = signal;
    hurry.abort();
  });
  return {
    signal: hurry.signal,
    end: () => {
      // Whoever waits for the process learns that it was cut short.
      if (again !== undefined) process.kill(process.pid, again);
      // A log that nobody reads would hold the process.
      else process.exit();
    },
  };
}
