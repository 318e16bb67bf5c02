/** What one client saw, held against what was generated for its request. Pure: the checker itself is tested. */
import type { Observation } from "./observation.ts";
import { LEAVING, MALFORMED, type Conduct, type PlannedCall, type RequestPlan } from "./plan.ts";

/** What the gateway makes of Google's finish reasons; the others are errors. */
const FINISH: Readonly<Record<string, string>> = {
  STOP: "stop",
  MAX_TOKENS: "length",
  SAFETY: "content_filter",
};

/** What a request that is at fault is answered. Overload may come first. */
const REFUSALS: Readonly<Partial<Record<Conduct, readonly number[]>>> = {
  "short-body": [400],
  "long-body": [400],
  "bad-json": [400],
  "wrong-key": [401],
  "unknown-path": [404],
  "bad-field": [400],
  "not-http": [400],
};
const OVERLOAD = [429, 503];
const UPSTREAM_FAILURES = [...OVERLOAD, 502, 504];

interface ToolCallDelta {
  index?: number;
  id?: string;
  function?: { name?: string; arguments?: string };
}
interface Said {
  content?: string | null;
  reasoning_content?: string;
  reasoning?: string;
  tool_calls?: ToolCallDelta[];
}
interface Choice {
  index: number;
  delta?: Said;
  message?: Said;
  finish_reason?: string | null;
}

/** One choice, put together from all that came of it. */
interface Received {
  content: string;
  reasoning: string;
  calls: Map<number, { id: string; name: string; arguments: string }>;
  finish: string | undefined;
}

/** What is wrong with one request's history; nothing for a sound one. */
export function checkAnswer(observation: Observation): string[] {
  const wrong: string[] = [];
  const { plan, endings, status } = observation;
  if (endings.length !== 1) wrong.push(`${endings.length} outcomes instead of one: ${endings.join(", ")}`);
  if (endings.includes("gave-up")) wrong.push("no end in sight: the driver gave up waiting");
  if (observation.error?.startsWith("WRONG BYTES") === true) wrong.push(observation.error);
  if (observation.error === "a second answer") wrong.push("two answers to one request");
  if (status === undefined) {
    if (endings.includes("complete")) wrong.push("complete without a status");
    return wrong;
  }
  const id = observation.headers["x-request-id"];
  if (plan.conduct !== "not-http" && (id === undefined || id === ""))
    wrong.push("an answer without x-request-id");
  if (status === 200) checkSuccess(observation, wrong);
  else checkRefusal(observation, wrong);
  return wrong;
}

function checkSuccess(observation: Observation, wrong: string[]): void {
  const { plan } = observation;
  if (MALFORMED.has(plan.conduct)) {
    wrong.push(`${plan.conduct} was answered with 200`);
    return;
  }
  if (plan.stream) checkStream(observation, wrong);
  else if (observation.endings[0] === "complete") checkWhole(observation, wrong);
}

/** An error answer: a status that is documented for what went wrong, in OpenAI's shape. */
function checkRefusal(observation: Observation, wrong: string[]): void {
  const { plan, status = 0 } = observation;
  const allowed = MALFORMED.has(plan.conduct)
    ? [...(REFUSALS[plan.conduct] ?? []), ...OVERLOAD]
    : [...UPSTREAM_FAILURES, ...ownStatuses(plan)];
  if (!allowed.includes(status))
    wrong.push(`status ${status}; documented here: ${[...new Set(allowed)].join(", ")}`);
  if (observation.events.length > 0 && observation.showsDone)
    wrong.push(`stream events after status ${status}`);
  if (observation.endings[0] !== "complete") return;
  let body: unknown;
  try {
    body = JSON.parse(observation.body);
  } catch {
    wrong.push(`the error of status ${status} is not JSON: ${observation.body.slice(0, 200)}`);
    return;
  }
  checkErrorShape((body as { error?: unknown } | null)?.error, wrong);
}

/** Statuses that the upstreams' own faults may bring about. */
function ownStatuses(plan: RequestPlan): number[] {
  return Object.values(plan.faults).flatMap((fault) => {
    const status = /(?:^|;)status=(\d+)|error-after=\d+:(\d+)/.exec(fault);
    return status === null ? [] : [Number(status[1] ?? status[2])];
  });
}

