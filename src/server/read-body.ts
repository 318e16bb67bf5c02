import { GatewayError } from "../errors.ts";
import { bodyTooLarge } from "../gateway/body-limit.ts";
import type { Limits } from "../gateway/gateway.ts";
import { GatheredBytes } from "../wire/gathered-bytes.ts";
import type { Awaited, Deadlines } from "./deadlines.ts";
import type { BodyReceiver, HttpRequest } from "./http-request.ts";

export type BodyLimits = Pick<Limits, "maxBodyBytes" | "bodyTimeoutMs" | "minBodyBytesPerSecond">;

/** Before the slowest rate counts: connections start slowly, and lost packets are sent again. */
const GRACE_MS = 5_000;

/**
 * Receives a whole body. The promise rejects with `payload_too_large` as soon as the size is known to be over, with
 * `request_timeout` when it comes too slowly, and with `client_closed` when the client leaves first.
 * @param onBytes is told how many bytes are announced, and how many have come; what it throws is the reason to refuse
 */
export function readBody(
  request: HttpRequest,
  limits: BodyLimits,
  deadlines: Deadlines,
  onBytes: (bytes: number) => void,
): Promise<Buffer> {
  const { maxBodyBytes } = limits;
  const { announced } = request;
  if (announced > maxBodyBytes) return Promise.reject(bodyTooLarge(maxBodyBytes));
  return new Promise((resolve, reject) => {
    // What this throws rejects the promise.
    onBytes(announced);
    request.receive(new BodyReading(announced, limits, deadlines, onBytes, resolve, reject));
  });
}

class BodyReading implements BodyReceiver, Awaited {
  readonly #body: GatheredBytes;
  readonly #limits: BodyLimits;
  readonly #deadlines: Deadlines;
  readonly #onBytes: (bytes: number) => void;
  readonly #resolve: (body: Buffer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #startedAt = performance.now();
  #refused = false;

  constructor(
    announced: number,
    limits: BodyLimits,
    deadlines: Deadlines,
    onBytes: (bytes: number) => void,
    resolve: (body: Buffer) => void,
    reject: (error: unknown) => void,
  ) {
    this.#body = new GatheredBytes(announced);
    this.#limits = limits;
    this.#deadlines = deadlines;
    this.#onBytes = onBytes;
    this.#resolve = resolve;
    this.#reject = reject;
    deadlines.add(this);
  }

  onBytes(piece: Buffer, from: number, to: number): boolean {
    if (this.#refused) return false;
    const { maxBodyBytes } = this.#limits;
    const bytes = this.#body.length + to - from;
    try {
      if (bytes > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
      this.#onBytes(bytes);
      this.#body.pushLent(piece, from, to);
    } catch (error) {
      this.#refuse(error);
    }
    return !this.#refused;
  }

  onEnd(): void {
    this.#deadlines.delete(this);
    this.#resolve(this.#body.take());
  }

  onLost(): void {
    this.#refuse(left());
  }

  check(now: number): void {
    const failure = lateness(this.#body.length, now - this.#startedAt, this.#limits);
    if (failure !== undefined) this.#refuse(failure);
  }

  #refuse(error: unknown): void {
    this.#deadlines.delete(this);
    this.#refused = true;
    this.#body.clear();
    this.#reject(error);
  }
}

/** Why a body that has come this far in this time is not waited for; undefined if it is. */
function lateness(bytes: number, elapsedMs: number, limits: BodyLimits): GatewayError | undefined {
  const { bodyTimeoutMs, minBodyBytesPerSecond: rate } = limits;
  if (bodyTimeoutMs !== 0 && elapsedMs > bodyTimeoutMs) {
    return timedOut(elapsedMs, `The request body did not arrive within ${bodyTimeoutMs / 1000} s.`);
  }
  if (rate !== 0 && elapsedMs > GRACE_MS + (bytes / rate) * 1000) {
    return timedOut(
      elapsedMs,
      `The request body arrives more slowly than ${rate} bytes a second; ${bytes} bytes have come.`,
    );
  }
  return undefined;
}

function timedOut(afterMs: number, message: string): GatewayError {
  return new GatewayError({ kind: "request_timeout", afterMs }, `${message} Send it again, or send less.`);
}

function left(): GatewayError {
  return new GatewayError({ kind: "client_closed" }, "The client left before its request was complete.");
}
