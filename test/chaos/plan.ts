/** What one request of a chaos run asks, what it will be answered, how its client behaves, and what goes wrong upstream. */
import type { Dice } from "./dice.ts";

export type UpstreamName = "a" | "b";

export const KINDS = [
  "unary",
  "stream",
  "tools",
  "parallel-tools",
  "tool-results",
  "image",
  "large-image",
  "json-schema",
  "choices",
  "thinking",
  "long-answer",
] as const;
export type Kind = (typeof KINDS)[number];

/** How the client behaves. All but the last group send a request that the gateway has to answer. */
export type Conduct =
  // Waits for the end.
  | "patient"
  | "half-close"
  | "slow-reader"
  // Leaves on the way.
  | "leave-before-head"
  | "leave-in-answer"
  | "leave-in-body"
  // Sends what cannot be answered.
  | "short-body"
  | "long-body"
  | "bad-json"
  | "wrong-key"
  | "unknown-path"
  | "bad-field"
  | "not-http";

export const LEAVING: ReadonlySet<Conduct> = new Set([
  "leave-before-head",
  "leave-in-answer",
  "leave-in-body",
]);
export const MALFORMED: ReadonlySet<Conduct> = new Set([
  "short-body",
  "long-body",
  "bad-json",
  "wrong-key",
  "unknown-path",
  "bad-field",
  "not-http",
]);

export interface PlannedCall {
  name: string;
  args: Record<string, string | number>;
}

/** What the upstreams generate for this request, and only for it. */
export interface PlannedAnswer {
  /** One text a choice; every word holds the request's id and its own position. */
  texts: string[];
  thoughts?: string;
  calls: PlannedCall[];
  /** Google's word. */
  finishReason: string;
}

export interface RequestPlan {
  index: number;
  /** Stands in the prompt and in every generated word. */
  id: string;
  kind: Kind;
  stream: boolean;
  includeUsage: boolean;
  /** By the official SDK, or by hand on a socket. */
  client: "sdk" | "socket";
  conduct: Conduct;
  /** When a leaving client leaves: milliseconds after sending, or events received. */
  leaveAfter: number;
  /** The connection ends by a reset rather than a FIN. */
  reset: boolean;
  /** Body bytes in one write, or in pieces. */
  pieces: number;
  answer: PlannedAnswer;
  /** Emulator faults, by upstream. */
  faults: Partial<Record<UpstreamName, string>>;
  /** The fault strikes an upstream's first call only. */
  faultOnce: boolean;
}

export interface PlanOptions {
  /** Whether upstreams may fail this request. */
  faults: boolean;
  /** Whether clients may leave or send nonsense. */
  misconduct: boolean;
}

const WORDS = [
  "ash",
  "naïve",
  "Grüße",
  "日本語",
  "мост",
  "🦊",
  "שלום",
  "two\nlines",
  '"quoted"',
  "é́",
  "\\back",
] as const;

export function makePlan(dice: Dice, index: number, options: PlanOptions): RequestPlan {
  const own = dice.fork(`request ${index}`);
  const id = `r${index}x${own.between(0, 0xffffff).toString(36)}`;
  const kind = own.weighted<Kind>({
    unary: 20,
    stream: 30,
    tools: 8,
    "parallel-tools": 6,
    "tool-results": 5,
    image: 5,
    "large-image": 1,
    "json-schema": 6,
    choices: 6,
    thinking: 8,
    "long-answer": 3,
  });
  const stream = kind === "unary" ? false : kind === "stream" || kind === "long-answer" || own.chance(0.5);
  const conduct = options.misconduct ? chooseConduct(own, stream, kind) : "patient";
  const slow = LEAVING.has(conduct) && kind !== "long-answer" && own.chance(0.5);
  const bySocket = conduct !== "patient" && conduct !== "leave-in-answer" && conduct !== "leave-before-head";
  return {
    index,
    id,
    kind,
    stream,
    includeUsage: stream && own.chance(0.5),
    client: bySocket || own.chance(0.6) ? "socket" : "sdk",
    conduct,
    leaveAfter: conduct === "leave-in-answer" ? own.between(1, slow ? 2 : 12) : own.between(0, 80),
    reset: own.chance(0.5),
    pieces: own.chance(0.2) ? own.between(2, 9) : 1,
    answer: planAnswer(own, id, kind),
    ...(slow ? slowFaults(stream) : planFaults(own, options.faults)),
  };
}

/** Upstreams that would go on for seconds, so that it is seen whether they do. */
function slowFaults(stream: boolean): Pick<RequestPlan, "faults" | "faultOnce"> {
  const fault = stream ? "slow=3000" : "delay=8000";
  return { faults: { a: fault, b: fault }, faultOnce: false };
}

