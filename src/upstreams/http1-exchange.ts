/** One request and its answer over the gateway's own HTTP/1.1 client. Every way out goes through `#end`, once. */
import type { ConnectionUser, Http1Connection } from "./http1-connection.ts";
import { deadlineOf, type Phase, timedOut } from "./http1-deadlines.ts";
import type { FramingError } from "../wire/http1-framing-error.ts";
import type { Http1Pool, Waiting } from "./http1-pool.ts";
import { type RequestText, requestText } from "./http1-request-text.ts";
import type { ResponseParser } from "./http1-response-parser.ts";
import type { WheelEntry } from "./http1-timer-wheel.ts";
import { badAnswer, busyFailure, connectFailure, exchangeFailure, isSocketLoss } from "./transport-error.ts";
import type { UpstreamCall, UpstreamReceiver, UpstreamRequest, UpstreamTimeouts } from "./upstream.ts";

type State = Phase | "ended";

/**
 * A server that closes an idle connection while we write to it shows within a round trip. A reset that comes later
 * hits a request the server has begun on, and repeating that could pay for the same answer twice.
 */
const STALE_SOCKET_WINDOW_MS = 1_000;

export class Http1Exchange implements UpstreamCall, ConnectionUser, Waiting, WheelEntry {
  // The deadline while it is queued; after that it is the connection's.
  dueAt = Infinity;
  wheelTick = -1;
  wheelIndex = 0;

  /** Let go once it can no longer be needed: a body may be tens of megabytes, and an answer may take long. */
  #text: RequestText | undefined;
  readonly #origin: string;
  readonly #timeouts: UpstreamTimeouts;
  readonly #receiver: UpstreamReceiver;
  readonly #pool: Http1Pool;
  readonly #onEnded: () => void;

  #state: State = "queued";
  #connection: Http1Connection | undefined;
  #paused = false;
  /** Some byte of the answer has come. */
  #answered = false;
  #retried = false;
  #keepAliveHintMs = -1;
  /** The receiver is being told something; a `resume` from there is seen when it returns. */
  #telling = false;
  /** What came while the call was paused. */
  #heldBody: Buffer | undefined;
  #heldEnd = false;
  #heldError: Error | undefined;
  /** Set between a failure and the moment it is told. */
  #report: Error | undefined;

  /** Milliseconds of the monotonic clock. `#since` is when the present wait began. */
  readonly #startedAt = performance.now();
  #since = this.#startedAt;

  /** `onEnded` is called once, before the receiver is told of the end. */
  constructor(request: UpstreamRequest, receiver: UpstreamReceiver, pool: Http1Pool, onEnded: () => void) {
    this.#origin = request.origin;
    this.#timeouts = request.timeouts;
    this.#receiver = receiver;
    this.#pool = pool;
    this.#onEnded = onEnded;
  }

