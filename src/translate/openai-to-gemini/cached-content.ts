import { invalidRequest } from "../../errors.ts";
import type { GenerateContentRequest } from "../../wire/gemini.ts";
import { optionalString } from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import type { GoogleOptions } from "./extra-body.ts";

/** How each host names a cache. */
const NAMES = {
  vertex: {
    pattern: /^projects\/[A-Za-z0-9._:-]+\/locations\/[A-Za-z0-9-]+\/cachedContents\/[A-Za-z0-9_-]+$/,
    form: "projects/PROJECT/locations/LOCATION/cachedContents/ID",
  },
  "gemini-api": { pattern: /^cachedContents\/[A-Za-z0-9_-]+$/, form: "cachedContents/ID" },
} as const;

/** @throws GatewayError `invalid_request` for a name the host does not have. */
export function toCachedContent(google: GoogleOptions, context: RequestContext): string | undefined {
  const option = google.get("cached_content");
  const name = option && optionalString(option.object, option.key, option.path);
  if (option === undefined || name === undefined) {
    return undefined;
  }
  const { pattern, form } = NAMES[context.target.surface];
  if (name.length > 1024 || !pattern.test(name)) {
    throw invalidRequest(option.path, `${option.path}: must have the form ${form}.`);
  }
  context.notes.used(option.path, "cached-content");
  return name;
}

/**
 * A cache holds its own system instruction, tools and tool config: Gemini refuses a request that brings others.
 *
 * @throws GatewayError `invalid_request` naming what has to go.
 */
export function checkCacheConflicts(body: GenerateContentRequest, google: GoogleOptions): void {
  const path = google.get("cached_content")?.path;
  if (body.cachedContent === undefined || path === undefined) {
    return;
  }
  const conflicts = [
    ...(body.systemInstruction === undefined ? [] : ["the system and developer messages"]),
    ...(body.tools === undefined ? [] : ["the tools"]),
    ...(body.toolConfig === undefined ? [] : ["the tool choice"]),
  ];
  if (conflicts.length > 0) {
    throw invalidRequest(
      path,
      `${path}: the cache has its own system instruction and tools; leave out ${conflicts.join(" and ")}, or the cache.`,
    );
  }
}
