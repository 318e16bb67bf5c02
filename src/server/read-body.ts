import type { IncomingMessage } from "node:http";
import { GatewayError } from "../errors.ts";
import { bodyTooLarge } from "../gateway/body-limit.ts";
import type { Limits } from "../gateway/gateway.ts";
import { GatheredBytes } from "../wire/gathered-bytes.ts";
import type { Awaited, Deadlines } from "./deadlines.ts";

export type BodyLimits = Pick<Limits, "maxBodyBytes" | "bodyTimeoutMs" | "minBodyBytesPerSecond">;

/** Before the slowest rate counts: connections start slowly, and lost packets are sent again. */
const GRACE_MS = 5_000;

/**
 * Receives a whole body. The promise rejects with `payload_too_large` as soon as the size is known to be over, with
 * `request_timeout` when it comes too slowly, and with `client_closed` when the client leaves first.
 * @param onBytes is told how many bytes are announced, and how many have come; what it throws is the reason to refuse
 */
export function readBody(
  request: IncomingMessage,
  limits: BodyLimits,
  deadlines: Deadlines,
  onBytes: (bytes: number) => void,
): Promise<Buffer> {
  const { maxBodyBytes } = limits;
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > maxBodyBytes) return Promise.reject(bodyTooLarge(maxBodyBytes));
  return new Promise((resolve, reject) => {
    // What this throws rejects the promise.
    onBytes(announced);
    const body = new GatheredBytes(announced);
    let refused = false;
    const startedAt = performance.now();
    const awaited: Awaited = {
      check: (now) => {
        const failure = lateness(body.length, now - startedAt, limits);
        if (failure !== undefined) refuse(failure);
      },
    };
    const refuse = (error: unknown): void => {
      deadlines.delete(awaited);
      refused = true;
      body.clear();
      reject(error);
    };
    deadlines.add(awaited);
    request.on("data", (chunk: Buffer) => {
      if (refused) return;
      const bytes = body.length + chunk.length;
      try {
        if (bytes > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
        onBytes(bytes);
        body.push(chunk);
      } catch (error) {
        refuse(error);
      }
    });
    request.on("end", () => {
      deadlines.delete(awaited);
      // Taken, as this listener lives as long as the connection's answer, which may be long.
      resolve(body.take());
    });
    request.on("error", () => refuse(left()));
    request.on("close", () => {
      if (!request.complete) refuse(left());
    });
  });
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
