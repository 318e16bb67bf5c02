/** What stands on a tape: JSON Lines, the first of which says so, and then some lines for each recording. */
import { z } from "zod";
import type { Failure } from "../errors.ts";
import { SPELLINGS } from "./json-spelling.ts";

/** A pollux reads the tapes of its own version and of no other. */
export const TAPE_VERSION = 1;

/** Only what can fail between the gateway and its upstreams. */
export type RecordedFailure = Extract<Failure, { kind: "upstream" | "upstream_timeout" | "unavailable" }>;

const atMs = z.int().min(0);
const recording = z.int().min(1);
const headers = z.record(z.string(), z.string());

/** The upstream that calls go to by default, as far as it decides about their paths. */
const upstreamSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("gemini-api") }),
  z.strictObject({
    kind: z.literal("vertex"),
    location: z.string().optional(),
    express: z.literal(true).optional(),
  }),
]);

export const headerSchema = z.strictObject({
  tape: z.literal("pollux"),
  version: z.literal(TAPE_VERSION),
  /** The pollux that wrote it. */
  pollux: z.string(),
  /** Day of its beginning. */
  recorded: z.string(),
  upstream: upstreamSchema.optional(),
  /** How many patterns of the operator's own were left out. */
  patterns: z.int().min(1).optional(),
});

/** Recordings are numbered in the order in which the calls began. */
export const requestSchema = z.strictObject({
  recording,
  method: z.enum(["GET", "POST"]),
  host: z.string(),
  /** With the query. */
  path: z.string().startsWith("/"),
  headers: headers.optional(),
  /** A JSON value with its keys in order, or text. */
  body: z.unknown(),
});

/** Times are milliseconds since the call began. */
export const headSchema = z.strictObject({
  recording,
  atMs,
  status: z.int().min(100).max(599),
  headers: headers.optional(),
  /** How the JSON of the lines below was written. */
  spelling: z.enum(SPELLINGS).optional(),
  /** What stood after each piece of JSON: the end of an event, or the last line break. */
  after: z.string().optional(),
});

const joined = z.literal(true).optional();

/** One piece of the body. `joined`: it came in one read with the one before. */
export const pieceSchema = z.union([
  z.strictObject({ recording, atMs, joined, event: z.unknown() }),
  z.strictObject({ recording, atMs, joined, json: z.unknown() }),
  z.strictObject({ recording, atMs, joined, text: z.string() }),
  /** Base64; the beginning of a character that never came. */
  z.strictObject({ recording, atMs, bytes: z.base64() }),
]);

const failureSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("upstream"),
    status: z.int().min(400).max(599),
    type: z.string(),
    code: z.string().nullable(),
    param: z.string().nullable(),
    retryAfterMs: z.number().min(0).optional(),
    shouldRetry: z.boolean().optional(),
    reason: z.string().optional(),
  }),
  z.strictObject({
    kind: z.literal("upstream_timeout"),
    phase: z.enum(["connect", "first_byte", "idle", "total"]),
    afterMs: z.number().min(0),
  }),
  z.strictObject({ kind: z.literal("unavailable"), retryAfterMs: z.number().min(0).optional() }),
]);

/** `left`: the gateway, or its client, did not want the rest. */
const recordedEndSchema = z.union([
  z.strictObject({ recording, atMs, end: z.enum(["complete", "left"]) }),
  z.strictObject({ recording, atMs, end: z.literal("failed"), failure: failureSchema, message: z.string() }),
]);

/** Without the values of optional fields that are there and undefined, which JSON does not have. */
export const endSchema = recordedEndSchema as unknown as z.ZodType<EndLine>;

export type TapeHeader = z.infer<typeof headerSchema>;
export type TapeUpstream = z.infer<typeof upstreamSchema>;
export type RequestLine = Omit<z.infer<typeof requestSchema>, "headers" | "body"> & {
  headers?: Record<string, string>;
  body?: unknown;
};
export type HeadLine = z.infer<typeof headSchema>;
export type PieceLine = z.infer<typeof pieceSchema>;
export type EndLine = { recording: number; atMs: number } & RecordedEnd;

export type RecordedEnd =
  | { end: "complete" | "left" }
  | { end: "failed"; failure: RecordedFailure; message: string };
