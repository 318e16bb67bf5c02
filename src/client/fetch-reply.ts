import type { RequestRecord } from "../observe/request-record.ts";
import type { Reply } from "../gateway/exchange.ts";

/** Pushes an answer into a WHATWG `Response`. */
export class FetchReply implements Reply {
  /** Settles when the head is known; rejects with an `AbortError` when the caller's signal fires first. */
  readonly response: Promise<Response>;
  #resolve: (response: Response) => void = () => {};
  #reject: (reason: unknown) => void = () => {};
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #headSent = false;
  #closed = false;
  #onDrain: () => void = () => {};
  #onClose: () => void = () => {};
  readonly #record: RequestRecord;
  #complete = false;
  readonly #encoder = new TextEncoder();

  /** @param record ends with the answer */
  constructor(signal: AbortSignal, record: RequestRecord) {
    this.#record = record;
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const abort = (): void => {
      this.#close();
      this.#reject(signal.reason);
      // Also when all has been written: what was not read yet is not to be had any more, as with `fetch`.
      this.#controller?.error(signal.reason);
    };
    if (signal.aborted) queueMicrotask(abort);
    else signal.addEventListener("abort", abort, { once: true });
  }

  get headSent(): boolean {
    return this.#headSent;
  }

  get closed(): boolean {
    return this.#closed;
  }

  head(status: number, headers: Record<string, string>): void {
    if (this.#closed || this.#headSent) return;
    this.#headSent = true;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#onDrain(),
      cancel: () => this.#close(),
    });
    this.#resolve(new Response(body, { status, headers }));
  }

  write(data: string | Buffer): boolean {
    if (this.#closed) return true;
    const bytes = typeof data === "string" ? this.#encoder.encode(data) : data;
    this.#record.bytes += bytes.length;
    this.#controller?.enqueue(bytes);
    return (this.#controller?.desiredSize ?? 0) > 0;
  }

  end(data?: string | Buffer): void {
    if (this.#closed) return;
    if (data !== undefined) this.write(data);
    this.#controller?.close();
    this.#complete = true;
    this.#close();
  }

  destroy(): void {
    if (this.#closed) return;
    const error = new TypeError("terminated");
    this.#reject(error);
    this.#controller?.error(error);
    this.#close();
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
    if (this.#closed) listener();
  }

  /** The answer is complete, or its reader has gone. */
  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
    this.#record.end(this.#complete);
  }
}
