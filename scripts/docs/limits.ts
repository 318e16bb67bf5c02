/** docs/limits.md: every limit of the schema, with what a caller sees who exceeds it. */
import { z } from "zod";
import { limitsSchema } from "../../src/config/limits-schema.ts";
import { bare } from "../../src/config/schema-walk.ts";
import { DIVIDED_LIMITS } from "../../src/gateway/limits-share.ts";
import { code, table } from "./markdown.ts";

/**
 * What a caller sees, by the limit's key below `limits.`. `test/limits.test.ts` exceeds each of them, and holds the
 * status and the code that stand here to what comes.
 */
export const EFFECTS: Readonly<Record<string, string>> = {
  maxBodyBytes: "413 `request_too_large`, as soon as the size is known",
  maxDepth: "400, the message names the limit",
  maxValues: "400, the message names the limit",
  maxMessages: "400 `array_above_max_length`",
  maxParts: "400 `array_above_max_length`",
  maxTools: "400 `array_above_max_length`",
  maxStopSequences: "400 `array_above_max_length`",
  maxInlineMediaBytes: "400 `inline_media_too_large`",
  maxResponseBytes: "502 `upstream_response_too_large`",
  maxEventBytes: "502 `upstream_event_too_large`; within a stream the same as an event",
  maxBufferedBytes: "nothing: the upstream waits until the client has read on",
  maxInFlight: "a wait in the queue, then 503 `queue_timeout`; 503 `queue_full` at once if that is full",
  maxInFlightPerKey: "a wait in the queue, then 429 `key_in_flight_limit`",
  maxStreams: "503 `stream_limit`",
  maxQueue: "503 `queue_full`",
  maxQueueMs: "503 `queue_timeout`",
  maxBodyBytesInFlight: "503 `body_memory_limit`",
  failedKeysPerSecond: "429 `failed_key_limit` in place of 401",
  maxConnections: "the connection is closed before a byte of it is read",
  maxConnectionsPerAddress: "the connection is closed before a byte of it is read",
  maxHeaderBytes: "431 `headers_too_large`",
  headersTimeoutMs: "408 `request_timeout`",
  bodyTimeoutMs: "408 `request_timeout`",
  minBodyBytesPerSecond: "408 `request_timeout`",
  idleConnectionMs: "the connection is closed",
  slowClientMs: "the connection is reset",
  preStopMs: "nothing: requests are answered, with `connection: close`",
  drainMs: "503 `overloaded`; within a stream the same as an event",
  "shed.noKeepAlive.memoryShare": "`connection: close` with every answer",
  "shed.noKeepAlive.eventLoopDelayMs": "`connection: close` with every answer",
  "shed.noKeepAlive.inFlightShare": "`connection: close` with every answer",
  "shed.noLargeBodies.memoryShare": "503 `overloaded` for large bodies",
  "shed.noLargeBodies.eventLoopDelayMs": "503 `overloaded` for large bodies",
  "shed.noLargeBodies.inFlightShare": "503 `overloaded` for large bodies",
  "shed.noRequests.memoryShare": "503 `overloaded`",
  "shed.noRequests.eventLoopDelayMs": "503 `overloaded`",
  "shed.noRequests.inFlightShare": "503 `overloaded`",
  "shed.largeBodyBytes": "503 `overloaded`, from the step `noLargeBodies` on",
  "timeouts.connectMs": "504 `upstream_connect_timeout`",
  "timeouts.firstByteMs": "504 `upstream_first_byte_timeout`",
  "timeouts.idleMs": "504 `upstream_idle_timeout`; within a stream the same as an event",
  "timeouts.totalMs": "504 `upstream_total_timeout`; within a stream the same as an event",
  upstreamConnections: "a wait of at most `timeouts.connectMs`, then 503 `overloaded`",
};

/** Parts of `limits` that say how something is done, and bound nothing that a caller could exceed. */
export const NO_BOUNDS: readonly string[] = ["probeEveryMs", "retryBudget", "repeatAfterReset"];

/** Key below `limits.` to its default, in the order of the schema. */
export function limitDefaults(): Map<string, unknown> {
  const found = new Map<string, unknown>();
  collect(limitsSchema, "", limitsSchema.parse({}), found);
  for (const key of NO_BOUNDS) found.delete(key);
  return found;
}

export function limitTables(): Record<string, string> {
  const defaults = limitDefaults();
  const unknown = Object.keys(EFFECTS).filter((key) => !defaults.has(key));
  if (unknown.length > 0) throw new Error(`no limits any more: ${unknown.join(", ")}`);
  const rows = [...defaults].map(([key, fallback]) => {
    const effect = Object.hasOwn(EFFECTS, key) ? EFFECTS[key] : undefined;
    if (effect === undefined) throw new Error(`what does a caller see who exceeds limits.${key}?`);
    const divided = (DIVIDED_LIMITS as readonly string[]).includes(key);
    return [code(key), (fallback as number).toLocaleString("en"), effect, divided ? "share" : "each"];
  });
  return { limits: table(["Limit", "Default", "Over it", "Of several processes"], rows) };
}

function collect(schema: z.core.$ZodType, prefix: string, values: object, found: Map<string, unknown>): void {
  const plain = bare(schema);
  if (!(plain instanceof z.ZodObject)) throw new Error("only a mapping has keys");
  for (const [key, field] of Object.entries(plain.shape)) {
    const value = (values as Record<string, unknown>)[key];
    if (typeof value === "object" && value !== null) collect(field, `${prefix}${key}.`, value, found);
    else found.set(prefix + key, value);
  }
}
