/** Gemini's stream events as OpenAI's chunks, in the bytes that go to the client. */
import { GatewayError } from "../../errors.ts";
import type { GenerateContentResponse, UsageMetadata } from "../../wire/gemini.ts";
import type { ChatCompletionChunk, ChunkChoice } from "../../wire/openai.ts";
import { BytePattern } from "../../wire/byte-pattern.ts";
import type { OutgoingText } from "../../wire/outgoing-text.ts";
import { DONE } from "../../wire/sse.ts";
import type { AnswerContext, AnswerShape } from "../target.ts";
import { AnswerChoices, candidatesOf } from "./answer-choices.ts";
import type { ChoiceTranslation, Step } from "./choice.ts";
import { notAnAnswer } from "./completion.ts";
import { type Envelope, toEnvelope } from "./envelope.ts";
import { record } from "./lenient.ts";
import { type ChunkFrame, PlainTextEvents } from "./plain-text-event.ts";
import { mergeUsage, toServiceTier, toUsage } from "./usage.ts";

/** What the fast way needs of one upstream call, once its first text has come. */
interface PlainTextSource extends ChunkFrame {
  events: PlainTextEvents;
  choice: ChoiceTranslation;
}

/** What is known of one upstream call. */
class CallState {
  usage: UsageMetadata | undefined;
  /** The latest event that was not parsed and says how many tokens were used. */
  unread: string | undefined;
  plain: PlainTextSource | undefined;
  finished = false;
}

/** A chunk after the last field of its choice. */
const SUFFIX = "}]}\n\n";
const SUFFIX_WITH_USAGE = '}],"usage":null}\n\n';
/** A plain text chunk after its text. */
const BEFORE_SUFFIX = '},"finish_reason":null,"logprobs":null';
const TEXT_SUFFIX = BEFORE_SUFFIX + SUFFIX;
const TEXT_SUFFIX_WITH_USAGE = BEFORE_SUFFIX + SUFFIX_WITH_USAGE;

/**
 * One answer being streamed: feed it the events of each upstream call in order, write what it returns.
 *
 * Finish reasons are held until the end of the whole stream, because some models send one with every event and the
 * part that matters may come after it; every choice then gets exactly one finish chunk, with an empty delta.
 */
export class StreamTranslation {
  readonly #shape: AnswerShape;
  readonly #context: AnswerContext;
  readonly #choices: AnswerChoices;
  readonly #calls: readonly CallState[];
  #envelope: Envelope | undefined;
  /** A chunk up to its choice index; made when it is needed, and not kept while plain text comes, which has it as bytes. */
  #prefix: string | undefined;
  /** Choices below this number have had their role sent. */
  #opened = 0;

  /**
   * @param model bare id of the model that answers, remembered with its tool calls
   * @param sources upstream calls whose events will come (several when `n` was fanned out)
   */
  constructor(shape: AnswerShape, context: AnswerContext, model: string, sources = 1) {
    this.#shape = shape;
    this.#context = context;
    this.#choices = new AnswerChoices(shape, context, model);
    this.#calls = Array.from({ length: sources }, () => new CallState());
  }

