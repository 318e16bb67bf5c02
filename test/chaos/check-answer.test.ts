/** The checker finds what it is there to find; otherwise its silence would mean nothing. */
import { describe, expect, test } from "vitest";
import { checkAnswer, isClean, outcomeWord } from "./check-answer.ts";
import { newObservation, type Observation } from "./observation.ts";
import type { PlannedAnswer, RequestPlan } from "./plan.ts";

const TEXT = "r7xabc:0=one r7xabc:1=two r7xabc:2=three";
const CALLS = [
  { name: "look_up", args: { key: "r7xabc#0", count: 1 } },
  { name: "write_down", args: { key: "r7xabc#1", count: 2 } },
];

function plan(changes: Partial<RequestPlan> = {}, answer: Partial<PlannedAnswer> = {}): RequestPlan {
  return {
    index: 7,
    id: "r7xabc",
    kind: "stream",
    stream: true,
    includeUsage: false,
    client: "socket",
    conduct: "patient",
    leaveAfter: 0,
    reset: false,
    pieces: 1,
    answer: { texts: [TEXT], calls: [], finishReason: "STOP", ...answer },
    faults: {},
    faultOnce: false,
    ...changes,
  };
}

function seen(events: string[], changes: Partial<Observation> = {}, of = plan()): Observation {
  return {
    ...newObservation(of, "calm 1"),
    status: 200,
    headers: { "x-request-id": "req_1" },
    events,
    endings: ["complete"],
    endedAt: 1,
    ...changes,
  };
}

function delta(said: object, finish: string | null = null, index = 0): string {
  return JSON.stringify({ choices: [{ index, delta: said, finish_reason: finish }] });
}
const pieces = (text: string): string[] => text.match(/.{1,9}/gs)!.map((piece) => delta({ content: piece }));
const ERROR = JSON.stringify({
  error: { message: "It broke.", type: "server_error", param: null, code: "overloaded" },
});
const WHOLE = [...pieces(TEXT), delta({}, "stop"), "[DONE]"];
const toolEvents = (ids: [string, string], indexes: [number, number] = [0, 1], cut = 0): string[] => [
  ...CALLS.flatMap((call, at) => {
    const text = JSON.stringify(call.args);
    const sent = at === 1 ? text.slice(0, text.length - cut) : text;
    const index = indexes[at]!;
    return [
      delta({
        tool_calls: [{ index, id: ids[at], function: { name: call.name, arguments: sent.slice(0, 5) } }],
      }),
      delta({ tool_calls: [{ index, function: { arguments: sent.slice(5) } }] }),
    ];
  }),
  delta({}, "tool_calls"),
  "[DONE]",
];
const toolPlan = plan({ kind: "parallel-tools" }, { texts: [""], calls: CALLS });
const unaryPlan = plan({ kind: "unary", stream: false });
const whole = (message: object, finish: string | null = "stop"): Partial<Observation> => ({
  body: JSON.stringify({ choices: [{ index: 0, message, finish_reason: finish }] }),
});

describe("sound histories", () => {
  test.each<[string, Observation]>([
    ["a whole stream", seen(WHOLE)],
    ["a stream that ends with an error", seen([...pieces(TEXT).slice(0, 2), ERROR])],
    [
      "a client that left",
      seen(pieces(TEXT).slice(0, 2), { endings: ["left"] }, plan({ conduct: "leave-in-answer" })),
    ],
    ["whole tool calls", seen(toolEvents(["call_a", "call_b"]), {}, toolPlan)],
    ["a whole answer", seen([], whole({ content: TEXT }), unaryPlan)],
    ["an SDK's stream, which shows no [DONE]", seen(WHOLE.slice(0, -1), { showsDone: false })],
    ["an upstream's failure", seen([], { status: 503, body: ERROR })],
    ["a fault's own status", seen([], { status: 500, body: ERROR }, plan({ faults: { a: "status=500" } }))],
    ["a wrong key", seen([], { status: 401, body: ERROR }, plan({ conduct: "wrong-key" }))],
    ["no connection", seen([], { status: undefined as never, headers: {}, endings: ["refused"] })],
  ])("%s", (_, observation) => {
    expect(checkAnswer(observation)).toEqual([]);
  });
});

