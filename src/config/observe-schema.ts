/** What is told of the gateway's work: the log, metrics, spans. */
import { z } from "zod";
import { DEFAULT_SETTINGS, LOG_LEVELS, REQUEST_LOGS } from "../settings.ts";
import { baseUrl, secret } from "./field-kinds.ts";

export const logSchema = z
  .strictObject({
    level: z
      .enum(LOG_LEVELS)
      .default(DEFAULT_SETTINGS.log.level)
      .describe("The quietest lines that are still written, to the standard error."),
    requests: z
      .enum(REQUEST_LOGS)
      .default(DEFAULT_SETTINGS.log.requests)
      .describe("A line for each request, for those alone that did not end well, or for none."),
  })
  .prefault({})
  .describe("What is written of the gateway's work.");

export const metricsSchema = z
  .strictObject({
    port: z
      .int()
      .min(0)
      .max(65_535)
      .optional()
      .describe(
        "A port of their own for the metrics, without keys; 0 is any free one. Without it `GET /metrics` is on the gateway's port, for those with an admin key.",
      ),
    host: z
      .string()
      .min(1)
      .max(255)
      .default(DEFAULT_SETTINGS.host)
      .describe("Address to listen on for the metrics alone."),
  })
  .prefault({})
  .describe("Where Prometheus finds the metrics.");

export const tracingSchema = z
  .strictObject({
    endpoint: baseUrl(
      "Where spans go, as OTLP over HTTP with JSON, for example `http://127.0.0.1:4318/v1/traces`. Without it none are made.",
      "anywhere",
    ).optional(),
    headers: z
      .record(
        z.string().regex(/^[A-Za-z0-9-]{1,100}$/, "is not the name of a header"),
        secret("A header's value."),
      )
      .default({})
      .describe("Sent with every batch of spans."),
  })
  .prefault({})
  .describe("Spans for an OpenTelemetry collector.");
