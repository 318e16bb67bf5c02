/** What a case file may hold; documented in conformance/README.md. */
import { z } from "zod";
import { type Fact, FACT_WORDS } from "./fact.ts";
import { parsePath } from "./fact-path.ts";

const pathSchema = z.string().superRefine((path, context) => {
  try {
    parsePath(path);
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
  }
});

const patternSchema = z.string().superRefine((pattern, context) => {
  try {
    void new RegExp(pattern, "u");
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
  }
});

const jsonType = z.enum(["string", "number", "integer", "boolean", "object", "array", "null"]);

export const factSchema: z.ZodType<Fact> = z
  .strictObject({
    path: pathSchema.optional(),
    open: z.boolean().optional(),
    get any() {
      return z.array(z.array(factSchema).min(1)).min(2).optional();
    },
    equals: z.unknown().optional(),
    one_of: z.array(z.unknown()).min(1).optional(),
    contains: z.unknown().optional(),
    matches: patternSchema.optional(),
    absent: z.literal(true).optional(),
    present: z.literal(true).optional(),
    type: z.union([jsonType, z.array(jsonType).min(1)]).optional(),
    length: z.int().min(0).optional(),
    join: z.string().optional(),
    parsed: z.unknown().optional(),
    min: z.number().optional(),
    max: z.number().optional(),
    get every() {
      return factSchema.optional();
    },
    unique: z.literal(true).optional(),
    same: z.literal(true).optional(),
    get not() {
      return factSchema.optional();
    },
  })
  .superRefine((fact, context) => {
    const words = FACT_WORDS.filter((word) => Object.hasOwn(fact, word));
    if (words.length === 0) {
      context.addIssue({ code: "custom", message: `says nothing: give one of ${FACT_WORDS.join(", ")}` });
    }
    if (fact.any !== undefined && words.length > 1) {
      context.addIssue({ code: "custom", message: "`any` stands in place of other words" });
    }
  });

const headers = z.record(
  z.string().regex(/^[a-z0-9-]+$/, "is not a header's name in lower case"),
  z.string(),
);
const milliseconds = z.number().min(0).max(60_000);

const answerSchema = z
  .strictObject({
    to: z.enum(["models"]).optional(),
    status: z.int().min(200).max(599).optional(),
    headers: headers.optional(),
    json: z.unknown().optional(),
    raw: z.string().optional(),
    events: z.array(z.unknown()).optional(),
    newline: z.enum(["lf", "crlf", "cr"]).optional(),
    pieces: z.int().min(1).optional(),
    delay_ms: milliseconds.optional(),
    gap_ms: milliseconds.optional(),
    bom: z.boolean().optional(),
    end: z.enum(["clean", "cut", "reset", "hang"]).optional(),
  })
  .superRefine((answer, context) => {
    const forms = (["json", "raw", "events"] as const).filter((form) => Object.hasOwn(answer, form));
    if (forms.length > 1) {
      context.addIssue({ code: "custom", message: `is one of ${forms.join(", ")}, not more than one` });
    }
    const { end } = answer;
    if (forms.length === 0 && (end === undefined || end === "clean")) {
      context.addIssue({
        code: "custom",
        message: "needs one of json, raw, events, or an end other than clean",
      });
    }
    if (!forms.includes("events")) {
      for (const key of ["newline", "gap_ms", "bom"] as const) {
        if (answer[key] !== undefined) {
          context.addIssue({ code: "custom", path: [key], message: "belongs to events" });
        }
      }
    }
  });

const leaveSchema = z
  .strictObject({
    after: z.literal("head").optional(),
    events: z.int().min(1).optional(),
    ms: milliseconds.optional(),
  })
  .refine(
    (leave) => Object.keys(leave).length === 1,
    "is one of { after: head }, { events: n } or { ms: n }",
  );

