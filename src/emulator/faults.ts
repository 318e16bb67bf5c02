/**
 * Things that go wrong on the way, asked for by the request header `x-emulator-fault` or by a rule's `fault`:
 * `name` or `name=value`, several joined by `;`. Example: `delay=200;cut-after-bytes=300`.
 */

export interface FaultPlan {
  status?: number;
  message?: string;
  retryAfterSeconds?: number;
  retryDelay?: string;
  html?: boolean;
  emptyBody?: boolean;
  delayMs?: number;
  hang?: boolean;
  reset?: boolean;
  stallAfter?: number;
  paceMs?: number;
  cutAfterEvents?: number;
  endAfterEvents?: number;
  cutAfterBytes?: number;
  cutInUtf8?: boolean;
  splitBytes?: number;
  newline?: "\r\n" | "\n" | "\r";
  noSpace?: boolean;
  comments?: boolean;
  byteOrderMark?: boolean;
  gzip?: boolean;
  wrongEncoding?: boolean;
  errorAfter?: { events: number; status: number; form: "sse" | "raw" | "array" };
  noFinish?: boolean;
  noUsage?: boolean;
  noCandidates?: boolean;
  malformedJsonAfter?: number;
  /** 0..1: how often the plan applies at all. */
  probability?: number;
}

interface Fault {
  /** How the value is written; empty where there is none. */
  value: string;
  meaning: string;
  apply: (plan: FaultPlan, value: string) => void;
}

/** Every switch, with what it does: the one place that documents them. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  status: {
    value: "HTTP status",
    meaning: "answers with this status and Google's error body",
    apply: (plan, value) => (plan.status = integer(value, 400, 599)),
  },
  message: {
    value: "text",
    meaning: "the message of `status` or of `error-after`",
    apply: (plan, value) => (plan.message = value),
  },
  "retry-after": {
    value: "seconds",
    meaning: "adds a retry-after header to `status`",
    apply: (plan, value) => (plan.retryAfterSeconds = integer(value, 0, 86_400)),
  },
  "retry-delay": {
    value: "duration such as 27s",
    meaning: "adds a RetryInfo detail to `status`",
    apply: (plan, value) => (plan.retryDelay = duration(value)),
  },
  html: {
    value: "",
    meaning: "the body is the front end's HTML page (status 502 unless `status` is given)",
    apply: (plan) => (plan.html = true),
  },
  "html-200": {
    value: "",
    meaning: "an HTML page with status 200",
    apply: (plan) => {
      plan.html = true;
      plan.status = 200;
    },
  },
  "empty-body": {
    value: "",
    meaning: "the status (200 unless `status` is given) with no body at all",
    apply: (plan) => (plan.emptyBody = true),
  },
  delay: {
    value: "milliseconds",
    meaning: "waits before the first byte",
    apply: (plan, value) => (plan.delayMs = integer(value, 0, 3_600_000)),
  },
  hang: {
    value: "",
    meaning: "accepts the request and never answers",
    apply: (plan) => (plan.hang = true),
  },
  reset: {
    value: "",
    meaning: "drops the connection before any byte",
    apply: (plan) => (plan.reset = true),
  },
  "stall-after": {
    value: "events",
    meaning: "sends this many stream events, then nothing, connection open",
    apply: (plan, value) => (plan.stallAfter = integer(value, 0, 1_000_000)),
  },
  slow: {
    value: "milliseconds",
    meaning: "pause between stream events",
    apply: (plan, value) => (plan.paceMs = integer(value, 0, 3_600_000)),
  },
  "cut-after": {
    value: "events",
    meaning: "drops the connection after this many stream events",
    apply: (plan, value) => (plan.cutAfterEvents = integer(value, 0, 1_000_000)),
  },
  "end-after": {
    value: "events",
    meaning: "ends the stream cleanly after this many events, finish reason unsent",
    apply: (plan, value) => (plan.endAfterEvents = integer(value, 0, 1_000_000)),
  },
  "cut-after-bytes": {
    value: "bytes",
    meaning: "drops the connection after this many bytes of the body",
    apply: (plan, value) => (plan.cutAfterBytes = integer(value, 0, 1_000_000_000)),
  },
  "cut-in-utf8": {
    value: "",
    meaning:
      "drops the connection inside the first character of more than one byte (at the end if there is none)",
    apply: (plan) => (plan.cutInUtf8 = true),
  },
  "split-bytes": {
    value: "bytes",
    meaning: "writes the body in pieces of this many bytes",
    apply: (plan, value) => (plan.splitBytes = integer(value, 1, 1_000_000)),
  },
  crlf: { value: "", meaning: "events end in CR LF CR LF", apply: (plan) => (plan.newline = "\r\n") },
  lf: { value: "", meaning: "events end in LF LF", apply: (plan) => (plan.newline = "\n") },
  cr: { value: "", meaning: "events end in CR CR", apply: (plan) => (plan.newline = "\r") },
  "no-space": {
    value: "",
    meaning: "`data:` without the space after it",
    apply: (plan) => (plan.noSpace = true),
  },
  comments: {
    value: "",
    meaning: "an SSE comment line before every event",
    apply: (plan) => (plan.comments = true),
  },
  bom: {
    value: "",
    meaning: "a byte order mark at the start of the stream",
    apply: (plan) => (plan.byteOrderMark = true),
  },
  gzip: {
    value: "",
    meaning: "the body is compressed, whatever was asked for",
    apply: (plan) => (plan.gzip = true),
  },
  "wrong-encoding": {
    value: "",
    meaning: "claims gzip and sends plain bytes",
    apply: (plan) => (plan.wrongEncoding = true),
  },
  "error-after": {
    value: "events:status[:sse|raw|array]",
    meaning: "after this many events an error object inside the started stream, then the end",
    apply: (plan, value) => (plan.errorAfter = errorAfter(value)),
  },
  "no-finish": {
    value: "",
    meaning: "leaves every finishReason out",
    apply: (plan) => (plan.noFinish = true),
  },
  "no-usage": {
    value: "",
    meaning: "leaves usageMetadata out",
    apply: (plan) => (plan.noUsage = true),
  },
  "no-candidates": {
    value: "",
    meaning: "leaves the candidates out: usage alone, status 200",
    apply: (plan) => (plan.noCandidates = true),
  },
  "malformed-json-after": {
    value: "events",
    meaning: "after this many events one that is not JSON (0 on an answer that is not streamed)",
    apply: (plan, value) => (plan.malformedJsonAfter = integer(value, 0, 1_000_000)),
  },
  probability: {
    value: "0..1",
    meaning: "how often the other switches apply",
    apply: (plan, value) => (plan.probability = fraction(value)),
  },
};

/** A switch that does not exist, or a value it cannot take; the message says which. */
export class FaultSyntaxError extends Error {
  override readonly name = "FaultSyntaxError";
}

