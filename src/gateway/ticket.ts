import type { GatewayError } from "../errors.ts";
import type { HeldBody } from "./body-memory.ts";
import type { Line, Waiter } from "./fair-queue.ts";

/** What one request holds of the limits. Only `Admission` changes it. */
export class Ticket implements Waiter<Ticket>, HeldBody {
  readonly line: Line<Ticket>;
  /** It came with an access key, whose limit counts for it. */
  readonly hasKey: boolean;
  before: Ticket | undefined;
  after: Ticket | undefined;
  waits = false;
  heldBytes = 0;
  isLarge = false;
  /** Counted among those under way. */
  runs = false;
  /** Counted among the streams. */
  streams = false;
  /** Given back: it takes nothing any more. */
  ended = false;
  #turn: { resolve: () => void; reject: (error: GatewayError) => void; timer: NodeJS.Timeout } | undefined;

  constructor(line: Line<Ticket>, hasKey: boolean) {
    this.line = line;
    this.hasKey = hasKey;
  }

  /** Until `settle`; `late` is called after `ms` without one. */
  turn(ms: number, late: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#turn = { resolve, reject, timer: setTimeout(late, ms).unref() };
    });
  }

  /** @param error undefined when its turn has come */
  settle(error?: GatewayError): void {
    const turn = this.#turn;
    if (turn === undefined) return;
    this.#turn = undefined;
    clearTimeout(turn.timer);
    if (error === undefined) turn.resolve();
    else turn.reject(error);
  }
}
