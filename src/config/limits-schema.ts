/** `limits`: a bound for everything that can be large, many or slow. */
import { z } from "zod";
import { DEFAULT_SETTINGS } from "../settings.ts";
import { timeoutMs } from "./field-kinds.ts";

const GIB = 2 ** 30;

/** A whole number of things or bytes, at least `least` of them. */
function count(fallback: number, least: number, most: number, description: string) {
  return z.int().min(least).max(most).default(fallback).describe(description);
}

/** A share of a whole. */
function share(fallback: number, description: string) {
  return z.number().min(0.01).max(1).default(fallback).describe(description);
}

const timeouts = z
  .strictObject({
    connectMs: timeoutMs(DEFAULT_SETTINGS.timeouts.connectMs, "For a connection to the upstream."),
    firstByteMs: timeoutMs(
      DEFAULT_SETTINGS.timeouts.firstByteMs,
      "From the request to the head of the answer; thinking models are silent for minutes.",
    ),
    idleMs: timeoutMs(DEFAULT_SETTINGS.timeouts.idleMs, "Longest silence within an answer."),
    totalMs: timeoutMs(DEFAULT_SETTINGS.timeouts.totalMs, "For a whole answer."),
  })
  .prefault({})
  .describe("Waiting for upstreams, in milliseconds; 0 switches a limit off.");

/** What a request may hold. Over it: 400 with the field in `param`, or 413 for bytes. */
const ofARequest = {
  maxBodyBytes: count(DEFAULT_SETTINGS.maxBodyBytes, 1024, GIB, "Largest request body, in bytes."),
  maxDepth: count(100, 4, 200, "Arrays and objects inside each other in a request body."),
  maxValues: count(
    250_000,
    16,
    10_000_000,
    "JSON values in a request body, all in all; so also its keys, as each has one.",
  ),
  maxMessages: count(10_000, 1, 1_000_000, "Entries of `messages`."),
  maxParts: count(4_000, 1, 1_000_000, "Parts in the `content` of one message."),
  maxTools: count(512, 1, 100_000, "Entries of `tools`, or of `functions`; Gemini itself takes 512."),
  maxStopSequences: count(16, 1, 100_000, "Entries of `stop`; for Gemini itself it is always 5."),
  maxInlineMediaBytes: count(
    100_000_000,
    0,
    GIB,
    "Decoded bytes of all images, sound and files that stand in one request as base64.",
  ),
} as const;

/** What an upstream may send for one request. */
const ofAnAnswer = {
  maxResponseBytes: count(
    256 * 1024 * 1024,
    1024,
    GIB,
    "Largest unstreamed answer of an upstream, in bytes.",
  ),
  maxEventBytes: count(
    64 * 1024 * 1024,
    1024,
    GIB,
    "Largest single event of an upstream's stream, in bytes.",
  ),
  maxBufferedBytes: count(
    128 * 1024,
    64 * 1024,
    GIB,
    "Bytes of a stream that may wait for a slow client; then its upstream is paused. One event more may come.",
  ),
} as const;

/** How many at one time. Over it: a wait in the queue, then 429 or 503 with `retry-after`. */
const atOneTime = {
  maxInFlight: count(10_000, 1, 1_000_000, "Requests under way at one time; more wait in the queue."),
  maxInFlightPerKey: count(
    5_000,
    1,
    1_000_000,
    "Requests under way at one time with one access key; more wait in the queue.",
  ),
  maxStreams: count(10_000, 1, 1_000_000, "Streamed answers under way at one time."),
  maxQueue: count(1_000, 0, 1_000_000, "Requests that wait to begin; 0: none waits."),
  maxQueueMs: count(10_000, 1, 600_000, "Longest wait to begin, in milliseconds."),
  maxBodyBytesInFlight: count(
    0,
    0,
    2 ** 40,
    "Bytes of request bodies held at one time, all in all; 0: an eighth of the memory that the process may use.",
  ),
  failedKeysPerSecond: count(
    10,
    1,
    1_000_000,
    "Wrong or missing access keys from one address in a second; more are answered 429 without a look. Good keys are never held up.",
  ),
} as const;