/**
 * Reads the compact syntax.
 * @throws {FaultSyntaxError} on an unknown switch or a bad value.
 */
export function parseFaults(text: string): FaultPlan {
  const plan: FaultPlan = {};
  for (const piece of text.split(";")) {
    const trimmed = piece.trim();
    if (trimmed === "") continue;
    const equals = trimmed.indexOf("=");
    const name = (equals < 0 ? trimmed : trimmed.slice(0, equals)).trim();
    const value = equals < 0 ? "" : trimmed.slice(equals + 1).trim();
    const fault = Object.hasOwn(FAULTS, name) ? FAULTS[name] : undefined;
    if (fault === undefined) {
      throw new FaultSyntaxError(`unknown fault "${name}"; known: ${Object.keys(FAULTS).join(", ")}`);
    }
    if (fault.value === "" && equals >= 0) throw new FaultSyntaxError(`fault "${name}" takes no value`);
    if (fault.value !== "" && value === "")
      throw new FaultSyntaxError(`fault "${name}" needs ${fault.value}`);
    try {
      fault.apply(plan, value);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new FaultSyntaxError(`fault "${name}=${value}": ${why}`, { cause: error });
    }
  }
  return plan;
}

function integer(value: string, least: number, most: number): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < least || number > most) {
    throw new RangeError(`expected a whole number from ${least} to ${most}`);
  }
  return number;
}

function fraction(value: string): number {
  const number = Number(value);
  if (!(number >= 0 && number <= 1)) throw new RangeError("expected a number from 0 to 1");
  return number;
}

function duration(value: string): string {
  if (!/^\d+(\.\d+)?s$/.test(value)) throw new RangeError("expected seconds, such as 27s");
  return value;
}

function errorAfter(value: string): NonNullable<FaultPlan["errorAfter"]> {
  const [events = "", status = "503", form = "sse"] = value.split(":");
  if (form !== "sse" && form !== "raw" && form !== "array") {
    throw new RangeError("the third part is sse, raw or array");
  }
  return { events: integer(events, 0, 1_000_000), status: integer(status, 400, 599), form };
}
