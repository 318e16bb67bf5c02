/** A stream of an OpenAI-shaped upstream, put right event by event where it is not what OpenAI would have sent. */
import { DONE } from "../../wire/sse.ts";
import { objects, record } from "../gemini-to-openai/lenient.ts";
import { answerError, notAnAnswer, truncated } from "./answer-error.ts";
import { ChoiceStream } from "./choice-stream.ts";
import {
  addsNothing,
  frame,
  type HeldChunk,
  isEmptyChunk,
  saysOnlyFinish,
  withFinishReasons,
} from "./held-chunk.ts";
import { isBlank, type Json, position } from "./json.ts";
import type { RepairOptions } from "./options.ts";
import { Repairs } from "./repairs.ts";
import { loneSignature } from "./signature.ts";
import { StreamEnvelope } from "./stream-envelope.ts";
import { StreamUsage } from "./stream-usage.ts";
import { moveSignature } from "./waiting-signature.ts";

/** Chunks kept in their place behind a finish reason; a sane upstream sends one or two. */
const MAX_HELD = 256;

/**
 * One stream being mended: feed it the data of each event in order, write what it returns.
 *
 * An event that needs no repair is passed on in the upstream's own text, extra fields and all. What the next event
 * may change waits for it: a finish reason, which some upstreams send with every chunk, until the stream has ended
 * or another choice goes on; a thought signature in a delta of its own until it is clear whether a tool call follows.
 */
export class StreamRepair {
  readonly #options: RepairOptions;
  readonly #repairs = new Repairs();
  readonly #envelope: StreamEnvelope;
  readonly #usage: StreamUsage;
  readonly #choices = new Map<number, ChoiceStream>();
  /** In the order of arrival. At most one chunk per choice can change; the others only keep their place. */
  #held: HeldChunk[] = [];
  #done = false;

  constructor(options: RepairOptions) {
    this.#options = options;
    this.#envelope = new StreamEnvelope(options, this.#repairs);
    this.#usage = new StreamUsage(options.usage ?? "last", this.#repairs);
  }

  /** What has been mended so far, each kind once, for example `tool_calls[].index: corrected`. */
  get repairs(): readonly string[] {
    return this.#repairs.words;
  }

  /** The counts the upstream told last, mended; undefined when it told none. For accounts: it may not be sent. */
  get usage(): Readonly<Record<string, unknown>> | undefined {
    return this.#usage.counts;
  }

  /**
   * Every choice has said why it ended, so only usage and `[DONE]` can follow. An upstream that falls silent here, as
   * some do (vllm-mlx#101), can be ended with `end` and nothing is lost.
   */
  get ended(): boolean {
    return this.#choices.size > 0 && Array.from(this.#choices.values()).every((state) => state.ended);
  }

  /** `[DONE]` has been returned: whatever else the upstream sends is ignored. */
  get done(): boolean {
    return this.#done;
  }

  /**
   * Zero or more events, as text, for the data of one event.
   * @param eventName the event's `event` field, if it had one
   * @throws GatewayError with the upstream's refusal when the event is an error; 502 when it cannot be read or says
   *   that the answer failed, and `upstream_truncated` when it is a `[DONE]` before any answer. After a throw nothing
   *   more may be sent but an error frame.
   */
  push(data: string, eventName?: string): string {
    if (this.#done) return "";
    const text = data.trim();
    if (text === "") return "";
    if (text === "[DONE]") return this.#finish(true);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return this.#lines(text, eventName, error);
    }
    const failure = answerError(
      eventName === "error" && record(value)?.["error"] === undefined ? { error: value } : value,
    );
    if (failure !== undefined) throw failure;
    const chunk = record(value);
    if (chunk === undefined) throw notAnAnswer("holds an event that is not a JSON object");
    return this.#chunk(chunk, text);
  }

