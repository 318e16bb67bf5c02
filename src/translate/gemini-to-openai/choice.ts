/**
 * One candidate of Gemini's becoming one choice: the part mapping that streamed and unstreamed answers share.
 * Feed it the candidate, whole or piece by piece; it gives the deltas to send, and at the end why it finished.
 *
 * Memory while streaming: a dozen fields, the latest metadata object and the latest text signature. Text that was
 * sent is not kept, except as `Utf8Positions` says.
 */
import type { Candidate, PromptFeedback } from "../../wire/gemini.ts";
import type { ChoiceLogprobs, Delta, ExtraContent, FinishReason } from "../../wire/openai.ts";
import type { AnswerContext, AnswerShape } from "../target.ts";
import { ContentMap } from "./annotations.ts";
import { AudioPieces } from "./audio.ts";
import { type CallPart, ChoiceCalls } from "./choice-calls.ts";
import { ChoiceEnding } from "./choice-ending.ts";
import { fencedCode, fencedResult } from "./fenced-code.ts";
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

type GoogleExtra = ExtraContent["google"];

export class ChoiceTranslation {
  readonly index: number;
  /** MIME type of the audio, once some came. */
  audioMimeType: string | undefined;
  readonly #shape: AnswerShape;
  readonly #context: AnswerContext;
  readonly #model: string;
  readonly #answerId: string;

  #roleSent = false;
  /** Code units of `content` sent so far. */
  #contentLength = 0;
  /** `<marker>` was sent and `</marker>` was not. */
  #tagOpen = false;
  /** The last flag sent said that a thought was under way. */
  #thoughtFlag = false;
  #images = 0;
  #hasOtherOutput = false;
  #audio: AudioPieces | undefined;
  #textSignature: string | undefined;
  readonly #map = new ContentMap();
  /** Made for the first call. */
  #calls: ChoiceCalls | undefined;
  /** Made for the first candidate that says more than its content. */
  #ending: ChoiceEnding | undefined;

  #ignoredParts = 0;

  constructor(shape: AnswerShape, context: AnswerContext, model: string, index: number, answerId: string) {
    this.#shape = shape;
    this.#context = context;
    this.#model = model;
    this.index = index;
    this.#answerId = answerId;
  }

  /** Gemini said why this candidate ended, or that the prompt was refused. */
  get ended(): boolean {
    return this.#ending?.known === true;
  }