  start(request: UpstreamRequest): void {
    try {
      this.#text = requestText(request, this.#pool.address.host);
    } catch (mistake) {
      this.#fail(mistakeOf(mistake));
      this.#pool.leave();
      return;
    }
    const connection = this.#pool.acquire();
    if (connection !== undefined) this.#use(connection, this.#startedAt);
    else if (this.#pool.wait(this)) this.#watch();
    else this.#fail(busyFailure(this.#origin));
  }

  // What the gateway may do.

  abort(): void {
    this.#report = undefined;
    if (this.#state !== "ended") this.#end();
  }

  pause(): void {
    this.#paused = true;
    if (this.#state === "answering") this.#connection?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#state !== "answering") return;
    // Our own pause was no silence of the upstream's.
    this.#since = performance.now();
    this.#watch();
    this.#connection?.resume();
    if (!this.#telling) this.#tellHeld();
  }

  // What the pool and the connection tell.

  take(connection: Http1Connection): void {
    this.#pool.wheel.clear(this);
    this.#use(connection, performance.now());
  }

  onReady(): void {
    this.#send(performance.now());
  }

  onConnectError(error: Error): void {
    this.#fail(connectFailure(this.#origin, error));
  }

  onLost(error: Error): void {
    // Whole, but not all told yet.
    if (this.#heldEnd) return;
    const connection = this.#connection;
    if (this.#state === "sent" && connection !== undefined && this.#isStaleSocket(connection, error)) {
      this.#retried = true;
      this.#use(this.#pool.replace(connection), performance.now());
      return;
    }
    this.#tellLater(exchangeFailure(this.#origin, error, this.#state === "answering"));
  }

  onAnswer(parser: ResponseParser): void {
    this.#answered = true;
    const { head, body, ended, error } = parser;
    if (head !== undefined) {
      const encoding = head.headers["content-encoding"];
      if (encoding !== undefined && encoding !== "identity" && encoding !== "") {
        this.#fail(badAnswer(this.#origin, "it was compressed although no compression was asked for"));
        return;
      }
      this.#keepAliveHintMs = head.keepAliveMs;
      this.#text = undefined;
      this.#state = "answering";
    }
    if (this.#state === "answering") this.#since = performance.now();
    if (body !== undefined) {
      this.#heldBody = this.#heldBody === undefined ? body : Buffer.concat([this.#heldBody, body]);
    }
    if (ended) this.#heldEnd = true;
    if (head !== undefined) {
      this.#watch();
      if (this.#paused) this.#connection?.pause();
      this.#telling = true;
      try {
        this.#receiver.onHead(head.status, head.headers);
      } catch (mistake) {
        this.#fail(mistakeOf(mistake));
        return;
      } finally {
        this.#telling = false;
      }
    }
    if (error !== undefined) this.#tellLater(this.#unreadable(error));
    else this.#tellHeld();
  }

  onDue(): void {
    if (this.#state === "ended") return;
    if (this.#deadline() > performance.now()) this.#watch();
    else this.#fail(this.#timedOut());
  }

  /** Tells an error after what came before it. */
  #tellLater(error: Error): void {
    this.#heldError ??= error;
    this.#tellHeld();
  }

  #tellHeld(): void {
    const body = this.#heldBody;
    if (body !== undefined && !this.#paused && this.#state === "answering") {
      this.#heldBody = undefined;
      this.#telling = true;
      try {
        this.#receiver.onData(body);
      } catch (mistake) {
        this.#fail(mistakeOf(mistake));
        return;
      } finally {
        this.#telling = false;
      }
    }
    // Ended by the receiver, or paused with more to tell.
    if (this.#state === "ended" || this.#heldBody !== undefined) return;
    if (this.#heldError !== undefined) this.#fail(this.#heldError);
    else if (this.#heldEnd && !this.#paused) this.#finish();
  }

  #finish(): void {
    const connection = this.#connection;
    // Nothing is left to discard.
    this.#connection = undefined;
    if (connection !== undefined) this.#pool.release(connection, this.#keepAliveHintMs, this.#since);
    this.#end();
    try {
      this.#receiver.onEnd();
    } catch (mistake) {
      // Better told twice than to nobody.
      this.#receiver.onError(mistakeOf(mistake));
    }
  }

  #use(connection: Http1Connection, now: number): void {
    this.#connection = connection;
    connection.user = this;
    if (connection.ready) this.#send(now);
    else this.#enter("connecting", now);
  }

  #send(now: number): void {
    if (this.#text === undefined || this.#connection === undefined) return;
    this.#connection.send(this.#text);
    this.#enter("sent", now);
  }

  /** The body is a string or bytes, so it can be sent again as it was. */
  #isStaleSocket(connection: Http1Connection, error: Error): boolean {
    return (
      connection.served > 1 &&
      !this.#retried &&
      !this.#answered &&
      isSocketLoss(error) &&
      performance.now() - this.#since < STALE_SOCKET_WINDOW_MS
    );
  }

  #unreadable(error: FramingError): Error {
    return exchangeFailure(this.#origin, error, this.#state === "answering");
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
    if (this.#state === "queued") {
      this.#pool.stopWaiting(this);
      this.#pool.wheel.clear(this);
    }
    this.#state = "ended";
    this.#text = undefined;
    this.#heldBody = undefined;
    if (this.#connection !== undefined) this.#pool.discard(this.#connection);
    this.#connection = undefined;
    this.#onEnded();
  }

  #enter(state: State, now: number): void {
    this.#state = state;
    this.#since = now;
    this.#watch();
  }

  /** When the present wait is too long, on the monotonic clock; `Infinity` for never. */
  #deadline(): number {
    const phase = this.#state === "answering" && this.#paused ? "paused" : this.#state;
    return deadlineOf(phase, this.#timeouts, this.#startedAt, this.#since);
  }

  #watch(): void {
    this.#pool.wheel.set(this.#connection ?? this, this.#deadline());
  }

  #timedOut(): Error {
    const waitedMs = performance.now() - this.#startedAt;
    const findsName = this.#connection?.found === false;
    return timedOut(this.#origin, this.#state, this.#timeouts, waitedMs, findsName);
  }
}

function mistakeOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
