/** A stream of an OpenAI-shaped upstream, put right event by event where it is not what OpenAI would have sent. */
import { GatewayError } from "../../errors.ts";
import { DONE } from "../../wire/sse.ts";
import { nonEmpty, objects, record } from "../gemini-to-openai/lenient.ts";
import { answerError, notAnAnswer } from "./answer-error.ts";
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
import { loneSignature, signatureOf, withoutSignature, withSignature } from "./signature.ts";
import { StreamUsage } from "./stream-usage.ts";

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
  readonly #usage: StreamUsage;
  readonly #choices = new Map<number, ChoiceStream>();
  /** In the order of arrival. At most one chunk per choice can change; the others only keep their place. */
  #held: HeldChunk[] = [];
  #envelope: { id: string; created: number; model: string } | undefined;
  /** Fields that the last chunk repeats, for chunks of our own. */
  #trailer: Json = {};
  #done = false;

  constructor(options: RepairOptions) {
    this.#options = options;
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
    const enveloped = this.#enveloped(given);
    let chunk = this.#usage.take(enveloped, enveloped === given ? text : undefined);
    // Usage alone: it is sent at the end.
    if (chunk === undefined) return "";
    this.#trailer = trailerOf(chunk);
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
        } else if (item.kind === "signature" && isTouched) {
          const [rest, signed] = this.#signed(item, next);
          sent += rest;
          next = signed;
        } else sent += frame(item.chunk, item.text);
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

  /** A signature that waited, and the chunk after it: the first call in that chunk, if it has none, was meant. */
  #signed(item: HeldChunk, next: HeldChunk): [sent: string, next: HeldChunk] {
    const [index] = item.choices;
    const [own] = objects(item.chunk["choices"]);
    const delta = record(own?.["delta"]) ?? {};
    const signature = loneSignature(delta);
    const choices = objects(next.chunk["choices"]);
    const at = choices.findIndex((choice) => choice["index"] === index);
    const nextDelta = record(choices[at]?.["delta"]);
    const [call, ...others] = objects(nextDelta?.["tool_calls"]);
    const isOpening = nonEmpty(call?.["id"]) !== undefined && signatureOf(call ?? {}) === undefined;
    if (signature === undefined || call === undefined || !isOpening || index === undefined) {
      return [frame(item.chunk, item.text), next];
    }
    this.#repairs.add("signature");
    const state = this.#stateOf(index).toolCalls.calls.find((known) => known.index === call["index"]);
    if (state !== undefined) state.signed = true;
    const signed = { ...nextDelta, tool_calls: [withSignature(call, signature), ...others] };
    const chunk = {
      ...next.chunk,
      choices: choices.map((choice, i) => (i === at ? { ...choice, delta: signed } : choice)),
    };
    const rest = { ...item.chunk, choices: [{ ...own, delta: withoutSignature(delta) }] };
    // What is left of the signature's delta is worth sending only if it had something else, such as the role.
    const isLeft = !saysOnlyFinish(rest) || Object.keys(withoutSignature(delta)).length > 0;
    return [isLeft ? frame(rest, undefined) : "", { ...next, chunk, text: undefined }];
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
    frames += this.#usage.end((usage) => ({ ...this.#ownEnvelope(), choices: [], usage }));
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
    return frame({ ...this.#ownEnvelope(), choices, ...this.#usage.placeholder }, undefined);
  }

  #ownEnvelope(): Json {
    const { id, created, model } = this.#envelope ?? this.#options;
    return { id, object: "chat.completion.chunk", created, model, ...this.#trailer };
  }

  /** `id`, `created` and `model` are the same on every chunk: the first settles them. */
  #enveloped(given: Json): Json {
    const { options, envelope } = { options: this.#options, envelope: this.#envelope };
    const id = nonEmpty(given["id"]);
    const created = position(given["created"]);
    const model = nonEmpty(given["model"]);
    if (id === undefined) this.#repairs.add("id");
    if (created === undefined) this.#repairs.add("created");
    if (model === undefined) this.#repairs.add("model");
    const wanted = envelope ?? {
      id: id ?? options.id,
      created: created ?? options.created,
      model: model ?? options.model,
    };
    this.#envelope = wanted;
    let chunk = given;
    if (id !== wanted.id || created !== wanted.created || model !== wanted.model) {
      if (
        (id ?? wanted.id) !== wanted.id ||
        (created ?? wanted.created) !== wanted.created ||
        (model ?? wanted.model) !== wanted.model
      ) {
        this.#repairs.add("constantEnvelope");
      }
      chunk = { ...chunk, ...wanted };
    }
    if (chunk["object"] !== "chat.completion.chunk") {
      chunk = { ...chunk, object: "chat.completion.chunk" };
      this.#repairs.add("object");
    }
    return chunk;
  }
}

function trailerOf(chunk: Json): Json {
  const { system_fingerprint, service_tier } = chunk;
  return {
    ...(system_fingerprint === undefined ? {} : { system_fingerprint }),
    ...(service_tier === undefined ? {} : { service_tier }),
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function truncated(): GatewayError {
  return new GatewayError(
    {
      kind: "upstream",
      status: 502,
      type: "server_error",
      code: "upstream_truncated",
      param: null,
      shouldRetry: true,
    },
    "The upstream's stream ended before the answer did. Send the request again.",
  );
}
