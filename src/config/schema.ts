/** The whole configuration, described once: validation, types, JSON Schema and the documentation come from here. */
import { z } from "zod";
import { modelId, secret, UPSTREAM_NAME, workers } from "./field-kinds.ts";
import { limitsSchema } from "./limits-schema.ts";
import { mediaSchema } from "./media-schema.ts";
import { logSchema, metricsSchema, tracingSchema } from "./observe-schema.ts";
import { aliasSchema, routeSchema } from "./route-schema.ts";
import { DEFAULT_SETTINGS, HTTP_CLIENTS } from "../settings.ts";
import { upstreamSchema } from "./upstream-schema.ts";

const server = z
  .strictObject({
    host: z.string().min(1).max(255).default(DEFAULT_SETTINGS.host).describe("Address to listen on."),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .default(DEFAULT_SETTINGS.port)
      .describe("Port to listen on; 0 is any free one."),
    workers: workers(
      "How many processes of `pollux serve` serve the port together; `auto` is one for each core. A change needs a restart.",
    ).default(DEFAULT_SETTINGS.workers),
    apiKeys: z
      .array(secret("An access key.", 512))
      .max(10_000)
      .default([])
      .describe(
        "Access keys that callers send as their OpenAI API key. Empty: none is asked for, on this machine only.",
      ),
    adminKeys: z
      .array(secret("An admin key.", 512))
      .max(1000)
      .default([])
      .describe(
        "Keys for `/admin` and `/metrics`, sent in the same way; an access key is none. Empty: they answer nobody where there are access keys, and this machine where there are none.",
      ),
  })
  .prefault({})
  .describe("Where the gateway listens and who may call.");

export const configSchema = z
  .strictObject({
    server,
    limits: limitsSchema,
    media: mediaSchema,
    log: logSchema,
    metrics: metricsSchema,
    tracing: tracingSchema,
    httpClient: z
      .enum(HTTP_CLIENTS)
      .default(DEFAULT_SETTINGS.httpClient)
      .describe(
        "What speaks HTTP to upstreams: `http1` is the gateway's own client, `undici` a library. A change needs a restart.",
      ),
    upstreams: z
      .record(
        z.string().regex(UPSTREAM_NAME, "is not a name: a letter, then letters, digits, `.`, `_` or `-`"),
        upstreamSchema,
      )
      .default({})
      .describe(
        "Name to upstream: where models live. The first is the default. Empty: the environment names one, as without a file.",
      ),
    models: z
      .record(modelId("The name callers use."), aliasSchema)
      .default({})
      .describe("Name to model: aliases that callers may ask for."),
    routes: z
      .array(routeSchema)
      .max(1000)
      .default([])
      .describe(
        "For model ids that are no alias; the first that matches counts. None: the default upstream.",
      ),
  })
  .describe("Configuration of the pollux gateway.");

/** What is checked: references are resolved, nothing else is filled in. */
export type ConfigInput = z.input<typeof configSchema>;

/**
 * The one input of the gateway: checked, with every default filled in, frozen. `upstreams` and `models` have no
 * prototype, so that a caller's `constructor` finds nothing in them; their keys are in the order of the file.
 */
export type Config = z.output<typeof configSchema>;
export type LogConfig = Config["log"];
export type TracingConfig = Config["tracing"];
export type ServerConfig = Config["server"];
