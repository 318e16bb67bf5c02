/** Which URLs of a request may be read at all, and by whom. Decided by the text alone: nothing is asked of anyone. */
import type { MediaConfig } from "../config/media-schema.ts";
import { invalidRequest } from "../errors.ts";
import { onlyGoogleReads } from "../translate/openai-to-gemini/media.ts";
import { isListed } from "./media-url.ts";

export interface MediaReach {
  /**
   * What Google reads for the caller is what the caller could read as well: it signs in to Google as itself, or is
   * whoever runs the gateway. False: gs URLs are read with rights that the caller has not got.
   */
  ownRights: boolean;
}

/**
 * @param url gs, http or https, as the caller wrote it
 * @param path where it stands in the request
 * @throws GatewayError (400) for a bucket or host that is not allowed
 */
export function readerOf(
  url: string,
  path: string,
  rules: MediaConfig,
  { ownRights }: MediaReach,
): "google" | "gateway" {
  if (/^gs:/i.test(url)) {
    checkBucket(url, path, rules.buckets ?? (ownRights ? ["*"] : []));
    return "google";
  }
  const forGoogle = onlyGoogleReads(url);
  if (rules.hosts !== undefined && !/^https:\/\/generativelanguage\.googleapis\.com\//i.test(url)) {
    checkHost(url, path, rules.hosts);
  }
  return forGoogle || rules.fetch === "passthrough" ? "google" : "gateway";
}

function checkBucket(url: string, path: string, buckets: readonly string[]): void {
  if (buckets.includes("*")) return;
  // The grammar of bucket names leaves nothing in which another reader could see another bucket.
  const bucket = /^gs:\/\/([a-z0-9][a-z0-9._-]+[a-z0-9])\//.exec(url)?.[1];
  if (bucket !== undefined && buckets.includes(bucket)) return;
  throw invalidRequest(
    path,
    `${path}: the bucket is not one that this gateway lets callers name; have it listed under media.buckets of its configuration, or send the data inline.`,
    "media_not_allowed",
  );
}

/** The URL goes on to Google as it was written, so it is taken only if it can be read in no other way than ours. */
function checkHost(url: string, path: string, hosts: readonly string[]): void {
  const parsed = URL.parse(url);
  const host = /^https?:\/\/([a-z0-9.-]+)(?::\d+)?(?:[/?#]|$)/i.exec(url)?.[1]?.toLowerCase();
  if (parsed !== null && host === parsed.hostname && isListed(host, hosts)) return;
  throw invalidRequest(
    path,
    `${path}: the host is not one that this gateway lets callers name; have it listed under media.hosts of its configuration, or send the data inline.`,
    "media_not_allowed",
  );
}
