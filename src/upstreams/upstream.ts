/**
 * The narrow waist between the gateway and an HTTP client: bytes are pushed as they arrive, nothing is
 * buffered, and every way out is told exactly once. Only `src/upstreams` knows which client library is used.
 */

/** One HTTP exchange to make. */
export interface UpstreamRequest {
  /** Scheme, host and port, for example `https://aiplatform.googleapis.com`. */
  origin: string;
  /** Path with query. */
  path: string;
  method: "GET" | "POST";
  headers: Record<string, string>;
  body?: UpstreamBody;
  timeouts: UpstreamTimeouts;
}

/**
 * What is sent, under a `content-length` of exactly that many bytes. A list is sent piece after piece: large media is
 * forwarded as a range of the bytes it came in. Nothing of it is changed, so the same one can be sent many times.
 */
export type UpstreamBody = string | Uint8Array | readonly Uint8Array[];

/** All in milliseconds; 0 switches one off. */
export interface UpstreamTimeouts {
  connectMs: number;
  /** From the request being sent to the response head. */
  firstByteMs: number;
  /** Longest silence between two pieces of the body. */
  idleMs: number;
  totalMs: number;
}

/**
 * Where an answer is pushed. After `onEnd` or `onError` nothing more comes, and exactly one of the two comes,
 * unless the call was aborted: then neither does.
 */
export interface UpstreamReceiver {
  onHead(status: number, headers: Record<string, string | string[] | undefined>): void;
  onData(chunk: Buffer): void;
  onEnd(): void;
  /** A `GatewayError`: refused, reset, timed out. */
  onError(error: Error): void;
}

/** A call under way. */
export interface UpstreamCall {
  /** Ends it at once and frees the socket. Safe at any time, any number of times. */
  abort(): void;
  /** Backpressure: stop and go on reading. */
  pause(): void;
  resume(): void;
}

export interface UpstreamClient {
  send(request: UpstreamRequest, receiver: UpstreamReceiver): UpstreamCall;
  /** Open connections, idle ones included. */
  connections?(): number;
  close(): Promise<void>;
}