function checkErrorShape(error: unknown, wrong: string[]): void {
  if (typeof error !== "object" || error === null) {
    wrong.push(`an error that is no object: ${JSON.stringify(error)}`);
    return;
  }
  const { message, type } = error as Record<string, unknown>;
  const keys = Object.keys(error).sort().join();
  if (keys !== "code,message,param,type") wrong.push(`an error with the fields ${keys}`);
  if (typeof message !== "string" || message === "") wrong.push("an error without a message");
  if (typeof type !== "string" || type === "") wrong.push("an error without a type");
}

function checkStream(observation: Observation, wrong: string[]): void {
  const { plan, events } = observation;
  const choices = new Map<number, Received>();
  let failed = false;
  let done = false;
  let usages = 0;
  for (const data of events) {
    if (done) wrong.push("an event after [DONE]");
    if (failed) wrong.push(data === "[DONE]" ? "[DONE] after an error" : "an event after an error");
    if (data === "[DONE]") {
      done = true;
      continue;
    }
    const event = parse(data, wrong);
    if (event === undefined) return;
    if ("error" in event) {
      failed = true;
      checkErrorShape(event["error"], wrong);
      continue;
    }
    if (event["usage"] !== undefined && event["usage"] !== null) usages += 1;
    for (const choice of (event["choices"] ?? []) as Choice[])
      take(choices, choice, choice.delta ?? {}, wrong);
  }
  checkChoices(plan, choices, wrong);
  checkFinishWasSaid(observation, choices, wrong);
  const finished = plan.answer.texts.every((_, index) => choices.get(index)?.finish !== undefined);
  if (done && !finished) wrong.push("[DONE] before every choice had its finish_reason");
  if (done && plan.includeUsage && usages !== 1) wrong.push(`usage was asked for and came ${usages} times`);
  const [ending] = observation.endings;
  if (ending === "complete" && !failed && (observation.showsDone ? !done : !finished)) {
    wrong.push("a clean end with neither an error nor the whole answer: SDKs take it for success");
  }
}

function checkWhole(observation: Observation, wrong: string[]): void {
  const { plan } = observation;
  const body = parse(observation.body, wrong);
  if (body === undefined) return;
  const choices = new Map<number, Received>();
  for (const choice of (body["choices"] ?? []) as Choice[])
    take(choices, choice, choice.message ?? {}, wrong);
  checkChoices(plan, choices, wrong);
  checkFinishWasSaid(observation, choices, wrong);
  for (const index of plan.answer.texts.keys()) {
    if (choices.get(index)?.finish === undefined)
      wrong.push(`choice ${index} of a whole answer is missing or unfinished`);
  }
}

function take(choices: Map<number, Received>, choice: Choice, said: Said, wrong: string[]): void {
  let received = choices.get(choice.index);
  if (received === undefined) {
    received = { content: "", reasoning: "", calls: new Map(), finish: undefined };
    choices.set(choice.index, received);
  }
  const reasoning = said.reasoning_content ?? said.reasoning ?? "";
  const says = (said.content ?? "") !== "" || reasoning !== "" || (said.tool_calls ?? []).length > 0;
  if (received.finish !== undefined && (says || choice.finish_reason != null)) {
    wrong.push(`choice ${choice.index} goes on after its finish_reason`);
  }
  received.content += said.content ?? "";
  received.reasoning += reasoning;
  for (const [position, call] of (said.tool_calls ?? []).entries()) {
    const index = call.index ?? position;
    const known = received.calls.get(index) ?? { id: "", name: "", arguments: "" };
    known.id ||= call.id ?? "";
    known.name ||= call.function?.name ?? "";
    known.arguments += call.function?.arguments ?? "";
    received.calls.set(index, known);
  }
  if (choice.finish_reason != null) received.finish = choice.finish_reason;
}

