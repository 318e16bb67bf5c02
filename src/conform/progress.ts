/** How far a run is: one line that is written over on a terminal, a line now and then elsewhere. */
import type { CaseResult } from "./result.ts";

const EVERY = 25;

export interface Progress {
  onResult: (result: CaseResult) => void;
  end(): void;
}

export function showProgress(
  total: number,
  to: { isTTY?: boolean; columns?: number; write: (text: string) => unknown },
): Progress {
  let done = 0;
  let failed = 0;
  const terminal = to.isTTY === true;
  return {
    onResult: ({ outcome, case: one }) => {
      done += 1;
      if (outcome === "failed") failed += 1;
      const counts = `${done}/${total}${failed === 0 ? "" : `, ${failed} failed`}`;
      if (terminal) to.write(`\r\x1b[K${`${counts}  ${one.id}`.slice(0, (to.columns ?? 80) - 1)}`);
      else if (done % EVERY === 0 || done === total) to.write(`${counts}\n`);
    },
    end: () => {
      if (terminal) to.write("\r\x1b[K");
    },
  };
}
