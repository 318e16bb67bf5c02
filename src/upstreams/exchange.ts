import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { Connection, ConnectionPool } from "./connection-pool.ts";
import { handedOut, isList, lengthOf, piecesOf } from "./sent-body.ts";
import {
  badAnswer,
  busyFailure,
  connectFailure,
  exchangeFailure,
  isSocketLoss,
  nameTimeout,
  timeoutFailure,
} from "./transport-error.ts";
import type {
  UpstreamBody,
  UpstreamCall,
  UpstreamReceiver,
  UpstreamRequest,
  UpstreamTimeouts,
} from "./upstream.ts";

/** `queued`: no connection is free. `connecting`: given to undici. `sent`: written. `answering`: head received. */
type State = "queued" | "connecting" | "sent" | "answering" | "ended";

/**
 * A server that closes an idle connection while we write to it shows within a round trip. A reset that comes later
 * hits a request the server has begun on, and repeating that could pay for the same answer twice.
 */
const STALE_SOCKET_WINDOW_MS = 1_000;

/** Larger bodies are let go of as they are sent: a stream may last for many minutes. */
const LARGE_BODY = 16 * 1024;

/** Little in many pieces is cheaper sent as one. */
function small(body: UpstreamBody | undefined): Buffer | undefined {
  return body !== undefined && isList(body) && lengthOf(body) < LARGE_BODY ? Buffer.concat(body) : undefined;
}

/** undici wants a reason; nobody gets to see it, and one made each time would cost a stack trace. */
const ABORTED = new Error("the call was aborted");

/** One request and its answer. Every way out goes through `#end`, once. */
export class Exchange implements UpstreamCall, Dispatcher.DispatchHandler {
  /** Let go once it can no longer be needed: a body may be tens of megabytes, and an answer may take long. */
  #request: UpstreamRequest | undefined;
  readonly #origin: string;
  readonly #timeouts: UpstreamTimeouts;
  readonly #receiver: UpstreamReceiver;
  readonly #pool: ConnectionPool;
  readonly #onEnded: (exchange: Exchange) => void;

  #state: State = "queued";
  #connection: Connection | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #paused = false;
  /** Some byte of the answer has come. */
  #answered = false;
  #reused = false;
  #retried = false;
  /** Set between a failure and the moment it is told. */
  #report: Error | undefined;

  /** Milliseconds of the monotonic clock. `#since` is when the present wait began. */
  readonly #startedAt = performance.now();
  #since = this.#startedAt;
  #timer: NodeJS.Timeout | undefined;
  #timerFiresAt = Infinity;

  constructor(
    request: UpstreamRequest,
    receiver: UpstreamReceiver,
    pool: ConnectionPool,
    onEnded: (exchange: Exchange) => void,
  ) {
    this.#request = request;
    this.#origin = request.origin;
    this.#timeouts = request.timeouts;
    this.#receiver = receiver;
    this.#pool = pool;
    this.#onEnded = onEnded;
  }

