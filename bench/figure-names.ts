/** The figures of a round, by the names that the tables show. */

export const REQUESTS = "requests/s";
export const REQUEST_CPU = "processor time of a request, µs";
export const CHUNKS = "chunks/s";
export const CHUNK_CPU = "processor time of a chunk, µs";
export const PACED_CPU = "processor time of a paced chunk, µs";
export const FIRST = "time to the first token";
export const DELAY = "delay of a chunk";
export const ALONE = "latency, one at a time";
/** Of an upstream that takes 20 ms: added latency. */
export const SIXTEEN = "latency, 16 at a time";
/** The next right after each: sixteen requests wait for the processor, so it is throughput in another form. */
export const BACK_TO_BACK = "latency, 16 back to back";
export const STEADY = "latency at 200/s";
export const STEADY_ANSWERED = "answered of 200/s";

/** Latencies have two figures each. */
export const p50 = (name: string): string => `${name}, p50, µs`;
export const p99 = (name: string): string => `${name}, p99, µs`;

export const LATENCIES: readonly string[] = [ALONE, SIXTEEN, BACK_TO_BACK, STEADY, FIRST, DELAY];

export const START = "start to first answer, ms";
export const IDLE = "idle, MiB";
export const openMiB = (streams: number): string => `with ${streams.toLocaleString("en-US")} streams, MiB`;
export const openOf = (streams: number): string => `streams open of ${streams.toLocaleString("en-US")}`;
export const perStream = (streams: number): string => `a stream, of ${streams.toLocaleString("en-US")}, KiB`;
export const AFTER = "after they closed, MiB";

export const withinMs = (limit: number): string => `requests/s with p99 within ${limit} ms`;