describe("planted violations are found", () => {
  test.each<[string, Observation, RegExp]>([
    [
      "a fake stop on a truncated stream",
      seen([...pieces(TEXT).slice(0, 2), delta({}, "stop"), "[DONE]"]),
      /FAKE FINISH: finish_reason stop after 18 of 40 characters/,
    ],
    [
      "a fake stop, seen by an SDK",
      seen([...pieces(TEXT).slice(0, 2), delta({}, "stop")], { showsDone: false }),
      /FAKE FINISH/,
    ],
    [
      "a duplicated chunk",
      seen([...pieces(TEXT).slice(0, 1), ...WHOLE]),
      /no prefix of what was generated: at 9/,
    ],
    [
      "a stop that the upstream never said",
      seen(WHOLE, { calls: [{ upstream: "a", fault: "no-finish", at: 1 }] }),
      /FAKE FINISH: a finish_reason that no upstream sent/,
    ],
    [
      "a whole answer's stop that the upstream never said",
      seen(
        [],
        { ...whole({ content: TEXT }), calls: [{ upstream: "a", fault: "no-finish", at: 1 }] },
        unaryPlan,
      ),
      /FAKE FINISH: a finish_reason that no upstream sent/,
    ],
    ["a lost chunk", seen(WHOLE.toSpliced(1, 1)), /no prefix/],
    ["a damaged character", seen(WHOLE.with(0, delta({ content: "r7xabc:0\uFFFD" }))), /no prefix/],
    [
      "cross-talk",
      seen([delta({ content: "r7xabc:0=one r8xdef:1=two" }), ERROR]),
      /CROSS-TALK: it holds words of r8xdef/,
    ],
    ["two outcomes", seen(WHOLE, { endings: ["complete", "broken"] }), /2 outcomes instead of one/],
    ["no outcome", seen(WHOLE, { endings: [] }), /0 outcomes instead of one/],
    ["a hang", seen([], { endings: ["gave-up"] }), /gave up waiting/],
    [
      "a clean end in the middle",
      seen(pieces(TEXT)),
      /a clean end with neither an error nor the whole answer/,
    ],
    [
      "a clean end in the middle, seen by an SDK",
      seen(pieces(TEXT), { showsDone: false }),
      /a clean end with neither an error nor the whole answer/,
    ],
    ["a clean end without [DONE]", seen(WHOLE.slice(0, -1)), /a clean end with neither/],
    [
      "[DONE] after an error",
      seen([...pieces(TEXT).slice(0, 1), ERROR, "[DONE]"]),
      /\[DONE\] after an error/,
    ],
    ["text after an error", seen([ERROR, ...WHOLE]), /an event after an error/],
    ["an event after [DONE]", seen([...WHOLE, delta({})]), /an event after \[DONE\]/],
    ["[DONE] without a finish", seen([...pieces(TEXT), "[DONE]"]), /\[DONE\] before every choice/],
    [
      "text after the finish",
      seen([...WHOLE.slice(0, -1), delta({ content: "!" }), "[DONE]"]),
      /goes on after its finish_reason/,
    ],
    [
      "two finishes",
      seen([...WHOLE.slice(0, -1), delta({}, "stop"), "[DONE]"]),
      /goes on after its finish_reason/,
    ],
    [
      "stop where length was generated",
      seen(WHOLE, {}, plan({}, { finishReason: "MAX_TOKENS" })),
      /finish_reason stop where MAX_TOKENS was generated \(length\)/,
    ],
    [
      "stop where an error was generated",
      seen(WHOLE, {}, plan({}, { finishReason: "MALFORMED_FUNCTION_CALL" })),
      /finish_reason stop where MALFORMED_FUNCTION_CALL was generated \(an error\)/,
    ],
    [
      "a choice too many",
      seen([...WHOLE.slice(0, -1), delta({}, "stop", 1), "[DONE]"]),
      /choice 1 was never generated/,
    ],
    ["a choice too few", seen(WHOLE, {}, plan({}, { texts: [TEXT, TEXT] })), /before every choice/],
    ["a tool call too few", seen([delta({}, "tool_calls"), "[DONE]"], {}, toolPlan), /0 tool calls where 2/],
    [
      "a cut argument",
      seen(toolEvents(["call_a", "call_b"], [0, 1], 3), {}, toolPlan),
      /tool call 1 has the arguments/,
    ],
    [
      "one id twice",
      seen(toolEvents(["call_a", "call_a"]), {}, toolPlan),
      /tool call 1 has no id of its own/,
    ],
    [
      "a wrong index",
      seen(toolEvents(["call_a", "call_b"], [0, 2]), {}, toolPlan),
      /no tool call has index 1/,
    ],
    [
      "calls mixed up",
      seen(toolEvents(["call_a", "call_b"], [1, 0]), {}, toolPlan),
      /tool call 0 is write_down/,
    ],
    [
      "stop in place of tool_calls",
      seen([...toolEvents(["a", "b"]).slice(0, -2), delta({}, "stop"), "[DONE]"], {}, toolPlan),
      /finish_reason stop where/,
    ],
    [
      "usage that never came",
      seen(WHOLE, {}, plan({ includeUsage: true })),
      /usage was asked for and came 0 times/,
    ],
    ["a whole answer cut short", seen([], whole({ content: TEXT.slice(0, 9) }), unaryPlan), /FAKE FINISH/],
    [
      "a whole answer without a finish",
      seen([], whole({ content: TEXT }, null), unaryPlan),
      /missing or unfinished/,
    ],
    [
      "a whole answer that is empty",
      seen([], { body: "{}" }, unaryPlan),
      /choice 0 of a whole answer is missing/,
    ],
    [
      "an error that is not documented",
      seen([], { status: 400, body: ERROR }),
      /status 400; documented here/,
    ],
    [
      "a wrong key let in",
      seen(WHOLE, {}, plan({ conduct: "wrong-key" })),
      /wrong-key was answered with 200/,
    ],
    ["an error in no shape", seen([], { status: 503, body: '{"error":"no"}' }), /an error that is no object/],
    [
      "an error with more than it may say",
      seen([], { status: 503, body: ERROR.replace("}}", ',"stack":"x"}}') }),
      /with the fields/,
    ],
    ["an HTML error", seen([], { status: 502, body: "<html>" }), /is not JSON/],
    ["an event that is not JSON", seen(["{"]), /not a JSON object/],
    ["no request id", seen(WHOLE, { headers: {} }), /without x-request-id/],
    [
      "bytes that are not HTTP",
      seen([], { endings: ["broken"], error: "WRONG BYTES: not a chunk's size" }),
      /WRONG BYTES/,
    ],
    ["two answers", seen(WHOLE, { error: "a second answer" }), /two answers/],
  ])("%s", (_, observation, found) => {
    expect(checkAnswer(observation).join("\n")).toMatch(found);
  });
});

test("clean requests are those that nothing excuses", () => {
  expect(isClean(seen(WHOLE))).toBe(true);
  expect(isClean(seen(WHOLE, {}, plan({ faults: { b: "reset" } })))).toBe(false);
  expect(isClean(seen(WHOLE, {}, plan({ conduct: "leave-in-body" })))).toBe(false);
  expect(isClean(seen(WHOLE, {}, plan({ conduct: "not-http" })))).toBe(false);
  expect(isClean(seen(WHOLE, {}, plan({}, { finishReason: "MALFORMED_FUNCTION_CALL" })))).toBe(false);
  expect(outcomeWord(seen(WHOLE))).toBe("ok");
  expect(outcomeWord(seen([ERROR]))).toBe("error in stream");
});
