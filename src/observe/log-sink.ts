/**
 * Where log lines go: a file descriptor that may be slow, or a pipe that nobody reads. Writing never waits: what
 * cannot be written is kept up to a bound, and what goes beyond it is dropped and counted.
 */
import { fstatSync, write, writeSync } from "node:fs";

/** A few seconds of a busy gateway's lines. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/** One write: what a pipe takes at once is less, and the rest is written next. */
const MAX_WRITE_BYTES = 64 * 1024;
/** Each write costs a thread a wake-up: those of a busy gateway follow one another by this much, and gather lines. */
const GATHER_MS = 100;
/** A pipe that is full and does not block is tried again after this. */
const RETRY_MS = 50;

export interface LogSink {
  /** One line, with its line break. */
  write(line: string): void;
  /** Lines that were dropped. */
  readonly dropped: number;
  /** Resolves when all has been written, or after `ms`: a reader that is stuck must not hold the process. */
  flush(ms: number): Promise<void>;
  /** For a process that ends this instant: waits for the descriptor with all there is, unless something waits for it already. */
  lastWords(line: string): void;
}

/** What Linux writes to a pipe in one piece (PIPE_BUF, pipe(7)). */
const WHOLE_WRITE_BYTES = 4096;

/** @param fd for example 2, the standard error */
export function logSink(fd: number, maxBufferedBytes = MAX_BUFFERED_BYTES): LogSink {
  return new DescriptorSink(fd, maxBufferedBytes, MAX_WRITE_BYTES);
}

/** For a descriptor that other processes write to as well: lines of at most 4 KiB are not mixed with theirs. */
export function sharedLogSink(fd: number): LogSink {
  const kind = fstatSync(fd);
  // Of a file, and of a device, every write is in one piece.
  const mixes = kind.isFIFO() || kind.isSocket();
  return new DescriptorSink(fd, MAX_BUFFERED_BYTES, mixes ? WHOLE_WRITE_BYTES : MAX_WRITE_BYTES);
}

class DescriptorSink implements LogSink {
  readonly #fd: number;
  readonly #maxBufferedBytes: number;
  /** Of one write, unless a single line is longer. */
  readonly #maxWriteBytes: number;
  #lines: string[] = [];
  /** UTF-16 units of the lines; log lines are almost only ASCII. */
  #buffered = 0;
  /** What is being written now, by the descriptor's thread. */
  #current: Buffer | undefined;
  #writing = false;
  /** Runs while lines are gathered for the next write. */
  #gathering: NodeJS.Timeout | undefined;
  /** `performance.now()` of the last write. */
  #writtenAt = -Infinity;
  /** The other side is gone for good. */
  #broken = false;
  #waiting: (() => void)[] = [];
  dropped = 0;

  constructor(fd: number, maxBufferedBytes: number, maxWriteBytes: number) {
    this.#fd = fd;
    this.#maxBufferedBytes = maxBufferedBytes;
    this.#maxWriteBytes = maxWriteBytes;
  }

  write(line: string): void {
    if (this.#broken || this.#buffered + line.length > this.#maxBufferedBytes) {
      this.dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#buffered += line.length;
    if (!this.#writing) {
      this.#writing = true;
      // Lines of the same turn go out together.
      setImmediate(this.#next);
    } else if (this.#gathering !== undefined && this.#buffered >= this.#maxWriteBytes) this.#next();
  }

  flush(ms: number): Promise<void> {
    if (!this.#writing) return Promise.resolve();
    if (this.#gathering !== undefined) this.#next();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  lastWords(line: string): void {
    // Part of a line may be out already.
    if (this.#current !== undefined) return;
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    try {
      writeSync(this.#fd, this.#lines.splice(0).join("") + line);
      this.#buffered = 0;
    } catch {
      // Nobody is left to be told.
    }
  }

  /** In a thread of the pool: a descriptor that blocks holds that thread, and not the event loop. */
  #next = (): void => {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    this.#current ??= this.#take();
    const chunk = this.#current;
    if (chunk === undefined) {
      this.#writing = false;
      for (const resolve of this.#waiting.splice(0)) resolve();
      return;
    }
    this.#writtenAt = performance.now();
    write(this.#fd, chunk, (error, written) => {
      if (error !== null) this.#failed(error);
      else {
        this.#current = written < chunk.length ? chunk.subarray(written) : undefined;
        this.#gather();
      }
    });
  };

  /** After a write: the next one at once where there is enough for it or somebody waits, otherwise a little later. */
  #gather(): void {
    const isUrgent =
      this.#current !== undefined || this.#buffered >= this.#maxWriteBytes || this.#waiting.length > 0;
    const wait = this.#writtenAt + GATHER_MS - performance.now();
    if (isUrgent || wait <= 0) this.#next();
    else this.#gathering = setTimeout(this.#next, wait);
  }

  #take(): Buffer | undefined {
    if (this.#lines.length === 0) return undefined;
    let size = 0;
    let count = 0;
    for (const line of this.#lines) {
      if (count > 0 && size + line.length > this.#maxWriteBytes) break;
      size += line.length;
      count += 1;
    }
    this.#buffered -= size;
    return Buffer.from(this.#lines.splice(0, count).join(""));
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (error.code === "EAGAIN" || error.code === "EINTR") {
      setTimeout(this.#next, RETRY_MS).unref();
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
