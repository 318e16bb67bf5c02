/** SSE comments on silent streams: proxies close connections that say nothing, and a thinking model may say nothing for minutes. */
import { comment } from "../wire/sse.ts";

/** The official SDKs and every SSE reader skip comment lines. */
export const KEEP_ALIVE_COMMENT = comment("keep-alive");

export interface SilentStream {
  /** `performance.now()` of the last write. */
  lastWriteAt: number;
  /** Called when the stream has been silent for the interval. */
  keepAlive(): void;
}

/** One timer for all streams: a timer each would cost more than the streams' own state. */
export class KeepAlive {
  readonly #streams = new Set<SilentStream>();
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param intervalMs silence after which a comment is due, in milliseconds; it may come a third later. 0: never */
  constructor(intervalMs = 10_000) {
    this.#intervalMs = intervalMs;
  }

  watch(stream: SilentStream): void {
    this.#streams.add(stream);
    if (this.#timer === undefined && this.#intervalMs > 0) {
      this.#timer = setInterval(() => this.#tick(), this.#intervalMs / 3).unref();
    }
  }

  forget(stream: SilentStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #tick(): void {
    const due = performance.now() - this.#intervalMs;
    for (const stream of this.#streams) {
      if (stream.lastWriteAt <= due) stream.keepAlive();
    }
  }
}
