/** `media`: what may become of the URLs that callers put in place of images, sound, films and files. */
import { z } from "zod";

/** Every type that is known by its first bytes; text is not among them, having none of its own. */
export const FETCHED_TYPES = [
  "image/png",
  "image/jpeg",
  "image/webp",
  "image/gif",
  "image/heic",
  "image/heif",
  "image/avif",
  "image/bmp",
  "application/pdf",
  "audio/wav",
  "audio/mp3",
  "audio/aac",
  "audio/ogg",
  "audio/flac",
  "audio/aiff",
  "audio/m4a",
  "video/mp4",
  "video/quicktime",
  "video/webm",
  "video/mpeg",
  "video/avi",
  "video/x-flv",
  "video/wmv",
  "video/3gpp",
] as const;

/** Whole milliseconds; a read that anyone can ask for has an end. */
function waitMs(fallback: number, description: string) {
  return z.int().min(1).max(600_000).default(fallback).describe(description);
}

/** Google's rules for names of buckets: 3 to 63 characters, and up to 222 for a name with dots. */
const bucket = z
  .string()
  .max(222)
  .regex(
    /^(?:\*|[a-z0-9][a-z0-9._-]+[a-z0-9])$/,
    "is not the name of a bucket, without `gs://` and what follows it; `*` is any",
  )
  .describe("The name of a bucket, or `*` for any.");

const host = z
  .string()
  .max(253)
  .regex(
    /^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+$/,
    "is not the name of a host in small letters, such as `cdn.example.com` or `*.example.com`",
  )
  .describe("`cdn.example.com`, or `*.example.com` for all names below it.");

export const mediaSchema = z
  .strictObject({
    fetch: z
      .enum(["passthrough", "proxy"])
      .default("passthrough")
      .describe(
        "Who reads http and https URLs: `passthrough`: Google, which is sent the URL. `proxy`: the gateway, which sends the bytes.",
      ),
    buckets: z
      .array(bucket)
      .max(10_000)
      .optional()
      .describe(
        "Buckets that gs:// URLs may name. Left out: any, where callers sign in to Google themselves or no access keys are asked for; otherwise none, since Google reads them with the gateway's own rights.",
      ),
    hosts: z
      .array(host)
      .max(10_000)
      .optional()
      .describe("Hosts that http and https URLs may name. Left out: any that is on the public internet."),
    ports: z
      .array(z.int().min(1).max(65_535).describe("A port."))
      .max(100)
      .default([80, 443])
      .describe("`proxy`: ports that URLs may name."),
    maxBytes: z
      .int()
      .min(1)
      .max(2 ** 30)
      .default(20_000_000)
      .describe(
        "`proxy`: largest file, in bytes, also after unpacking. All files of a request together: `limits.maxInlineMediaBytes`.",
      ),
    maxFiles: z.int().min(0).max(10_000).default(100).describe("`proxy`: most files of one request."),
    parallel: z
      .int()
      .min(1)
      .max(1000)
      .default(8)
      .describe("`proxy`: files that are read at one time for one access key; more wait."),
    maxRedirects: z
      .int()
      .min(0)
      .max(3)
      .default(0)
      .describe("`proxy`: redirects that are followed, each held to the same rules."),
    connectMs: waitMs(3_000, "`proxy`: to find and reach a host."),
    firstByteMs: waitMs(5_000, "`proxy`: from the request to the head of the answer."),
    totalMs: waitMs(15_000, "`proxy`: for all files of one request."),
    types: z
      .array(z.enum(FETCHED_TYPES).describe("A media type."))
      .min(1)
      .optional()
      .describe(
        "`proxy`: types that are accepted, told by the first bytes of the file. Left out: all pictures, sound, films and PDF that are known by them.",
      ),
  })
  .prefault({})
  .describe("URLs of images, sound, films and files in requests.");

export type MediaConfig = z.output<typeof mediaSchema>;
