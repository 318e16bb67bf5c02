/** The function calls of one choice, whole or with their arguments streamed, as tool calls or `function_call`. */
import type { RememberedCall } from "../../signatures/signature-store.ts";
import type { Delta, ExtraContent } from "../../wire/openai.ts";
import type { AnswerContext, AnswerShape } from "../target.ts";
import { FunctionCallArguments } from "./function-call-arguments.ts";
import { nonEmpty, record } from "./lenient.ts";

/** A call whose arguments are still coming. */
interface OpenCall {
  index: number;
  id: string;
  arguments: FunctionCallArguments;
  remembered: RememberedCall;
}

/** What a functionCall part says besides the call. */
export interface CallPart {
  call: Record<string, unknown>;
  /** `thoughtSignature` of exactly this part. */
  signature: string | undefined;
  thought: boolean;
}

export class ChoiceCalls {
  /** Calls begun, shown or not. */
  count = 0;
  /** Calls, or pieces of them, that have no place in the answer. */
  ignored = 0;
  /** Signature of a legacy function call, which has no id to be remembered by. */
  legacySignature: string | undefined;
  readonly #legacy: boolean;
  readonly #context: AnswerContext;
  readonly #model: string;
  #open: OpenCall | undefined;

  constructor(shape: AnswerShape, context: AnswerContext, model: string) {
    this.#legacy = shape.legacyFunctions;
    this.#context = context;
    this.#model = model;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** A call with its name: all of it, or the beginning when its arguments are streamed. */
  begin(name: string, { call, signature, thought }: CallPart): Delta[] {
    const streamed = call["partialArgs"] !== undefined || call["willContinue"] === true;
    const remembered: RememberedCall = { name, model: this.#model };
    if (signature !== undefined) remembered.signature = signature;
    const upstreamId = nonEmpty(call["id"]);
    if (upstreamId !== undefined) remembered.upstreamId = upstreamId;

    const index = this.count;
    this.count += 1;
    // Gemini leaves `args` out when there are none.
    const text = streamed ? "" : JSON.stringify(record(call["args"]) ?? {});
    const deltas: Delta[] = [];
    let id = "";
    if (this.#legacy) {
      // One call fits in `function_call`; further ones have no place and are counted.
      if (index > 0) {
        this.ignored += 1;
        return deltas;
      }
      this.legacySignature = signature;
      deltas.push({ function_call: { name, arguments: text } });
    } else {
      // Always an id of our own: Gemini's may be absent, empty, or the same for several calls.
      id = this.#context.mintToolCallId();
      this.#context.remember(id, remembered);
      const google: ExtraContent["google"] = {};
      if (thought) google.thought = true;
      if (signature !== undefined) google.thought_signature = signature;
      const extra = Object.keys(google).length === 0 ? {} : { extra_content: { google } };
      deltas.push({
        tool_calls: [{ index, id, type: "function", function: { name, arguments: text }, ...extra }],
      });
    }
    if (!streamed) return deltas;
    this.#open = { index, id, arguments: new FunctionCallArguments(), remembered };
    return [...deltas, ...this.continue(call, undefined)];
  }

  /** A call without a name: more arguments of the open one, or its end when it is empty. */
  continue(call: Record<string, unknown>, signature: string | undefined): Delta[] {
    const open = this.#open;
    if (open === undefined) {
      // The end mark of a call that is already complete says nothing; arguments for no call are lost.
      if (Object.keys(call).length > 0) this.ignored += 1;
      return [];
    }
    const deltas: Delta[] = [];
    if (signature !== undefined && open.remembered.signature === undefined) {
      deltas.push(...this.#lateSignature(open, signature));
    }
    const text = open.arguments.push(call["partialArgs"]);
    if (text !== "") deltas.push(this.#more(open, text));
    return call["willContinue"] === true ? deltas : [...deltas, ...this.close()];
  }

  /** What completes the arguments of the open call, if there is one. */
  close(): Delta[] {
    const open = this.#open;
    if (open === undefined) return [];
    this.#open = undefined;
    return [this.#more(open, open.arguments.end())];
  }

  #lateSignature(open: OpenCall, signature: string): Delta[] {
    open.remembered = { ...open.remembered, signature };
    if (this.#legacy) {
      this.legacySignature = signature;
      return [];
    }
    this.#context.remember(open.id, open.remembered);
    return [
      { tool_calls: [{ index: open.index, extra_content: { google: { thought_signature: signature } } }] },
    ];
  }

  #more(open: OpenCall, text: string): Delta {
    if (this.#legacy) return { function_call: { arguments: text } };
    return { tool_calls: [{ index: open.index, function: { arguments: text } }] };
  }
}