function chooseConduct(dice: Dice, stream: boolean, kind: Kind): Conduct {
  if (kind === "long-answer") {
    return dice.weighted<Conduct>({ patient: 2, "slow-reader": 3, "leave-in-answer": 2 });
  }
  return dice.weighted<Conduct>({
    patient: 66,
    "half-close": 4,
    "slow-reader": 2,
    "leave-before-head": 6,
    "leave-in-answer": stream ? 8 : 0,
    "leave-in-body": 3,
    "short-body": 2,
    "long-body": 1,
    "bad-json": 2,
    "wrong-key": 2,
    "unknown-path": 1,
    "bad-field": 2,
    "not-http": 1,
  });
}

function planAnswer(dice: Dice, id: string, kind: Kind): PlannedAnswer {
  switch (kind) {
    case "tools":
      return { texts: [""], calls: [makeCall(dice, id, 0)], finishReason: "STOP" };
    case "parallel-tools": {
      const count = dice.between(2, 5);
      const calls = Array.from({ length: count }, (_, call) => makeCall(dice, id, call));
      return { texts: [dice.chance(0.3) ? makeText(dice, id, 8) : ""], calls, finishReason: "STOP" };
    }
    case "choices": {
      const count = dice.between(2, 4);
      const length = dice.between(3, 40);
      // Where each choice is a call of its own, the calls are all alike, and so are their answers.
      const alike = dice.chance(0.5) ? makeText(dice, id, length) : undefined;
      const texts = Array.from(
        { length: count },
        (_, choice) => alike ?? makeText(dice, `${id}c${choice}`, length),
      );
      return { texts, calls: [], finishReason: "STOP" };
    }
    case "json-schema":
      return {
        texts: [JSON.stringify({ id, words: makeText(dice, id, dice.between(1, 60)) })],
        calls: [],
        finishReason: "STOP",
      };
    case "thinking":
      return {
        texts: [makeText(dice, id, dice.between(3, 60))],
        thoughts: makeText(dice, `${id}t`, dice.between(3, 40)),
        calls: [],
        finishReason: "STOP",
      };
    case "long-answer":
      return { texts: [makeText(dice, id, dice.between(20_000, 80_000))], calls: [], finishReason: "STOP" };
    default:
      return {
        texts: [makeText(dice, id, dice.between(2, 150))],
        calls: [],
        finishReason: dice.weighted({ STOP: 90, MAX_TOKENS: 5, SAFETY: 3, MALFORMED_FUNCTION_CALL: 2 }),
      };
  }
}

function makeText(dice: Dice, id: string, words: number): string {
  const parts: string[] = [];
  for (let at = 0; at < words; at += 1) parts.push(`${id}:${at}=${dice.pick(WORDS)}`);
  return parts.join(" ");
}

function makeCall(dice: Dice, id: string, position: number): PlannedCall {
  return {
    name: dice.pick(["look_up", "write_down"]),
    args: {
      key: `${id}#${position}`,
      words: makeText(dice, id, dice.between(1, 12)),
      count: dice.between(0, 99),
    },
  };
}

function planFaults(dice: Dice, allowed: boolean): Pick<RequestPlan, "faults" | "faultOnce"> {
  if (!allowed || !dice.chance(0.25)) return { faults: {}, faultOnce: false };
  const fault = makeFault(dice);
  const where = dice.weighted({ a: 2, b: 2, both: 1 });
  return {
    faults:
      where === "both" ? { a: fault, b: dice.chance(0.5) ? fault : makeFault(dice) } : { [where]: fault },
    faultOnce: dice.chance(0.4),
  };
}

function makeFault(dice: Dice): string {
  const events = dice.between(0, 6);
  return dice.weighted<string>({
    "status=429": 3,
    "status=429;retry-after=1": 3,
    "status=429;retry-delay=1s": 1,
    "status=500": 4,
    "status=503": 6,
    "status=504": 1,
    "status=400": 1,
    html: 2,
    "html-200": 2,
    "empty-body": 2,
    [`delay=${dice.between(50, 900)}`]: 4,
    hang: 1,
    reset: 4,
    [`stall-after=${events}`]: 2,
    [`slow=${dice.between(10, 80)}`]: 3,
    [`cut-after=${events}`]: 4,
    [`end-after=${events}`]: 4,
    [`cut-after-bytes=${dice.between(1, 4000)}`]: 4,
    "cut-in-utf8": 2,
    [`split-bytes=${dice.between(1, 40)}`]: 4,
    crlf: 1,
    lf: 1,
    cr: 1,
    "no-space": 1,
    comments: 1,
    bom: 1,
    gzip: 1,
    "wrong-encoding": 1,
    [`error-after=${events}:503`]: 3,
    [`error-after=${events}:500:raw`]: 2,
    [`error-after=${events}:429:array`]: 2,
    "no-finish": 3,
    "no-usage": 1,
    "no-candidates": 2,
    [`malformed-json-after=${events}`]: 3,
  });
}
