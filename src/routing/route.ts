/** The words of routing: where a request may go, and how an attempt there ended. */

/** One model at one place. Health is kept per `id`, so routes that share a target share what is known of it. */
export interface RouteTarget {
  /** The same for the same upstream, model, location and kind of capacity; see `targetId`. */
  readonly id: string;
  /** Name of an upstream of the configuration. */
  readonly upstream: string;
  /** The model id to ask that upstream for. */
  readonly model: string;
  /** Where the request will be processed; undefined where the upstream does not say. */
  readonly location: string | undefined;
  /** Share among targets of equal priority; greater than 0. */
  readonly weight: number;
  /** Lower numbers are tried first. */
  readonly priority: number;
  /** Vertex AI's kind of capacity (`X-Vertex-AI-LLM-Request-Type`), where the route chooses it. */
  readonly requestType?: "dedicated" | "shared";
}

export interface Route {
  /** The alias, the pattern or the model id it was found under. */
  readonly name: string;
  readonly targets: readonly RouteTarget[];
  /** Among healthy targets of equal priority. */
  readonly choose: "weighted" | "latency";
  readonly sticky: "off" | "conversation" | "prompt_cache_key";
  /** Residency fence; undefined is no fence, an empty list lets nothing through. */
  readonly locations: readonly string[] | undefined;
}

/** What one attempt taught about its target. Times in milliseconds. */
export type Outcome =
  | { readonly kind: "success"; readonly firstByteMs: number }
  /** 429. */
  | { readonly kind: "rate_limited"; readonly retryAfterMs?: number }
  /** 503, connection refused, reset before the response head, connect timeout. */
  | { readonly kind: "unavailable"; readonly retryAfterMs?: number }
  /** 500, 502, 504, first byte timeout, an answer that cannot be read. */
  | { readonly kind: "failed" }
  /** The model is absent in that location. */
  | { readonly kind: "not_found" }
  /** A 4xx that is the caller's own: says nothing about health. */
  | { readonly kind: "answered" }
  /** The client left. */
  | { readonly kind: "abandoned" };

export interface Attempt {
  readonly target: RouteTarget;
  readonly outcome: Outcome;
}

/** Name of a target for people and for its health: `main/gemini-3.5-flash@eu`, `#dedicated` where capacity is chosen. */
export function targetId(target: Omit<RouteTarget, "id" | "weight" | "priority">): string {
  const place = target.location === undefined ? "" : `@${target.location}`;
  const capacity = target.requestType === undefined ? "" : `#${target.requestType}`;
  return `${target.upstream}/${target.model}${place}${capacity}`;
}
