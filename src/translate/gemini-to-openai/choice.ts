/**
 * One candidate of Gemini's becoming one choice: the part mapping that streamed and unstreamed answers share.
 * Feed it the candidate, whole or piece by piece; it gives the deltas to send, and at the end why it finished.
 *
 * Memory while streaming: a dozen fields, the latest metadata object and the latest text signature. Text that was
 * sent is not kept, except as `Utf8Positions` says.
 */
import type { Candidate, PromptFeedback } from "../../wire/gemini.ts";
import type { ChoiceLogprobs, Delta, ExtraContent, FinishReason } from "../../wire/openai.ts";
import type { RememberedCall } from "../../signatures/signature-store.ts";
import type { AnswerContext, AnswerShape } from "../target.ts";
import { ContentMap, mergeCitations, toAnnotations } from "./annotations.ts";
import { AudioPieces } from "./audio.ts";
import { fencedCode, fencedResult } from "./fenced-code.ts";
import { isWorthTelling, toFinishReason } from "./finish-reason.ts";
import { FunctionCallArguments } from "./function-call-arguments.ts";
import { nonEmpty, objects, record, string } from "./lenient.ts";
import { toLogprobs } from "./logprobs.ts";

/** One chunk's worth of a choice. */
export interface Step {
  delta: Delta;
  logprobs: ChoiceLogprobs | null;
}

export interface ChoiceEnd {
  /** What is still to be sent before the finish reason. */
  steps: Step[];
  finish_reason: FinishReason;
  extra_content?: ExtraContent;
}

/** A call whose arguments are still coming. */
interface OpenCall {
  index: number;
  id: string;
  arguments: FunctionCallArguments;
  remembered: RememberedCall;
}

type GoogleExtra = ExtraContent["google"];

export class ChoiceTranslation {
  readonly index: number;
  /** MIME type of the audio, once some came. */
  audioMimeType: string | undefined;
  readonly #shape: AnswerShape;
  readonly #context: AnswerContext;
  /** Bare id of the model that answers. */
  readonly #model: string;
  readonly #audioId: string;

  #roleSent = false;
  /** Code units of `content` sent so far. */
  #contentLength = 0;
  /** `<marker>` was sent and `</marker>` was not. */
  #tagOpen = false;
  /** The last flag sent said that a thought was under way. */
  #thoughtFlag = false;
  #calls = 0;
  #images = 0;
  #hasOtherOutput = false;
  #openCall: OpenCall | undefined;
  #audio: AudioPieces | undefined;
  #textSignature: string | undefined;
  readonly #map = new ContentMap();

  #finishReason: string | undefined;
  #finishMessage: string | undefined;
  #safetyRatings: Candidate["safetyRatings"];
  #grounding: Candidate["groundingMetadata"];
  #urlContext: Candidate["urlContextMetadata"];
  #citations: Candidate["citationMetadata"];
  #blocked: PromptFeedback | undefined;
  #ignoredParts = 0;

  constructor(shape: AnswerShape, context: AnswerContext, model: string, index: number, answerId: string) {
    this.#shape = shape;
    this.#context = context;
    this.#model = model;
    this.index = index;
    this.#audioId = `audio_${answerId}_${index}`;
  }

  /** Gemini said why this candidate ended, or that the prompt was refused. */
  get ended(): boolean {
    return this.#finishReason !== undefined || this.#blocked !== undefined;
  }

  /** The role alone, unless it was sent: accumulators want choices to begin in the order of their numbers. */
  open(): Step[] {
    const steps: Step[] = [];
    this.#openRole(steps, {});
    return steps;
  }