const ofConnections = {
  maxConnections: count(
    20_000,
    1,
    1_000_000,
    "Connections of clients at one time; never more than three quarters of the open files that the process may have.",
  ),
  maxConnectionsPerAddress: count(
    0,
    0,
    1_000_000,
    "Connections at one time from one address; 0: no bound of its own, as behind a load balancer all come from a few.",
  ),
  maxHeaderBytes: count(16 * 1024, 1024, 1024 * 1024, "Request line and headers of a request, in bytes."),
  headersTimeoutMs: timeoutMs(20_000, "For the headers of a request to arrive; 0 switches it off."),
  bodyTimeoutMs: timeoutMs(300_000, "For a whole request to arrive; 0 switches it off."),
  minBodyBytesPerSecond: count(
    500,
    0,
    GIB,
    "Slowest body that is waited for, in bytes a second; 0 switches it off.",
  ),
  idleConnectionMs: timeoutMs(
    75_000,
    "For which a connection without a request is kept; longer than that of the load balancer in front. 0 switches it off.",
  ),
  slowClientMs: timeoutMs(
    60_000,
    "For a client to take what waits for it, 1 MiB at a time, before it is let go; 0 switches it off.",
  ),
} as const;

const ofStopping = {
  preStopMs: timeoutMs(
    0,
    "From SIGTERM to the closing of the port, with `/readyz` at 503 meanwhile, for load balancers that are slow to notice.",
  ),
  drainMs: timeoutMs(
    8_000,
    "For answers under way to finish once the port is closed. Cloud Run kills 10 s after SIGTERM, Kubernetes after 30 s.",
  ),
} as const;

function shedStep(memory: number, delayMs: number, inFlight: number, description: string) {
  return z
    .strictObject({
      memoryShare: share(
        memory,
        "Of the memory that the process may use: its heap, or all of it. 1: not looked at.",
      ),
      eventLoopDelayMs: count(delayMs, 1, 60_000, "By which timers run late, on average."),
      inFlightShare: share(inFlight, "Of `maxInFlight` and `maxQueue` together. 1: not looked at."),
    })
    .prefault({})
    .describe(description);
}

const shed = z
  .strictObject({
    noKeepAlive: shedStep(0.8, 500, 0.8, "From here on connections are closed after their answer."),
    noLargeBodies: shedStep(0.88, 1_000, 0.9, "From here on large bodies are refused."),
    noRequests: shedStep(0.94, 3_000, 1, "From here on every request is refused."),
    largeBodyBytes: count(1_000_000, 1024, GIB, "Bodies larger than this are large."),
  })
  .prefault({})
  .describe("Steps by which load is shed, each where any one of its readings is over.");

export const limitsSchema = z
  .strictObject({
    ...ofARequest,
    ...ofAnAnswer,
    ...atOneTime,
    ...ofConnections,
    ...ofStopping,
    shed,
    timeouts,
    upstreamConnections: count(
      DEFAULT_SETTINGS.upstreamConnections,
      1,
      60_000,
      "Most connections at one time to one upstream host.",
    ),
    probeEveryMs: count(
      0,
      0,
      3_600_000,
      "How often a target that kept failing is asked whether it is well again, by a free call that counts tokens; 0 leaves that to the next request.",
    ),
    retryBudget: z
      .number()
      .min(0)
      .max(1)
      .default(DEFAULT_SETTINGS.retryBudget)
      .describe("Extra load that retries may add to an upstream, as a share of its requests."),
    repeatAfterReset: z
      .boolean()
      .default(false)
      .describe(
        "Ask again when an upstream lost the connection after it had got the request. The answer may then be paid for twice.",
      ),
  })
  .prefault({})
  .describe("Bounds on what one request may cost.");

export type LimitsConfig = z.output<typeof limitsSchema>;