  /**
   * The upstream closed its stream: what was held back, and `[DONE]` if it left that out.
   * @param stray what came outside of complete events: a last event without its blank line, or a bare error
   * @throws GatewayError 502 `upstream_truncated` when the upstream did not say why the answer ended: then it was cut
   */
  end(stray = ""): string {
    let last: string;
    try {
      last = this.push(stray);
    } catch (error) {
      // Half an event after whole ones: the connection broke, whatever it looked like.
      const isHalf = error instanceof Error && error.cause instanceof SyntaxError;
      throw isHalf && this.#choices.size > 0 ? truncated() : error;
    }
    return this.#done ? last : last + this.#finish(false);
  }

  /** Some servers end an event with one line break, so that several arrive as one. */
  #lines(text: string, eventName: string | undefined, cause: unknown): string {
    const lines = text.split(/[\r\n]+/).map((line) => line.replace(/^data:\s*/, ""));
    if (lines.length < 2 || !lines.every((line) => line === "" || line === "[DONE]" || isJson(line))) {
      throw notAnAnswer("holds an event that is not JSON", cause);
    }
    this.#repairs.add("eventPerLine");
    return lines.map((line) => this.push(line, eventName)).join("");
  }

  #chunk(given: Json, text: string): string {
    const enveloped = this.#envelope.complete(given);
    let chunk = this.#usage.take(enveloped, enveloped === given ? text : undefined);
    // Usage alone: it is sent at the end.
    if (chunk === undefined) return "";
    const entries = objects(chunk["choices"]);
    if (!Array.isArray(chunk["choices"]) || entries.length !== chunk["choices"].length) {
      if (!isBlank(chunk["choices"])) this.#repairs.add("notAChoice");
      chunk = { ...chunk, choices: entries };
    }
    if (entries.length === 0) return this.#withoutChoices(chunk, chunk === given ? text : undefined);
    const choices = entries.map((choice, at) => this.#choice(choice, at));
    if (choices.some((choice, at) => choice !== entries[at])) chunk = { ...chunk, choices };
    return this.#place(chunk, chunk === given ? text : undefined);
  }

  #withoutChoices(chunk: Json, text: string | undefined): string {
    if (isEmptyChunk(chunk)) {
      this.#repairs.add("emptyChunk");
      return "";
    }
    if (this.#held.length === 0 || this.#held.length >= MAX_HELD) return frame(chunk, text);
    this.#held.push({ chunk, text, kind: "other", choices: [] });
    return "";
  }

  #choice(given: Json, at: number): Json {
    let choice = given;
    let index = position(choice["index"]);
    if (index === undefined) {
      index = at;
      choice = { ...choice, index };
      this.#repairs.add("choiceIndex");
    }
    return this.#stateOf(index).push(choice);
  }

  #stateOf(index: number): ChoiceStream {
    let state = this.#choices.get(index);
    if (state === undefined) {
      state = new ChoiceStream(index, this.#options, this.#repairs);
      this.#choices.set(index, state);
    }
    return state;
  }

  /** Sends what a chunk with choices settles, then the chunk itself, or holds it. */
  #place(chunk: Json, text: string | undefined): string {
    const choices = objects(chunk["choices"]);
    let next: HeldChunk = { chunk, text, kind: "other", choices: [] };
    let sent = "";
    const touched = new Set(choices.map((choice) => position(choice["index"]) ?? 0));
    if (this.#held.length > 0) {
      const held = this.#held;
      this.#held = [];
      for (const item of held) {
        const isTouched = item.choices.some((index) => touched.has(index));
        if (item.kind === "finish") {
          // OpenAI ends a choice with an empty delta, and other choices go on; a reason beside content may come again.
          sent += !isTouched && addsNothing(item.chunk) ? this.#finished(item) : this.#reopened(item);
          continue;
        }
        const moved = item.kind === "signature" && isTouched ? moveSignature(item, next) : undefined;
        if (moved === undefined) {
          sent += frame(item.chunk, item.text);
          continue;
        }
        this.#repairs.add("signature");
        for (const index of item.choices) this.#stateOf(index).toolCalls.markSigned(moved.call);
        if (moved.rest !== undefined) sent += frame(moved.rest.chunk, undefined);
        next = moved.next;
      }
    }
    const ending = choices.filter((choice) => !isBlank(choice["finish_reason"]));
    if (ending.length > 0) {
      const indices = ending.map((choice) => position(choice["index"]) ?? 0);
      this.#held.push({ ...next, kind: "finish", choices: indices });
      return sent;
    }
    if (choices.length === 1 && loneSignature(record(choices[0]?.["delta"]) ?? {}) !== undefined) {
      this.#held.push({ ...next, kind: "signature", choices: [...touched] });
      return sent;
    }
    return sent + frame(next.chunk, next.text);
  }

  /** The reason was no end, or may be none: it is told when the stream ends. */
  #reopened(item: HeldChunk): string {
    this.#repairs.add("finishReasonOnce");
    if (saysOnlyFinish(item.chunk)) return "";
    return frame(
      withFinishReasons(item.chunk, () => null),
      undefined,
    );
  }

  /** The reason was the end: sent in OpenAI's words, after what calls without arguments still need. */
  #finished(item: HeldChunk): string {
    const ending = item.choices.map((index) => this.#stateOf(index)).filter((state) => !state.finished);
    const completions = ending.map((state) => this.#completions(state)).join("");
    if (completions === "") {
      const chunk = withFinishReasons(item.chunk, (index) => this.#lastWord(index));
      return frame(chunk, chunk === item.chunk ? item.text : undefined);
    }
    // The call that is completed may begin in this very chunk.
    const content = saysOnlyFinish(item.chunk)
      ? ""
      : frame(
          withFinishReasons(item.chunk, () => null),
          undefined,
        );
    return (
      content +
      completions +
      ending.map((state) => this.#own(state.index, {}, this.#lastWord(state.index))).join("")
    );
  }

  /** The reason to tell; null when the client knows it already. */
  #lastWord(index: number): string | null {
    const state = this.#stateOf(index);
    if (state.finished) return null;
    state.finished = true;
    return state.finishReason();
  }

  /** A truncated call may be empty; one that is to be run has `{}` for no arguments. */
  #completions(state: ChoiceStream): string {
    if (state.finishReason() !== "tool_calls") return "";
    return state.toolCalls
      .completions()
      .map((delta) => this.#own(state.index, { tool_calls: [delta] }, null))
      .join("");
  }

  /** @param told the upstream said `[DONE]` itself */
  #finish(told: boolean): string {
    let frames = "";
    if (this.#choices.size === 0) frames += this.#emptyChoice(told);
    for (const state of this.#choices.values()) {
      if (state.finished) continue;
      // An explicit end without a reason is an end; a connection that just closes is a cut, whatever came before.
      if (!state.ended && !(told && state.hasOutput)) throw truncated();
      if (state.toolCalls.incomplete && state.finishReason() !== "length") {
        throw notAnAnswer("holds a tool call without a name");
      }
    }
    for (const item of this.#held) {
      frames += item.kind === "finish" ? this.#finished(item) : frame(item.chunk, item.text);
    }
    this.#held = [];
    for (const state of this.#choices.values()) {
      if (state.finished) continue;
      frames += this.#completions(state) + this.#own(state.index, {}, this.#lastWord(state.index));
    }
    frames += this.#usage.end((usage) => ({ ...this.#envelope.own(), choices: [], usage }));
    if (!told) this.#repairs.add("done");
    this.#done = true;
    return frames + DONE;
  }

  /** An empty turn has no choice, but its prompt is counted; without even that, nothing answered. */
  #emptyChoice(told: boolean): string {
    if (!told || this.#usage.counts === undefined) throw truncated();
    this.#repairs.add("choice");
    this.#stateOf(0).finished = true;
    return this.#own(0, { role: "assistant", content: "" }, null) + this.#own(0, {}, "stop");
  }

  /** A chunk of our own making for one choice. */
  #own(index: number, delta: Json, finish_reason: string | null): string {
    const choices = [{ index, delta, finish_reason, logprobs: null }];
    return frame({ ...this.#envelope.own(), choices, ...this.#usage.placeholder }, undefined);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
