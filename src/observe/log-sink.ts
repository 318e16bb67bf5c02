/**
 * Where log lines go: a file descriptor that may be slow, or a pipe that nobody reads. Writing never waits: what
 * cannot be written is kept up to a bound, and what goes beyond it is dropped and counted.
 */
import { write, writeSync } from "node:fs";

/** A few seconds of a busy gateway's lines. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/** One write: what a pipe takes at once is less, and the rest is written next. */
const MAX_WRITE_BYTES = 64 * 1024;
/** A pipe that is full and does not block is tried again after this. */
const RETRY_MS = 50;

export interface LogSink {
  /** One line, with its line break. */
  write(line: string): void;
  /** Lines that were dropped. */
  readonly dropped: number;
  /** Resolves when all has been written, or after `ms`: a reader that is stuck must not hold the process. */
  flush(ms: number): Promise<void>;
  /** For a process that ends this instant: waits for the descriptor, unless something waits for it already. */
  lastWords(line: string): void;
}

/** @param fd for example 2, the standard error */
export function logSink(fd: number, maxBufferedBytes = MAX_BUFFERED_BYTES): LogSink {
  return new DescriptorSink(fd, maxBufferedBytes);
}

class DescriptorSink implements LogSink {
  readonly #fd: number;
  readonly #maxBufferedBytes: number;
  #lines: string[] = [];
  /** UTF-16 units of the lines; log lines are almost only ASCII. */
  #buffered = 0;
  /** What is being written now. */
  #current: Buffer | undefined;
  #writing = false;
  /** The other side is gone for good. */
  #broken = false;
  #waiting: (() => void)[] = [];
  dropped = 0;

  constructor(fd: number, maxBufferedBytes: number) {
    this.#fd = fd;
    this.#maxBufferedBytes = maxBufferedBytes;
  }

  write(line: string): void {
    if (this.#broken || this.#buffered + line.length > this.#maxBufferedBytes) {
      this.dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#buffered += line.length;
    // Lines of the same turn go out together.
    if (this.#writing) return;
    this.#writing = true;
    setImmediate(() => this.#next());
  }

  flush(ms: number): Promise<void> {
    if (!this.#writing) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  lastWords(line: string): void {
    if (this.#writing) return;
    try {
      writeSync(this.#fd, line);
    } catch {
      // Nobody is left to be told.
    }
  }

  /** In a thread of the pool: a descriptor that blocks holds that thread, and not the event loop. */
  #next(): void {
    this.#current ??= this.#take();
    const chunk = this.#current;
    if (chunk === undefined) {
      this.#writing = false;
      for (const resolve of this.#waiting.splice(0)) resolve();
      return;
    }
    write(this.#fd, chunk, (error, written) => {
      if (error !== null) this.#failed(error);
      else {
        this.#current = written < chunk.length ? chunk.subarray(written) : undefined;
        this.#next();
      }
    });
  }

  #take(): Buffer | undefined {
    if (this.#lines.length === 0) return undefined;
    let size = 0;
    let count = 0;
    while (count < this.#lines.length && (count === 0 || size < MAX_WRITE_BYTES)) {
      size += this.#lines[count]!.length;
      count += 1;
    }
    this.#buffered -= size;
    return Buffer.from(this.#lines.splice(0, count).join(""));
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (error.code === "EAGAIN" || error.code === "EINTR") {
      setTimeout(() => this.#next(), RETRY_MS).unref();
      return;
    }
    this.#broken = true;
    this.dropped += this.#lines.length;
    this.#lines = [];
    this.#buffered = 0;
    this.#current = undefined;
    this.#next();
  }
}