  push(candidate: Candidate): Step[] {
    const steps: Step[] = [];
    const parts = record(candidate.content)?.["parts"];
    let first = true;
    for (const part of objects(parts)) {
      this.#part(part, first, steps);
      first = false;
    }
    this.#keepMetadata(candidate);
    if (this.#shape.logprobs) this.#addLogprobs(candidate.logprobsResult, steps);
    return steps;
  }

  /**
   * The text of a candidate that is one piece of plain answer text, when sending it takes nothing but a content
   * delta; undefined otherwise, and then `push` must be used. This is almost every event of a stream.
   */
  plainText(candidate: Candidate): string | undefined {
    if (!this.#roleSent || this.#thoughtFlag || this.#tagOpen || this.#openCall !== undefined)
      return undefined;
    if (!this.#map.inText || this.#shape.logprobs || !hasOnlyContent(candidate)) return undefined;
    const parts = candidate.content?.parts;
    if (!Array.isArray(parts) || parts.length !== 1) return undefined;
    const part = parts[0];
    const text: unknown = part?.text;
    if (part === undefined || typeof text !== "string" || text === "" || !hasOnlyText(part)) return undefined;
    this.#contentLength += text.length;
    this.#map.append(text);
    return text;
  }

  /** The prompt was refused: the choice ends here unless Gemini also gave a reason of its own. */
  block(feedback: PromptFeedback): void {
    this.#blocked = feedback;
    this.#safetyRatings ??= feedback.safetyRatings;
  }

  /**
   * No more comes.
   * @throws GatewayError 502 when nothing usable came (a malformed function call, say).
   */
  end(): ChoiceEnd {
    const steps: Step[] = [];
    this.#closeCall(steps);
    this.#leaveThoughts(steps);
    const audio = this.#audio?.end() ?? "";
    if (audio !== "") this.#emit(steps, { audio: { data: audio } });
    const finish = this.#finish();
    const hasOutput = this.#hasOutput();

    if (finish === "content_filter" && !hasOutput) this.#emit(steps, { refusal: this.#refusal() });
    // An answer of nothing is still a string for clients that read `content.length`.
    else if (!hasOutput && this.#roleSent) this.#emit(steps, { content: "" });
    else if (!hasOutput) this.#openRole(steps, { content: "" });
    if (this.#textSignature !== undefined) {
      // Once, whatever came: the Python SDK's accumulator joins strings that come twice.
      const google: GoogleExtra = { ...this.#endOfFlag(), thought_signature: this.#textSignature };
      this.#emit(steps, { extra_content: { google } });
    } else if (this.#thoughtFlag) this.#emit(steps, {});
    // Once, too: list entries without an `index` break that accumulator when they come in two chunks.
    const annotations = toAnnotations(this.#grounding, this.#citations, this.#map);
    if (annotations.length > 0) this.#emit(steps, { annotations });

    const google = this.#extra();
    return {
      steps,
      finish_reason: finish,
      ...(Object.keys(google).length === 0 ? {} : { extra_content: { google } }),
    };
  }

  #part(part: Record<string, unknown>, continues: boolean, steps: Step[]): void {
    const signature = nonEmpty(part["thoughtSignature"]);
    const text = string(part["text"]);
    if (text !== undefined) {
      const thought = part["thought"] === true;
      // An empty text part carries a signature or nothing: it ends no thought and begins no answer.
      if (text === "") this.#map.begin("other", continues, 0);
      else if (thought) this.#thought(text, continues, steps);
      else this.#text(text, continues, steps);
      // A signature does not make a part a thought. One on a thought belongs to that summary, which is not sent back.
      if (signature !== undefined && !thought) this.#textSignature = signature;
      return;
    }
    if (record(part["functionCall"]) !== undefined) {
      this.#map.begin("other", continues, 0);
      this.#functionCall(record(part["functionCall"]) ?? {}, signature, part["thought"] === true, steps);
      return;
    }
    this.#map.begin("other", continues, 0);
    const code = fencedCode(part["executableCode"]) ?? fencedResult(part["codeExecutionResult"]);
    if (code !== undefined) {
      this.#closeCall(steps);
      this.#leaveThoughts(steps);
      this.#content(`${this.#contentLength === 0 ? "" : "\n"}${code}`, steps);
      return;
    }
    if (this.#media(part, signature, steps)) return;
    // A signature alone, as the last part of a stream.
    if (signature !== undefined && Object.keys(part).length === 1) this.#textSignature = signature;
    else this.#ignoredParts += 1;
  }

  #text(text: string, continues: boolean, steps: Step[]): void {
    this.#closeCall(steps);
    this.#leaveThoughts(steps);
    this.#map.begin("text", continues, this.#contentLength);
    this.#map.append(text);
    this.#content(text, steps);
  }

  #content(text: string, steps: Step[]): void {
    this.#contentLength += text.length;
    this.#hasOtherOutput = true;
    this.#emit(steps, { content: text });
  }

  /**
   * Google's own layer puts thoughts in `content`, between tags when a marker was asked for, and flags each such
   * delta with `extra_content.google.thought`; `reasoning_content` is DeepSeek's, vLLM's and LiteLLM's place for
   * them, `reasoning` OpenRouter's.
   */
  #thought(text: string, continues: boolean, steps: Step[]): void {
    this.#closeCall(steps);
    this.#map.begin("thought", continues, 0);
    const { thoughtTagMarker: marker, reasoningFormat } = this.#shape;
    if (marker !== undefined) {
      const tagged = this.#tagOpen ? text : `<${marker}>${text}`;
      this.#tagOpen = true;
      this.#thoughtContent(tagged, steps);
    } else if (reasoningFormat === "content") {
      this.#thoughtContent(text, steps);
    } else if (reasoningFormat === "reasoning_content") {
      this.#emitThought(steps, { reasoning_content: text });
    } else if (reasoningFormat === "reasoning") {
      this.#emitThought(steps, { reasoning: text });
    }
  }

  #thoughtContent(text: string, steps: Step[]): void {
    this.#contentLength += text.length;
    this.#emitThought(steps, { content: text });
  }

  #emitThought(steps: Step[], delta: Delta): void {
    this.#openRole(steps, delta);
    this.#thoughtFlag = true;
    steps.push({ delta: { ...delta, extra_content: { google: { thought: true } } }, logprobs: null });
  }

  #leaveThoughts(steps: Step[]): void {
    if (!this.#tagOpen) return;
    this.#tagOpen = false;
    this.#thoughtContent(`</${this.#shape.thoughtTagMarker}>`, steps);
  }

  #functionCall(
    call: Record<string, unknown>,
    signature: string | undefined,
    thought: boolean,
    steps: Step[],
  ): void {
    const name = nonEmpty(call["name"]);
    if (name === undefined) {
      this.#continueCall(call, signature, steps);
      return;
    }
    this.#closeCall(steps);
    this.#leaveThoughts(steps);
    const streamed = call["partialArgs"] !== undefined || call["willContinue"] === true;
    const remembered: RememberedCall = { name, model: this.#model };
    if (signature !== undefined) remembered.signature = signature;
    const upstreamId = nonEmpty(call["id"]);
    if (upstreamId !== undefined) remembered.upstreamId = upstreamId;

    const index = this.#calls;
    this.#calls += 1;
    // Gemini leaves `args` out when there are none.
    const text = streamed ? "" : JSON.stringify(record(call["args"]) ?? {});
    let id = "";
    if (this.#shape.legacyFunctions) {
      // One call fits in `function_call`; further ones have no place and are counted.
      if (index > 0) {
        this.#ignoredParts += 1;
        return;
      }
      // It has no id to remember it by, so its signature goes on the message.
      this.#textSignature = signature ?? this.#textSignature;
      this.#emit(steps, { function_call: { name, arguments: text } });
    } else {
      // Always an id of our own: Gemini's may be absent, empty, or the same for several calls.
      id = this.#context.mintToolCallId();
      this.#context.remember(id, remembered);
      const google: GoogleExtra = {};
      if (thought) google.thought = true;
      if (signature !== undefined) google.thought_signature = signature;
      const extra = Object.keys(google).length === 0 ? {} : { extra_content: { google } };
      this.#emit(steps, {
        tool_calls: [{ index, id, type: "function", function: { name, arguments: text }, ...extra }],
      });
    }
    if (!streamed) return;
    this.#openCall = { index, id, arguments: new FunctionCallArguments(), remembered };
    this.#continueCall(call, undefined, steps);
  }

