/** Which upstreams answer for a model. */
import { z } from "zod";
import { location, modelId } from "./field-kinds.ts";

const target = z
  .strictObject({
    upstream: z.string().min(1).max(63).describe("Name of an upstream."),
    model: modelId("The model asked of it. Default: the one the caller asked for.").optional(),
    weight: z
      .number()
      .positive()
      .max(1_000_000)
      .default(1)
      .describe("Share among targets of equal priority."),
    priority: z.int().min(1).max(1000).default(1).describe("1 is tried first; higher numbers are fallbacks."),
    location: location("Location in place of the upstream's own.").optional(),
  })
  .describe("An upstream to ask.");

const routeFields = {
  targets: z.array(target).min(1).max(100).describe("Upstreams that can answer."),
  choose: z
    .enum(["weighted", "latency"])
    .default("weighted")
    .describe("Among targets of equal priority: by weight, or the one that answers soonest."),
  sticky: z
    .enum(["off", "conversation", "prompt_cache_key"])
    .default("off")
    .describe(
      "Keep a conversation, or requests of one `prompt_cache_key`, on one target, where caches are warm.",
    ),
  locations: z
    .array(location("An allowed location."))
    .min(1)
    .max(100)
    .optional()
    .describe("Residency fence: requests never go to any other location."),
  provisioned: z
    .literal("first")
    .optional()
    .describe("Use provisioned throughput first, then shared capacity (vertex targets)."),
};

const aliasRoute = z.strictObject(routeFields).describe("A route of its own.");

export const aliasSchema = z
  .union([modelId("Another name for this model or alias."), aliasRoute])
  .describe("A model id, or a route of its own.");

export const routeSchema = z
  .strictObject({
    match: modelId("Model ids it is for; `*` stands for any run of characters."),
    ...routeFields,
  })
  .describe("A route for the model ids that match.");

export type TargetConfig = z.infer<typeof target>;
/** A route, of an alias or of `routes`. */
export type RouteConfig = z.infer<typeof aliasRoute>;
/** A route of `routes`: with the pattern it is for. */
export type MatchedRouteConfig = z.infer<typeof routeSchema>;
export type AliasConfig = z.infer<typeof aliasSchema>;