const requestSchema = z
  .strictObject({
    path: z.string().startsWith("/").default("/v1/chat/completions"),
    method: z.enum(["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"]).default("POST"),
    headers: headers.default({}),
    json: z.unknown().optional(),
    raw: z.string().optional(),
    leave: leaveSchema.optional(),
    max_retries: z.int().min(0).max(5).optional(),
  })
  .refine(
    (request) => !(Object.hasOwn(request, "json") && Object.hasOwn(request, "raw")),
    "has json or raw, not both",
  );

const callsSchema = z.union(
  [z.int().min(0), z.strictObject({ min: z.int().min(0).optional(), max: z.int().min(0).optional() })],
  { error: "is a number, or { min, max }" },
);

const facts = z.array(factSchema).min(1);

const exchangeSchema = z
  .strictObject({
    request: requestSchema,
    google: z.array(answerSchema).min(1).optional(),
    calls: callsSchema.optional(),
    sent: facts.optional(),
    seen: facts.optional(),
    sdk: z.strictObject({ node: facts.optional(), python: facts.optional() }).optional(),
    capture: z.record(z.string().regex(/^[a-z]\w*$/i, "is not a name"), pathSchema).optional(),
    within_ms: milliseconds.optional(),
  })
  .superRefine((exchange, context) => {
    if (exchange.google === undefined && exchange.calls !== undefined && exchange.calls !== 0) {
      context.addIssue({
        code: "custom",
        path: ["calls"],
        message: "calls come, but `google` does not answer",
      });
    }
    if (exchange.google === undefined && exchange.sent !== undefined) {
      context.addIssue({
        code: "custom",
        path: ["sent"],
        message: "no call may come where `google` does not answer",
      });
    }
    if (exchange.sdk !== undefined && Object.hasOwn(exchange.request, "raw")) {
      context.addIssue({ code: "custom", path: ["sdk"], message: "an SDK sends json, not raw" });
    }
    if (exchange.sdk !== undefined && exchange.request.leave !== undefined) {
      context.addIssue({ code: "custom", path: ["sdk"], message: "does not go with leave" });
    }
  });

export const caseSchema = z
  .strictObject({
    fact: z.string().min(10).max(300),
    source: z.array(z.url({ protocol: /^https?$/ })).min(1),
    profile: z.enum(["basic", "strict"]),
    either: z.string().min(10).optional(),
    open: z.boolean().default(false),
    model: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]*$/, "is a bare model id, such as gemini-3.5-flash")
      .default("gemini-3.5-flash"),
    surface: z.enum(["gemini-api", "vertex", "endpoint"]).default("gemini-api"),
    exchanges: z.array(exchangeSchema).min(1),
  })
  .superRefine((one, context) => {
    const judged = one.exchanges.some(
      ({ google, calls, sent, seen, sdk }) =>
        google === undefined ||
        calls !== undefined ||
        sent !== undefined ||
        seen !== undefined ||
        sdk !== undefined,
    );
    if (!judged)
      context.addIssue({ code: "custom", message: "states no fact: give calls, sent, seen or sdk" });
    const openFacts = one.exchanges.flatMap(({ seen = [], sdk = {} }) =>
      [...seen, ...(sdk.node ?? []), ...(sdk.python ?? [])].filter((fact) => fact.open === true),
    );
    if (one.open !== openFacts.length > 0) {
      context.addIssue({
        code: "custom",
        path: ["open"],
        message: one.open
          ? "no fact under seen or sdk is marked open: true"
          : "facts are marked open, the case is not",
      });
    }
    for (const [index, { sent = [] }] of one.exchanges.entries()) {
      if (sent.some((fact) => fact.open === true)) {
        context.addIssue({
          code: "custom",
          path: ["exchanges", index, "sent"],
          message: "cannot be seen from outside: remove open",
        });
      }
    }
  });

export type CaseFile = z.output<typeof caseSchema>;
export type Exchange = CaseFile["exchanges"][number];
export type CaseRequest = Exchange["request"];
export type GoogleAnswer = z.output<typeof answerSchema>;
export type Surface = CaseFile["surface"];
export type Profile = CaseFile["profile"];