  start(): void {
    const connection = this.#pool.acquire();
    if (connection !== undefined) this.#dispatch(connection);
    else if (this.#pool.wait(this.#take)) this.#watch();
    else this.#fail(busyFailure(this.#origin));
  }

  // What the gateway may do.

  abort(): void {
    this.#report = undefined;
    if (this.#state !== "ended") this.#end();
  }

  pause(): void {
    this.#paused = true;
    this.#controller?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    // Our own pause was no silence of the upstream's.
    this.#since = performance.now();
    this.#watch();
    this.#controller?.resume();
  }

  // What undici tells.

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const connection = this.#connection;
    if (this.#state !== "connecting" || connection === undefined) {
      controller.abort(ABORTED);
      return;
    }
    this.#controller = controller;
    this.#reused = connection.served > 0;
    connection.served += 1;
    this.#enter("sent");
  }

  onResponseStarted(): void {
    this.#answered = true;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#state !== "sent" || status < 200) return;
    const encoding = headers["content-encoding"];
    if (encoding !== undefined && encoding !== "identity" && encoding !== "") {
      this.#fail(badAnswer(this.#origin, "it was compressed although no compression was asked for"));
      return;
    }
    this.#letGoOfRequest();
    this.#enter("answering");
    if (this.#paused) controller.pause();
    this.#receiver.onHead(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#state !== "answering") return;
    this.#since = performance.now();
    this.#receiver.onData(chunk);
  }

  onResponseEnd(): void {
    if (this.#state !== "answering") return;
    const connection = this.#connection;
    // Nothing is left to abort or to discard.
    this.#connection = undefined;
    this.#controller = undefined;
    this.#end();
    if (connection !== undefined) this.#pool.release(connection);
    this.#receiver.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#state === "ended") return;
    if (this.#state === "sent" && this.#isStaleSocket(error) && this.#connection !== undefined) {
      this.#retried = true;
      this.#controller = undefined;
      this.#dispatch(this.#pool.replace(this.#connection));
      return;
    }
    if (this.#state === "connecting") this.#fail(connectFailure(this.#origin, error));
    else this.#fail(exchangeFailure(this.#origin, error, this.#state === "answering"));
  }

  #take = (connection: Connection): void => {
    this.#dispatch(connection);
  };

  #dispatch(connection: Connection): void {
    const request = this.#request;
    if (request === undefined) return;
    this.#connection = connection;
    connection.onConnectError = (error) => {
      if (this.#state === "connecting") this.#fail(connectFailure(this.#origin, error));
    };
    this.#enter("connecting");
    const { method, path } = request;
    const body = small(request.body) ?? request.body;
    const headers = { "user-agent": "pollux", ...request.headers, "accept-encoding": "identity" };
    if (body === undefined || (!isList(body) && body.length < LARGE_BODY)) {
      connection.client.dispatch({ method, path, headers, ...(body === undefined ? {} : { body }) }, this);
      return;
    }
    const pieces = piecesOf(body);
    const length = String(lengthOf(pieces));
    // undici takes any iterable of pieces; its declarations do not say so.
    const sending = handedOut(pieces) as Iterable<Uint8Array> as unknown as Readable;
    connection.client.dispatch(
      { method, path, headers: { ...headers, "content-length": length }, body: sending },
      this,
    );
  }

  /** The body is a string or bytes, so it can be sent again as it was. */
  #isStaleSocket(error: Error): boolean {
    return (
      this.#reused &&
      !this.#retried &&
      !this.#answered &&
      isSocketLoss(error) &&
      performance.now() - this.#since < STALE_SOCKET_WINDOW_MS
    );
  }

  #fail(error: Error): void {
    if (this.#state === "ended") return;
    const mayBeInsideSend = this.#state === "queued" || this.#state === "connecting";
    this.#end();
    if (!mayBeInsideSend) {
      this.#receiver.onError(error);
      return;
    }
    // The caller may not hold this call yet; an abort before the report still silences it.
    this.#report = error;
    queueMicrotask(() => {
      if (this.#report !== undefined) this.#receiver.onError(this.#report);
    });
  }

  #end(): void {
    this.#state = "ended";
    clearTimeout(this.#timer);
    this.#letGoOfRequest();
    this.#pool.stopWaiting(this.#take);
    this.#controller?.abort(ABORTED);
    this.#controller = undefined;
    if (this.#connection !== undefined) this.#pool.discard(this.#connection);
    this.#connection = undefined;
    this.#onEnded(this);
  }

  #letGoOfRequest(): void {
    this.#request = undefined;
  }

  #enter(state: State): void {
    this.#state = state;
    this.#since = performance.now();
    this.#watch();
  }

  /** When the present wait is too long, on the monotonic clock; `Infinity` for never. */
  #deadline(): number {
    const { connectMs, firstByteMs, idleMs, totalMs } = this.#timeouts;
    const total = totalMs > 0 ? this.#startedAt + totalMs : Infinity;
    const phaseMs =
      this.#state === "answering"
        ? this.#paused
          ? 0
          : idleMs
        : this.#state === "sent"
          ? firstByteMs
          : connectMs;
    return phaseMs > 0 ? Math.min(total, this.#since + phaseMs) : total;
  }

  /**
   * One timer for all deadlines. It is left alone when it fires too early, which is the usual case: looking again
   * then is cheaper than moving it with every chunk.
   */
  #watch(): void {
    const deadline = this.#deadline();
    if (deadline >= this.#timerFiresAt) return;
    clearTimeout(this.#timer);
    this.#timerFiresAt = deadline;
    const delay = Math.min(Math.ceil(Math.max(1, deadline - performance.now())), 2 ** 31 - 1);
    this.#timer = setTimeout(this.#onTimer, delay);
    this.#timer.unref();
  }

  #onTimer = (): void => {
    this.#timerFiresAt = Infinity;
    if (this.#deadline() > performance.now()) this.#watch();
    // After this program itself was busy for long, the answer may be waiting to be read: that comes first.
    else setImmediate(this.#onLate);
  };

  #onLate = (): void => {
    if (this.#state === "ended") return;
    if (this.#deadline() > performance.now()) this.#watch();
    else this.#fail(this.#timedOut());
  };

  #timedOut(): Error {
    const { connectMs, firstByteMs, idleMs, totalMs } = this.#timeouts;
    if (totalMs > 0 && performance.now() - this.#startedAt >= totalMs) {
      return timeoutFailure(this.#origin, "total", totalMs);
    }
    switch (this.#state) {
      case "queued":
        return busyFailure(this.#origin);
      case "answering":
        return timeoutFailure(this.#origin, "idle", idleMs);
      case "sent":
        return timeoutFailure(this.#origin, "first_byte", firstByteMs);
      default:
        if (this.#connection?.found === false) return nameTimeout(this.#origin, connectMs);
        return timeoutFailure(this.#origin, "connect", connectMs);
    }
  }
}