  /** Usage so far, whatever becomes of the stream: Google bills an answer that was cut or abandoned as well. */
  get usage(): ReturnType<typeof toUsage> {
    return toUsage(this.#usages());
  }

  /**
   * Writes the frames of events that bring one more piece of plain text each, in the form of an earlier event: those
   * that stand in `bytes` at `from`, one behind the other. Returns where the first event begins that must be read,
   * parsed and pushed.
   * @param maxBytes events that are longer are not taken
   */
  pushPlainText(bytes: Buffer, from: number, maxBytes: number, source: number, out: OutgoingText): number {
    const call = this.#callOf(source);
    const { plain } = call;
    if (plain === undefined || !plain.choice.takesPlainText) return from;
    const { events, choice } = plain;
    const to = events.take(bytes, from, maxBytes, choice, plain, out);
    if (to !== from && events.hasUsage) {
      call.unread = bytes.toString("utf8", events.lastFrom, events.lastTo);
    }
    return to;
  }

  /**
   * Zero or more SSE frames for one event of one upstream call.
   * @param data what `event` was parsed from: the next event of its form goes the fast way
   * @throws GatewayError 502 when the event cannot be used
   */
  push(event: GenerateContentResponse, source = 0, data?: string): string {
    if (record(event) === undefined) throw notAnAnswer();
    const envelope = this.#open(event);
    const call = this.#callOf(source);
    readUsage(call);
    if (event.usageMetadata !== undefined) call.usage = mergeUsage(call.usage, event.usageMetadata);
    let frames = "";
    for (const candidate of candidatesOf(event)) {
      const choice = this.#choices.forCandidate(source, candidate, envelope.id);
      const text = choice.plainText(candidate);
      if (text !== undefined) {
        frames += this.#textFrame(choice.index, text);
      } else frames += this.#frames(choice, choice.push(candidate));
      if (data !== undefined && choice.takesPlainText) this.#learn(choice, call, data, event);
    }
    if (event.promptFeedback !== undefined) this.#choices.noteBlock(source, event, envelope.id);
    return frames;
  }

  /**
   * One upstream call has ended.
   * @throws GatewayError 502 `upstream_truncated` when Gemini did not say why: then it did not end but was cut
   */
  finishSource(source = 0): void {
    const call = this.#callOf(source);
    if (call.finished) return;
    const choices = this.#choices.ofSource(source);
    if (choices.length === 0 || !choices.every((choice) => choice.ended)) throw truncated();
    call.finished = true;
  }

  /**
   * The frames that close the stream: what was held back, a finish chunk for each choice, usage if it was asked for,
   * `[DONE]`. After a throw nothing more may be sent but an error frame.
   * @throws GatewayError 502 when the answer was cut or cannot be used
   */
  end(): string {
    for (let source = 0; source < this.#calls.length; source += 1) this.finishSource(source);
    const usages = this.#usages();
    const tier = toServiceTier(usages);
    const closing = tier === undefined ? {} : { service_tier: tier };
    let frames = "";
    for (const choice of this.#choices.list) {
      const end = choice.end();
      frames += this.#frames(choice, end.steps);
      const { finish_reason, extra_content } = end;
      frames += this.#chunk(
        [
          {
            index: choice.index,
            delta: {},
            finish_reason,
            logprobs: null,
            ...(extra_content === undefined ? {} : { extra_content }),
          },
        ],
        closing,
      );
    }
    if (this.#shape.includeUsage) frames += this.#chunk([], { ...closing, usage: toUsage(usages) });
    return frames + DONE;
  }

  /** `id`, `created` and `model` are the same on every chunk, so the first event settles them. */
  #open(event: GenerateContentResponse | undefined): Envelope {
    if (this.#envelope === undefined) {
      this.#envelope = toEnvelope(event, this.#shape, this.#context);
    }
    return this.#envelope;
  }

  #upToIndex(): string {
    if (this.#prefix === undefined) {
      const { id, created, model, system_fingerprint } = this.#open(undefined);
      this.#prefix = inOnePiece(
        `data: {"id":${JSON.stringify(id)},"object":"chat.completion.chunk",` +
          `"created":${created},"model":${JSON.stringify(model)},` +
          `"system_fingerprint":${JSON.stringify(system_fingerprint)},"choices":[{"index":`,
      );
    }
    return this.#prefix;
  }

  /** The same bytes `#chunk` would make, with nothing but the text to stringify. */
  #textFrame(index: number, text: string): string {
    return this.#upToText(index) + JSON.stringify(text) + this.#textSuffix();
  }

  #upToText(index: number): string {
    return `${this.#upToIndex()}${index},"delta":{"content":`;
  }

  #suffix(): string {
    return this.#shape.includeUsage ? SUFFIX_WITH_USAGE : SUFFIX;
  }

  #textSuffix(): string {
    return this.#shape.includeUsage ? TEXT_SUFFIX_WITH_USAGE : TEXT_SUFFIX;
  }

  #callOf(source: number): CallState {
    const call = this.#calls[source];
    if (call === undefined) throw new RangeError("an event of a call that was not made");
    return call;
  }

  #usages(): (UsageMetadata | undefined)[] {
    for (const call of this.#calls) readUsage(call);
    return this.#calls.map(({ usage }) => usage);
  }

  #learn(choice: ChoiceTranslation, call: CallState, data: string, event: GenerateContentResponse): void {
    const plain = (call.plain ??= this.#plainSource(choice));
    if (plain?.choice === choice) plain.events.learn(data, event);
  }

  #plainSource(choice: ChoiceTranslation): PlainTextSource | undefined {
    const text = `${this.#upToText(choice.index)}"`;
    const before = BytePattern.of(text);
    const after = BytePattern.of(`"${this.#textSuffix()}`);
    if (before === undefined || after === undefined) return undefined;
    this.#prefix = undefined;
    return { events: new PlainTextEvents(), choice, before, after, isAscii: isAscii(text) };
  }

  #frames(choice: ChoiceTranslation, steps: Step[]): string {
    let frames = "";
    if (steps.length === 0) return frames;
    for (; this.#opened < choice.index; this.#opened += 1) {
      const earlier = this.#choices.list[this.#opened];
      if (earlier !== undefined) frames += this.#stepFrames(earlier.index, earlier.open());
    }
    return frames + this.#stepFrames(choice.index, steps);
  }

  #stepFrames(index: number, steps: Step[]): string {
    let frames = "";
    for (const { delta, logprobs } of steps) {
      // The same bytes `#chunk` would make.
      frames +=
        `${this.#upToIndex()}${index},"delta":${JSON.stringify(delta)},"finish_reason":null,` +
        `"logprobs":${logprobs === null ? "null" : JSON.stringify(logprobs)}${this.#suffix()}`;
    }
    return frames;
  }

  #chunk(choices: ChunkChoice[], last: Pick<ChatCompletionChunk, "usage" | "service_tier"> = {}): string {
    const { id, created, model, system_fingerprint } = this.#open(undefined);
    const usage = last.usage ?? (this.#shape.includeUsage ? null : undefined);
    const chunk: ChatCompletionChunk = {
      id,
      object: "chat.completion.chunk",
      created,
      model,
      ...(last.service_tier === undefined ? {} : { service_tier: last.service_tier }),
      system_fingerprint,
      choices,
      ...(usage === undefined ? {} : { usage }),
    };
    return `data: ${JSON.stringify(chunk)}\n\n`;
  }
}

/** Counts are cumulative: of the events that went the fast way only the latest need be read. */
function readUsage(call: CallState): void {
  const { unread } = call;
  if (unread === undefined) return;
  call.unread = undefined;
  const { usageMetadata } = JSON.parse(unread) as GenerateContentResponse;
  call.usage = mergeUsage(call.usage, usageMetadata);
}

/** Well-formed text that was put together is a chain of its pieces, which takes thrice the memory as long as it is kept. */
function inOnePiece(text: string): string {
  return Buffer.from(text).toString();
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
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
