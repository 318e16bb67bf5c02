/** The defects that are mended, each in words that may stand in a header: visible ASCII without `,` and `;`. */
const REPAIRS = {
  id: "id: added",
  created: "created: added",
  model: "model: added",
  object: "object: corrected",
  constantEnvelope: "id/created/model: made the same on every chunk",
  emptyChunk: "chunk without content: left out",
  eventPerLine: "events on one line each: separated",
  choice: "choices: one empty choice added",
  choiceIndex: "choices[].index: added",
  notAChoice: "choices[]: entry that is no object left out",
  message: "choices[].message: added",
  delta: "choices[].delta: added",
  role: "role: added",
  repeatedRole: "role: sent once",
  content: "content: added",
  contentParts: "content: parts joined to text",
  refusal: "refusal: null added",
  logprobs: "logprobs: null added",
  toolCallsArray: "tool_calls: made an array of objects",
  toolCallIndex: "tool_calls[].index: corrected",
  toolCallId: "tool_calls[].id: minted",
  toolCallType: "tool_calls[].type: added",
  toolCallName: "tool_calls[]: held until its name came",
  repeatedToolCall: "tool_calls[].id/name: sent once",
  arguments: "tool_calls[].function.arguments: made JSON text",
  argumentsEscaped: "tool_calls[].function.arguments: control characters escaped",
  signature: "thought_signature: moved to its tool call",
  finishReason: "finish_reason: corrected",
  finishReasonNull: "finish_reason: null until the end",
  finishReasonOnce: "finish_reason: sent once at the end",
  finishReasonAdded: "finish_reason: added",
  usage: "usage: missing counts added",
  usageAbsent: "usage: absent and told as 0",
  usageReasoning: "usage.completion_tokens: reasoning included",
  usageLast: "usage: sent once in a chunk of its own",
  usageUnasked: "usage: left out of a stream that did not ask for it",
  done: "[DONE]: added",
} as const;

export type RepairName = keyof typeof REPAIRS;

/** What was mended in one answer, each kind once, in the order of appearance. */
export class Repairs {
  readonly #names = new Set<RepairName>();

  add(name: RepairName): void {
    this.#names.add(name);
  }

  /** For example `tool_calls[].index: corrected`. */
  get words(): string[] {
    return Array.from(this.#names, (name) => REPAIRS[name]);
  }
}
