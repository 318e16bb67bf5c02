/** One choice of a stream: what its deltas lack is put in as they pass, and what they have said is remembered. */
import type { FinishReason } from "../../wire/openai.ts";
import type { ChoiceFacts } from "../gemini-to-openai/finish-reason.ts";
import { nonEmpty, record } from "../gemini-to-openai/lenient.ts";
import { joinParts } from "./content.ts";
import { repairFinishReason } from "./finish-reason.ts";
import { isBlank, type Json, without } from "./json.ts";
import type { RepairOptions } from "./options.ts";
import type { Repairs } from "./repairs.ts";
import { loneSignature, withoutSignature } from "./signature.ts";
import { ToolCallDeltas } from "./tool-call-deltas.ts";

const OUTPUT = ["content", "refusal", "audio", "images"];

export class ChoiceStream {
  readonly index: number;
  readonly #repairs: Repairs;
  readonly toolCalls: ToolCallDeltas;
  #roleSent = false;
  #hasOutput = false;
  #calledFunction = false;
  #reason: string | undefined;
  /** Google's layer has said `finishReason` and left `finish_reason` null (llmcord#84); used when nothing else comes. */
  #aliasReason: string | undefined;
  /** The client has been told why the choice ended. */
  finished = false;

  constructor(index: number, options: RepairOptions, repairs: Repairs) {
    this.index = index;
    this.#repairs = repairs;
    this.toolCalls = new ToolCallDeltas(options.mintToolCallId, repairs);
  }

  /** The upstream has said why the choice ended. */
  get ended(): boolean {
    return (this.#reason ?? this.#aliasReason) !== undefined;
  }

  /** Something came that a client could use. */
  get hasOutput(): boolean {
    return this.#hasOutput || this.toolCalls.calls.length > 0 || this.#calledFunction;
  }

  /** The choice with its delta put right; the same object when nothing was wrong with it. */
  push(given: Json): Json {
    let choice = given;
    const delta = this.#delta(choice["delta"]);
    if (delta !== choice["delta"]) choice = { ...choice, delta };
    const reason = choice["finish_reason"];
    if (typeof reason === "string" && reason !== "") {
      this.#reason = reason;
    } else if (reason !== null) {
      choice = { ...choice, finish_reason: null };
      this.#repairs.add("finishReasonNull");
    }
    this.#aliasReason = nonEmpty(choice["finishReason"]) ?? this.#aliasReason;
    return choice;
  }

  /** The last reason given, in OpenAI's words; `stop` when none was.
   * @throws GatewayError 502 when it says that the answer failed */
  finishReason(): FinishReason {
    const said = this.#reason ?? this.#aliasReason;
    const facts: ChoiceFacts = {
      calledTools: this.toolCalls.calls.length > 0 || this.#calledFunction,
      legacyFunctions: this.toolCalls.calls.length === 0,
      hasOutput: this.hasOutput,
    };
    const reason = repairFinishReason(said ?? "stop", facts);
    if (said === undefined) this.#repairs.add("finishReasonAdded");
    else if (reason !== this.#reason) this.#repairs.add("finishReason");
    return reason;
  }

  #delta(given: unknown): Json {
    let delta = record(given);
    if (delta === undefined) {
      this.#repairs.add("delta");
      delta = {};
    }
    delta = joinParts(this.#role(delta), this.#repairs);
    const calls = delta["tool_calls"];
    if (calls !== undefined && calls !== null) {
      const repaired = this.toolCalls.push(calls);
      if (repaired !== calls) delta = { ...delta, tool_calls: repaired };
      if (isBlank(repaired) && !isBlank(calls)) delta = without(delta, "tool_calls");
    }
    if (record(delta["function_call"]) !== undefined) this.#calledFunction = true;
    this.#hasOutput ||= OUTPUT.some((key) => !isBlank(delta[key]));
    return this.#ownSignature(delta);
  }

  /** Once, in the first delta: openai-python joins what is repeated, to "assistantassistant". */
  #role(delta: Json): Json {
    if (!this.#roleSent) {
      this.#roleSent = true;
      if (delta["role"] === "assistant") return delta;
      this.#repairs.add("role");
      return { ...delta, role: "assistant" };
    }
    if (!Object.hasOwn(delta, "role")) return delta;
    this.#repairs.add("repeatedRole");
    return without(delta, "role");
  }

  /** A signature in a delta of its own, after the call it belongs to, goes to that call. */
  #ownSignature(delta: Json): Json {
    const signature = loneSignature(delta);
    const call = this.toolCalls.unsignedFirst;
    if (signature === undefined || call === undefined) return delta;
    call.signed = true;
    this.#repairs.add("signature");
    const extra_content = { google: { thought_signature: signature } };
    return {
      ...withoutSignature(delta),
      tool_calls: [{ index: call.index, function: { arguments: "" }, extra_content }],
    };
  }
}
