/** What a file of facts about Google's own API may hold; documented in conformance/README.md. */
import { z } from "zod";
import { factSchema } from "./case-schema.ts";

const stepSchema = z.strictObject({
  method: z.enum(["generateContent", "generateContentStream", "countTokens", "models.list", "models.get"]),
  params: z.record(z.string(), z.unknown()).default({}),
  /** Fields that the SDK has no place for, at the root of the body. */
  body: z.record(z.string(), z.unknown()).optional(),
  /** An API key in place of the good one. */
  key: z.string().optional(),
  seen: z.array(factSchema).min(1).optional(),
  capture: z.record(z.string().regex(/^[a-z]\w*$/i, "is not a name"), z.string()).optional(),
});

const surface = z.enum(["gemini-api", "vertex"]);

export const googleFactsSchema = z
  .array(
    z
      .strictObject({
        name: z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "is a name in lower case with dashes"),
        fact: z.string().min(10).max(300),
        source: z.array(z.url({ protocol: /^https?$/ })).min(1),
        surfaces: z.array(surface).min(1).default(["gemini-api"]),
        model: z.string().default("gemini-3.5-flash"),
        steps: z.array(stepSchema).min(1),
      })
      .refine((fact) => fact.steps.some(({ seen }) => seen !== undefined), "states nothing: give seen"),
  )
  .min(1);

export type GoogleFact = z.output<typeof googleFactsSchema>[number];
export type GoogleStep = GoogleFact["steps"][number];
export type GoogleSurface = z.output<typeof surface>;
