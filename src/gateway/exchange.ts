/**
 * One request and where its answer goes, without saying whether a socket or an in-process `fetch` carries them.
 * Answers are pushed; nothing here buffers.
 */

import type { RequestRecord } from "../observe/request-record.ts";
import type { Ticket } from "./ticket.ts";

export type RequestHeaders = Record<string, string | string[] | undefined>;

/** An admitted request whose body has been received whole. */
export interface Call {
  /** Ours, returned as `x-request-id`. */
  requestId: string;
  /** Lower-case names. */
  headers: RequestHeaders;
  body: Buffer;
  /** The caller's bearer token, where it is not an access key of ours. */
  callerToken: string | undefined;
  /** `performance.now()` when the request arrived. */
  startedAt: number;
  /** What is told of it once it is over. Whoever carries the request says when that is. */
  record: RequestRecord;
  /** What it holds of the gateway's limits, until its reply is closed. */
  ticket: Ticket;
}

/** Where one answer is pushed. `head` comes once and first, then any number of `write`, then `end` or `destroy`. */
export interface Reply {
  head(status: number, headers: Record<string, string>): void;
  /** False when the client is slow: wait for `onDrain` before reading more from upstream. */
  write(data: string | Buffer): boolean;
  end(data?: string | Buffer): void;
  /** Breaks the connection, so that a client mid-answer sees a failure rather than an end. */
  destroy(): void;
  readonly headSent: boolean;
  /** True once the answer is finished or the client has gone. */
  readonly closed: boolean;
  /** True when the client was let go because it read too slowly. */
  readonly letGo?: boolean;
  /** At most one listener each: a later one replaces the earlier. */
  onDrain(listener: () => void): void;
  /** The answer is over: sent whole, or the client has gone. Called once, at once if it is over already. */
  onClose(listener: () => void): void;
}

/** The value of a header that may not be repeated; undefined if absent, the first if repeated. */
export function header(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** `x-pollux-…: 1` and `true` switch something on. */
export function isOn(headers: RequestHeaders, name: string): boolean {
  const value = header(headers, name);
  return value === "1" || value === "true";
}
