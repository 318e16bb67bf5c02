/** The whole configuration, described once: validation, types, JSON Schema and the documentation come from here. */
import { z } from "zod";
import { modelId, secret, timeoutMs, UPSTREAM_NAME } from "./field-kinds.ts";
import { aliasSchema, routeSchema } from "./route-schema.ts";
import { DEFAULT_SETTINGS } from "../settings.ts";
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
    apiKeys: z
      .array(secret("An access key.", 512))
      .max(10_000)
      .default([])
      .describe(
        "Access keys that callers send as their OpenAI API key. Empty: none is asked for, on this machine only.",
      ),
  })
  .prefault({})
  .describe("Where the gateway listens and who may call.");

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

const limits = z
  .strictObject({
    maxBodyBytes: z
      .int()
      .min(1024)
      .max(2 ** 30)
      .default(DEFAULT_SETTINGS.maxBodyBytes)
      .describe("Largest request body, in bytes."),
    timeouts,
    upstreamConnections: z
      .int()
      .min(1)
      .max(60_000)
      .default(DEFAULT_SETTINGS.upstreamConnections)
      .describe("Most connections at one time to one upstream host."),
    probeEveryMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(0)
      .describe(
        "How often a target that kept failing is asked whether it is well again, by a free call that counts tokens; 0 leaves that to the next request.",
      ),
    retryBudget: z
      .number()
      .min(0)
      .max(1)
      .default(DEFAULT_SETTINGS.retryBudget)
      .describe("Extra load that retries may add to an upstream, as a share of its requests."),
  })
  .prefault({})
  .describe("Bounds on what one request may cost.");

export const configSchema = z
  .strictObject({
    server,
    limits,
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
export type ServerConfig = Config["server"];
export type LimitsConfig = Config["limits"];
