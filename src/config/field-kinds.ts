/** The kinds of value that several parts of the configuration share, each with its rule said once. */
import { z } from "zod";
import { parseBaseUrl, WORKERS, WORKERS_RULE } from "../settings.ts";

/** What the JSON Schema of a field cannot say, for the loader and the printer. */
export interface FieldRole {
  /** `file:` may stand in front of a path; never printed, never quoted in an error. */
  secret?: true;
  /** A path, taken from the folder of the configuration file where it is relative. */
  path?: true;
  /** Text that may be digits alone, which YAML writes like a number. */
  digits?: true;
}

export const fieldRoles = z.registry<FieldRole>();

/** A secret that travels in a header: visible ASCII. */
export function secret(description: string, maxLength = 4096): z.ZodString {
  const schema = z
    .string()
    .regex(/^[\x21-\x7e]+$/, "may hold only visible ASCII characters")
    .max(maxLength)
    .describe(description);
  fieldRoles.add(schema, { secret: true });
  return schema;
}

/** A path of a file. */
export function path(description: string): z.ZodString {
  const schema = z.string().min(1).max(4096).describe(description);
  fieldRoles.add(schema, { path: true });
  return schema;
}

/** The names of upstreams begin with a letter: an object keeps such keys in the order they were written. */
export const UPSTREAM_NAME = /^[A-Za-z][A-Za-z0-9._-]{0,62}$/;

/** A model id of any maker, for example `google/gemini-3.5-flash` or `qwen3:8b`. */
export function modelId(description: string): z.ZodString {
  return z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, "is not a model id: visible ASCII characters, from 1 to 200 of them")
    .describe(description);
}

/** A name the gateway puts into a Vertex path or host; the rules are those of the paths. */
export function location(description: string): z.ZodString {
  return z
    .string()
    .max(40)
    .regex(
      /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/,
      "is not a Google Cloud location; write `global`, `us`, `eu` or a region such as `europe-west1`",
    )
    .describe(description);
}

export function project(description: string): z.ZodString {
  const schema = z
    .string()
    .regex(
      /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/,
      "is not a Google Cloud project id or number, for example `my-project-123`",
    )
    .describe(description);
  fieldRoles.add(schema, { digits: true });
  return schema;
}

export function endpointId(description: string): z.ZodString {
  const schema = z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/, "is not an endpoint id as Vertex AI shows it")
    .describe(description);
  fieldRoles.add(schema, { digits: true });
  return schema;
}

/** A number of processes, or `auto`. */
export function workers(description: string): z.ZodString {
  const schema = z.string().regex(WORKERS, WORKERS_RULE).describe(description);
  fieldRoles.add(schema, { digits: true });
  return schema;
}

/** An https address, or an http one to this machine; `http: "anywhere"` also allows it to others. */
export function baseUrl(description: string, http: "loopback" | "anywhere" = "loopback") {
  return z
    .string()
    .transform((value, context) => {
      const parsed = parseBaseUrl(value, http);
      if (parsed.url !== undefined) return parsed.url;
      context.addIssue(parsed.problem);
      return z.NEVER;
    })
    .describe(description);
}

/** Whole milliseconds; 0 switches the limit off. */
export function timeoutMs(fallback: number, description: string) {
  return z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(fallback)
    .describe(description);
}