  /** Anything but thoughts has come. */
  get hasOutput(): boolean {
    return this.#hasOtherOutput || this.#images > 0 || (this.#calls !== undefined && this.#calls.count > 0);
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
    if (!hasOnlyContent(candidate)) (this.#ending ??= new ChoiceEnding()).note(candidate);
    if (this.#shape.logprobs) this.#addLogprobs(candidate.logprobsResult, steps);
    return steps;
  }

  /**
   * The text of a candidate that is one piece of plain answer text, when sending it takes nothing but a content
   * delta; undefined otherwise, and then `push` must be used. This is almost every event of a stream.
   */
  plainText(candidate: Candidate): string | undefined {
    if (!this.takesPlainText || !hasOnlyContent(candidate)) return undefined;
    const parts = candidate.content?.parts;
    if (!Array.isArray(parts) || parts.length !== 1) return undefined;
    const part = parts[0];
    const text: unknown = part?.text;
    if (part === undefined || typeof text !== "string" || text === "" || !hasOnlyText(part)) return undefined;
    this.appendPlainText(text);
    return text;
  }

  /** True while one more piece of answer text takes nothing but a content delta. */
  get takesPlainText(): boolean {
    if (!this.#roleSent || this.#thoughtFlag || this.#tagOpen || this.#calls?.isOpen === true) return false;
    return this.#map.inText && !this.#shape.logprobs;
  }

  /** Text that was sent as it came: see `takesPlainText`. */
  appendPlainText(text: string): void {
    this.#contentLength += text.length;
    this.#map.append(text);
  }

  /** The same of a text of that many characters, all of them ASCII; only where `isAscii`. */
  appendAscii(length: number): void {
    this.#contentLength += length;
    this.#map.appendAscii(length);
  }

  /** All text of the part that is under way is ASCII. */
  get isAscii(): boolean {
    return this.#map.isAscii;
  }

  /** The prompt was refused: the choice ends here unless Gemini also gave a reason of its own. */
  block(feedback: PromptFeedback): void {
    (this.#ending ??= new ChoiceEnding()).block(feedback);
  }

  /**
   * No more comes.
   * @throws GatewayError 502 when nothing usable came (a malformed function call, say).
   */
  end(): ChoiceEnd {
    const steps: Step[] = [];
    this.#leaveOpen(steps);
    const audio = this.#audio?.end() ?? "";
    if (audio !== "") this.#emit(steps, { audio: { data: audio } });
    const hasOutput = this.hasOutput;
    const ending = this.#ending ?? new ChoiceEnding();
    const finish = ending.finishReason({
      calledTools: this.#calls !== undefined && this.#calls.count > 0,
      legacyFunctions: this.#shape.legacyFunctions,
      hasOutput,
    });

    if (finish === "content_filter" && !hasOutput) this.#emit(steps, { refusal: ending.refusal() });
    // An answer of nothing is still a string for clients that read `content.length`.
    else if (!hasOutput && this.#roleSent) this.#emit(steps, { content: "" });
    else if (!hasOutput) this.#openRole(steps, { content: "" });
    const signature = this.#calls?.legacySignature ?? this.#textSignature;
    if (signature !== undefined) {
      // Once, whatever came: the Python SDK's accumulator joins strings that come twice.
      const google: GoogleExtra = { ...this.#endOfFlag(), thought_signature: signature };
      this.#emit(steps, { extra_content: { google } });
    } else if (this.#thoughtFlag) this.#emit(steps, {});
    // Once, too: list entries without an `index` break that accumulator when they come in two chunks.
    const annotations = ending.annotations(this.#map);
    if (annotations.length > 0) this.#emit(steps, { annotations });

    const extra_content = ending.extraContent(this.#ignoredParts + (this.#calls?.ignored ?? 0));
    const end: ChoiceEnd = { steps, finish_reason: finish };
    if (extra_content !== undefined) end.extra_content = extra_content;
    return end;
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
    this.#map.begin("other", continues, 0);
    const call = record(part["functionCall"]);
    if (call !== undefined) {
      this.#functionCall({ call, signature, thought: part["thought"] === true }, steps);
      return;
    }
    const code = fencedCode(part["executableCode"]) ?? fencedResult(part["codeExecutionResult"]);
    if (code !== undefined) {
      this.#leaveOpen(steps);
      this.#content(`${this.#contentLength === 0 ? "" : "\n"}${code}`, steps);
      return;
    }
    if (this.#media(part, signature, steps)) return;
    // A signature alone, as the last part of a stream.
    if (signature !== undefined && Object.keys(part).length === 1) this.#textSignature = signature;
    else this.#ignoredParts += 1;
  }

  #text(text: string, continues: boolean, steps: Step[]): void {
    this.#leaveOpen(steps);
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

  /** Ends a streamed call and a tagged thought, whichever is under way, before something else begins. */
  #leaveOpen(steps: Step[]): void {
    this.#closeCall(steps);
    if (!this.#tagOpen) return;
    this.#tagOpen = false;
    this.#thoughtContent(`</${this.#shape.thoughtTagMarker}>`, steps);
  }

  #closeCall(steps: Step[]): void {
    if (this.#calls?.isOpen === true) this.#emitAll(steps, this.#calls.close());
  }

  #functionCall(part: CallPart, steps: Step[]): void {
    const calls = (this.#calls ??= new ChoiceCalls(this.#shape, this.#context, this.#model));
    const name = nonEmpty(part.call["name"]);
    if (name === undefined) {
      this.#emitAll(steps, calls.continue(part.call, part.signature));
      return;
    }
    this.#leaveOpen(steps);
    this.#emitAll(steps, calls.begin(name, part));
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
      this.#leaveOpen(steps);
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
      this.#leaveOpen(steps);
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
      const id = `audio_${this.#answerId}_${this.index}`;
      this.#emit(steps, { audio: { id, expires_at, transcript: "" } });
    }
    const aligned = this.#audio.push(data);
    if (aligned !== "") this.#emit(steps, { audio: { data: aligned } });
  }

  /** Puts one delta in the list, after the role if this is the first, and ends the thought flag if it is up. */
  #emit(steps: Step[], delta: Delta): void {
    this.#openRole(steps, delta);
    const whole = this.#thoughtFlag ? { extra_content: { google: this.#endOfFlag() }, ...delta } : delta;
    steps.push({ delta: whole, logprobs: null });
  }

  #emitAll(steps: Step[], deltas: Delta[]): void {
    for (const delta of deltas) this.#emit(steps, delta);
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