  /** More of a streamed call; an empty `functionCall` ends it. */
  #continueCall(call: Record<string, unknown>, signature: string | undefined, steps: Step[]): void {
    const open = this.#openCall;
    if (open === undefined) {
      // The end mark of a call that is already complete says nothing; arguments for no call are lost.
      if (Object.keys(call).length > 0) this.#ignoredParts += 1;
      return;
    }
    if (signature !== undefined && open.remembered.signature === undefined)
      this.#lateSignature(open, signature, steps);
    const text = open.arguments.push(call["partialArgs"]);
    if (text !== "") this.#emitArguments(open, text, steps);
    if (call["willContinue"] !== true) this.#closeCall(steps);
  }

  #lateSignature(open: OpenCall, signature: string, steps: Step[]): void {
    open.remembered = { ...open.remembered, signature };
    if (this.#shape.legacyFunctions) {
      this.#textSignature = signature;
      return;
    }
    this.#context.remember(open.id, open.remembered);
    const extra_content = { google: { thought_signature: signature } };
    this.#emit(steps, { tool_calls: [{ index: open.index, extra_content }] });
  }

  #closeCall(steps: Step[]): void {
    const open = this.#openCall;
    if (open === undefined) return;
    this.#openCall = undefined;
    this.#emitArguments(open, open.arguments.end(), steps);
  }

  #emitArguments(open: OpenCall, text: string, steps: Step[]): void {
    if (this.#shape.legacyFunctions) this.#emit(steps, { function_call: { arguments: text } });
    else this.#emit(steps, { tool_calls: [{ index: open.index, function: { arguments: text } }] });
  }

  /** True when the part was an image or audio, shown or not. */
  #media(part: Record<string, unknown>, signature: string | undefined, steps: Step[]): boolean {
    const blob = record(part["inlineData"]);
    const file = record(part["fileData"]);
    const mimeType = string(blob?.["mimeType"] ?? file?.["mimeType"]) ?? "";
    const data = string(blob?.["data"]);
    const uri = nonEmpty(file?.["fileUri"]);
    if (mimeType.startsWith("image/") && (data !== undefined || uri !== undefined)) {
      // Images made while thinking are sketches, not results.
      if (part["thought"] === true) return true;
      this.#closeCall(steps);
      this.#leaveThoughts(steps);
      const url = data === undefined ? (uri ?? "") : `data:${mimeType};base64,${data}`;
      const image = {
        type: "image_url" as const,
        index: this.#images,
        image_url: { url },
        ...(signature === undefined ? {} : { extra_content: { google: { thought_signature: signature } } }),
      };
      this.#images += 1;
      this.#emit(steps, { images: [image] });
      return true;
    }
    if (mimeType.startsWith("audio/") && data !== undefined) {
      this.#closeCall(steps);
      this.#leaveThoughts(steps);
      this.#audioPiece(data, mimeType, steps);
      return true;
    }
    return false;
  }

  #audioPiece(data: string, mimeType: string, steps: Step[]): void {
    this.#hasOtherOutput = true;
    if (this.#audio === undefined) {
      this.#audio = new AudioPieces();
      this.audioMimeType = mimeType;
      // Nothing is kept here that a later request could refer to by this id, so it expires as it is made.
      const expires_at = this.#context.created;
      this.#emit(steps, { audio: { id: this.#audioId, expires_at, transcript: "" } });
    }
    const aligned = this.#audio.push(data);
    if (aligned !== "") this.#emit(steps, { audio: { data: aligned } });
  }

  /** Puts one delta in the list, after the role if this is the first, and ends the thought flag if it is up. */
  #emit(steps: Step[], delta: Delta): void {
    this.#openRole(steps, delta);
    const ended = this.#thoughtFlag ? { extra_content: { google: this.#endOfFlag() } } : {};
    steps.push({ delta: { ...ended, ...delta }, logprobs: null });
  }

  /**
   * What takes the thought flag down. The Node SDK's accumulator keeps the last `extra_content`, so without this the
   * message a client sends back would be a thought as a whole. The Python SDK's adds the flags up as numbers, so
   * `false` makes even a single one no longer `true`. Where tags tell thoughts from text nothing is said outright:
   * a message that says `false` would have its tags read as text.
   */
  #endOfFlag(): GoogleExtra {
    const wasUp = this.#thoughtFlag;
    this.#thoughtFlag = false;
    return wasUp && this.#shape.thoughtTagMarker === undefined ? { thought: false } : {};
  }

  /** The role comes first and once; `content` is null until there is some, as it stays null beside tool calls. */
  #openRole(steps: Step[], delta: Delta): void {
    if (this.#roleSent) return;
    this.#roleSent = true;
    const content = typeof delta.content === "string" ? "" : null;
    steps.push({ delta: { role: "assistant", content, refusal: null }, logprobs: null });
  }

  #addLogprobs(result: unknown, steps: Step[]): void {
    const logprobs = toLogprobs(result);
    if (logprobs === null) return;
    const last = steps.at(-1);
    if (last !== undefined) last.logprobs = logprobs;
    else {
      this.#emit(steps, {});
      const own = steps.at(-1);
      if (own !== undefined) own.logprobs = logprobs;
    }
  }

  /** The latest of each counts: events repeat them, and only the last is complete. */
  #keepMetadata(candidate: Candidate): void {
    const reason = nonEmpty(candidate.finishReason);
    if (reason !== undefined && reason !== "FINISH_REASON_UNSPECIFIED") this.#finishReason = reason;
    this.#finishMessage = nonEmpty(candidate.finishMessage) ?? this.#finishMessage;
    if (objects(candidate.safetyRatings).length > 0) this.#safetyRatings = candidate.safetyRatings;
    if (record(candidate.groundingMetadata) !== undefined) {
      this.#grounding = { ...this.#grounding, ...candidate.groundingMetadata };
    }
    if (record(candidate.urlContextMetadata) !== undefined) this.#urlContext = candidate.urlContextMetadata;
    if (record(candidate.citationMetadata) !== undefined) {
      this.#citations = mergeCitations(this.#citations, candidate.citationMetadata ?? {});
    }
  }

  #hasOutput(): boolean {
    return this.#hasOtherOutput || this.#calls > 0 || this.#images > 0;
  }

  #finish(): FinishReason {
    if (this.#blocked !== undefined && this.#finishReason === undefined) return "content_filter";
    return toFinishReason(
      this.#finishReason,
      {
        calledTools: this.#calls > 0,
        legacyFunctions: this.#shape.legacyFunctions,
        hasOutput: this.#hasOutput(),
      },
      this.#finishMessage,
    );
  }

  #refusal(): string {
    const { blockReason, blockReasonMessage } = this.#blocked ?? {};
    if (blockReason !== undefined) {
      const message = nonEmpty(blockReasonMessage);
      return `Prompt blocked: ${blockReason}${message === undefined ? "" : ` (${message})`}`;
    }
    return this.#finishMessage ?? `Answer blocked: ${this.#finishReason ?? "no reason given"}`;
  }

  /** What OpenAI's shape has no place for. */
  #extra(): GoogleExtra {
    const google: GoogleExtra = {};
    const reason = this.#finishReason;
    if (reason !== undefined && isWorthTelling(reason)) google.finish_reason = reason;
    if (this.#finishMessage !== undefined) google.finish_message = this.#finishMessage;
    const blockReason = nonEmpty(this.#blocked?.blockReason);
    if (blockReason !== undefined) google.block_reason = blockReason;
    if (this.#safetyRatings !== undefined) google.safety_ratings = this.#safetyRatings;
    if (this.#grounding !== undefined) google.grounding_metadata = this.#grounding;
    if (this.#urlContext !== undefined) google.url_context_metadata = this.#urlContext;
    if (this.#citations !== undefined) google.citation_metadata = this.#citations;
    if (this.#ignoredParts > 0) google.ignored_parts = this.#ignoredParts;
    return google;
  }
}

/** Nothing beside content, role and number, all of which the caller already knows. */
function hasOnlyContent(candidate: Candidate): boolean {
  for (const key in candidate) if (key !== "content" && key !== "index") return false;
  return true;
}

function hasOnlyText(part: object): boolean {
  for (const key in part) if (key !== "text") return false;
  return true;
}