function checkChoices(plan: RequestPlan, choices: ReadonlyMap<number, Received>, wrong: string[]): void {
  const { texts, thoughts = "", calls, finishReason } = plan.answer;
  for (const [index, received] of choices) {
    const text = texts[index];
    const name = texts.length > 1 ? `choice ${index}: ` : "";
    if (text === undefined) {
      wrong.push(`choice ${index} was never generated`);
      continue;
    }
    checkText(`${name}the text`, received.content, text, plan.id, wrong);
    checkText(`${name}the thoughts`, received.reasoning, thoughts, plan.id, wrong);
    if (received.finish === undefined) continue;
    const right = calls.length > 0 && finishReason === "STOP" ? "tool_calls" : FINISH[finishReason];
    if (received.finish !== right) {
      wrong.push(
        `${name}finish_reason ${received.finish} where ${finishReason} was generated (${right ?? "an error"})`,
      );
    }
    if (received.content !== text) {
      wrong.push(
        `${name}FAKE FINISH: finish_reason ${received.finish} after ${received.content.length} of ${text.length} characters`,
      );
    }
    checkCalls(received, calls, name, wrong);
  }
}

/** Text that came whole does not make up for it: nobody can know that it is whole. */
function checkFinishWasSaid(
  { calls }: Observation,
  choices: ReadonlyMap<number, Received>,
  wrong: string[],
): void {
  const unsaid = calls.length > 0 && calls.every(({ fault }) => fault?.includes("no-finish"));
  if (unsaid && [...choices.values()].some(({ finish }) => finish !== undefined)) {
    wrong.push("FAKE FINISH: a finish_reason that no upstream sent");
  }
}

/** What came must be the beginning of what was generated for this very request. */
function checkText(what: string, received: string, generated: string, id: string, wrong: string[]): void {
  if (generated.startsWith(received)) return;
  let same = 0;
  while (received[same] === generated[same]) same += 1;
  const stranger = (received.match(/\br\d+x[0-9a-z]+(?=[ct:])/g) ?? []).find((word) => !word.startsWith(id));
  const why = stranger === undefined ? "" : ` CROSS-TALK: it holds words of ${stranger}.`;
  wrong.push(
    `${what} is no prefix of what was generated: at ${same} came ${JSON.stringify(received.slice(same, same + 60))} ` +
      `where ${JSON.stringify(generated.slice(same, same + 60))} was generated.${why}`,
  );
}

function checkCalls(received: Received, calls: readonly PlannedCall[], name: string, wrong: string[]): void {
  if (received.calls.size !== calls.length) {
    wrong.push(`${name}${received.calls.size} tool calls where ${calls.length} were generated`);
    return;
  }
  const ids = new Set<string>();
  for (const [index, call] of calls.entries()) {
    const got = received.calls.get(index);
    if (got === undefined) {
      wrong.push(`${name}no tool call has index ${index}`);
      continue;
    }
    if (got.id === "" || ids.has(got.id))
      wrong.push(`${name}tool call ${index} has no id of its own: "${got.id}"`);
    ids.add(got.id);
    if (got.name !== call.name) wrong.push(`${name}tool call ${index} is ${got.name}, not ${call.name}`);
    if (!sameJson(got.arguments, call.args)) {
      wrong.push(
        `${name}tool call ${index} has the arguments ${got.arguments.slice(0, 200)}, not ${JSON.stringify(call.args)}`,
      );
    }
  }
}

function sameJson(text: string, value: PlannedCall["args"]): boolean {
  try {
    const parsed = JSON.parse(text) as Record<string, unknown>;
    const keys = Object.keys(value);
    return Object.keys(parsed).length === keys.length && keys.every((key) => parsed[key] === value[key]);
  } catch {
    return false;
  }
}

function parse(text: string, wrong: string[]): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below, as for anything else that is no object.
  }
  wrong.push(`not a JSON object: ${text.slice(0, 120)}`);
  return undefined;
}

/** True for a request that a sound gateway with sound upstreams answers in full. */
export function isClean({ plan }: Observation): boolean {
  return (
    !LEAVING.has(plan.conduct) &&
    !MALFORMED.has(plan.conduct) &&
    Object.keys(plan.faults).length === 0 &&
    FINISH[plan.answer.finishReason] !== undefined
  );
}

/** How a request ended, in a word, for the tables. */
export function outcomeWord(observation: Observation): string {
  const [ending = "none"] = observation.endings;
  const { status, events } = observation;
  if (ending !== "complete") return ending;
  if (status !== 200) return `status ${status}`;
  const failed = events.some((data) => data.startsWith('{"error"'));
  return failed ? "error in stream" : "ok";
}
