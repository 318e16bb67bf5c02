/** Turns a decided answer into what goes over the wire: one response, or the events of a stream. */
import type {
  Candidate,
  GenerateContentResponse,
  Json,
  LogprobsResult,
  Part,
  PartialArg,
} from "../wire/gemini.ts";
import type { EmulatedAnswer, EmulatedCandidate } from "./answer/emulated-answer.ts";
import { countTextTokens } from "./answer/tokens.ts";
import type { EmulatedModel } from "./emulated-model.ts";
import type { SignatureSigner } from "./signatures.ts";
import type { Surface } from "./surface.ts";
import { usageMetadata } from "./usage.ts";

export interface AnswerContext {
  surface: Surface;
  model: EmulatedModel;
  /** Id as the path has it; echoed in `modelVersion`. */
  modelId: string;
  responseId: string;
  /** RFC 3339; Vertex alone sends it. */
  createTime: string;
  signer: SignatureSigner;
  /** Unique ids for function calls: same answer, same ids. */
  mintCallId: (candidate: number, call: number) => string;
  /** Characters of text per stream event. */
  chunkCharacters: number;
  /** `toolConfig.functionCallingConfig.streamFunctionCallArguments`. */
  streamsArguments: boolean;
}

/** Marks the JSON body as emulated; real clients read this field as an opaque version name. */
export const MODEL_VERSION_SUFFIX = "-emulated";

/** The whole answer, as `generateContent` gives it. */
export function toResponse(answer: EmulatedAnswer, context: AnswerContext): GenerateContentResponse {
  const frame = frameOf(context);
  if (answer.blocked !== undefined) return blockedResponse(answer, context);
  const candidates = answer.candidates.map((candidate, index): Candidate => {
    const parts = signedParts(candidate, index, context);
    return {
      ...(parts.length > 0 ? { content: { role: "model", parts } } : { content: { role: "model" } }),
      ...endOf(candidate),
      ...(candidate.logprobsResult !== undefined ? { logprobsResult: candidate.logprobsResult } : {}),
      index,
    };
  });
  const parts = answer.candidates.flatMap((candidate) => candidate.parts);
  return {
    candidates,
    usageMetadata: usageMetadata(answer, spent(answer), { surface: context.surface, parts }),
    ...frame,
  };
}

/**
 * The events of `streamGenerateContent` in order: thoughts, then text in pieces, function calls whole; candidates take
 * turns; usage is cumulative; the last event of a candidate has its finish reason.
 */
export function toEvents(answer: EmulatedAnswer, context: AnswerContext): GenerateContentResponse[] {
  if (answer.blocked !== undefined) return [blockedResponse(answer, context)];
  const frame = frameOf(context);
  const queues = answer.candidates.map((candidate, index) => candidateEvents(candidate, index, context));
  const total = spent(answer);
  const allParts = answer.candidates.flatMap((candidate) => candidate.parts);
  let writtenSoFar = 0;
  const events: GenerateContentResponse[] = [];
  const longest = Math.max(0, ...queues.map((queue) => queue.length));
  const count = queues.reduce((sum, queue) => sum + queue.length, 0);
  for (let turn = 0; turn < longest; turn += 1) {
    for (const queue of queues) {
      const candidate = queue[turn];
      if (candidate === undefined) continue;
      writtenSoFar += (candidate.content?.parts ?? []).reduce(
        (sum, part) => sum + (part.thought === true ? 0 : countTextTokens(part.text ?? "")),
        0,
      );
      const last = events.length === count - 1;
      const soFar = last
        ? total
        : { candidates: Math.min(writtenSoFar, total.candidates), thoughts: total.thoughts };
      events.push({
        candidates: [candidate],
        usageMetadata: usageMetadata(
          answer,
          soFar,
          last ? { surface: context.surface, parts: allParts } : undefined,
        ),
        ...frame,
      });
    }
  }
  return events;
}

function spent(answer: EmulatedAnswer): { candidates: number; thoughts: number } {
  return {
    candidates: answer.candidates.reduce((sum, candidate) => sum + candidate.tokens.candidates, 0),
    thoughts: answer.candidates.reduce((sum, candidate) => sum + candidate.tokens.thoughts, 0),
  };
}

function frameOf(context: AnswerContext): Partial<GenerateContentResponse> {
  return {
    modelVersion: context.modelId + MODEL_VERSION_SUFFIX,
    ...(context.surface === "vertex" ? { createTime: context.createTime } : {}),
    responseId: context.responseId,
  };
}

function blockedResponse(answer: EmulatedAnswer, context: AnswerContext): GenerateContentResponse {
  const blocked = answer.blocked;
  return {
    promptFeedback: {
      blockReason: blocked?.blockReason ?? "OTHER",
      // The Gemini API has no such field.
      ...(context.surface === "vertex" && blocked !== undefined
        ? { blockReasonMessage: blocked.blockReasonMessage }
        : {}),
    },
    usageMetadata: usageMetadata(
      answer,
      { candidates: 0, thoughts: 0 },
      { surface: context.surface, parts: [] },
    ),
    ...frameOf(context),
  };
}

function endOf(candidate: EmulatedCandidate): Candidate {
  return {
    finishReason: candidate.finishReason,
    ...(candidate.finishMessage !== undefined ? { finishMessage: candidate.finishMessage } : {}),
    ...(candidate.groundingMetadata !== undefined ? { groundingMetadata: candidate.groundingMetadata } : {}),
    ...(candidate.avgLogprobs !== undefined ? { avgLogprobs: candidate.avgLogprobs } : {}),
  };
}

/**
 * Only the first call of a step is signed; an answer without calls is signed on its last part that is not a thought;
 * every image is signed. Source: "Thought signatures", docs.cloud.google.com.
 */
function signedParts(candidate: EmulatedCandidate, index: number, context: AnswerContext): Part[] {
  let calls = 0;
  const parts = candidate.parts.map((part): Part => {
    if (part.functionCall === undefined) return { ...part };
    const { id: _mintedBelow, ...call } = part.functionCall;
    const id = context.model.callIds ? { id: context.mintCallId(index, calls) } : {};
    calls += 1;
    return { ...part, functionCall: { ...id, ...call } };
  });
  if (!context.model.signatures) return parts;
  const firstCall = parts.findIndex((part) => part.functionCall !== undefined);
  const lastSaid = parts.findLastIndex((part) => part.thought !== true);
  return parts.map((part, position): Part => {
    const isImage = part.inlineData?.mimeType?.startsWith("image/") === true;
    const signed = isImage || position === (firstCall >= 0 ? firstCall : lastSaid);
    if (!signed) return part;
    const uniqueness = `${context.responseId} ${index} ${position}`;
    return { ...part, thoughtSignature: context.signer.sign(context.modelId, part, uniqueness) };
  });
}

function candidateEvents(candidate: EmulatedCandidate, index: number, context: AnswerContext): Candidate[] {
  const events: Candidate[] = [];
  const say = (...parts: Part[]): Candidate => {
    const event: Candidate = { content: { role: "model", parts }, index };
    events.push(event);
    return event;
  };
  const logprobs = new LogprobsCursor(candidate.logprobsResult);
  let trailingSignature: string | undefined;
  for (const part of signedParts(candidate, index, context)) {
    if (part.functionCall !== undefined) {
      if (context.streamsArguments) for (const piece of argumentPieces(part)) say(piece);
      else say(part);
    } else if (part.text !== undefined) {
      const { thoughtSignature, text, ...rest } = part;
      for (const piece of cutText(text, context.chunkCharacters)) {
        const event = say({ ...rest, text: piece });
        const taken = part.thought === true ? undefined : logprobs.take(piece.length);
        if (taken !== undefined) event.logprobsResult = taken;
      }
      trailingSignature = thoughtSignature ?? trailingSignature;
    } else {
      say(part);
    }
  }
  // A streamed signature of a text answer arrives on a part with empty text.
  if (trailingSignature !== undefined) {
    const part: Part = { text: "", thoughtSignature: trailingSignature };
    const last = events.at(-1);
    if (last?.content?.parts?.[0]?.thought === true || last === undefined) say(part);
    else last.content?.parts?.push(part);
  }
  const last = events.at(-1);
  const rest = logprobs.take(Number.POSITIVE_INFINITY);
  const ending = last ?? { index };
  if (last === undefined) events.push(ending);
  Object.assign(ending, endOf(candidate));
  if (rest !== undefined) ending.logprobsResult = mergeLogprobs(ending.logprobsResult, rest);
  return events;
}

/** Cuts at word ends near `limit` characters, never inside a surrogate pair; joined, the pieces are the text. */
export function cutText(text: string, limit: number): string[] {
  const pieces: string[] = [];
  let from = 0;
  while (from < text.length) {
    let to = Math.min(text.length, from + Math.max(1, limit));
    if (to < text.length) {
      const space = text.lastIndexOf(" ", to);
      if (space > from) to = space;
      const unit = text.charCodeAt(to - 1);
      if (unit >= 0xd800 && unit <= 0xdbff) to += 1;
    }
    pieces.push(text.slice(from, to));
    from = to;
  }
  return pieces;
}

/** Hands out the log probabilities of the tokens that each piece of text completes. */
class LogprobsCursor {
  readonly #result: LogprobsResult | undefined;
  #next = 0;
  #characters = 0;
  #owed = 0;

  constructor(result: LogprobsResult | undefined) {
    this.#result = result;
  }

  take(characters: number): LogprobsResult | undefined {
    const chosen = this.#result?.chosenCandidates;
    if (chosen === undefined) return undefined;
    this.#owed += characters;
    const from = this.#next;
    while (this.#next < chosen.length) {
      const after = this.#characters + (chosen[this.#next]?.token?.length ?? 0);
      if (after > this.#owed) break;
      this.#characters = after;
      this.#next += 1;
    }
    if (from === this.#next) return undefined;
    const top = this.#result?.topCandidates;
    return {
      chosenCandidates: chosen.slice(from, this.#next),
      ...(top !== undefined ? { topCandidates: top.slice(from, this.#next) } : {}),
    };
  }
}

function mergeLogprobs(first: LogprobsResult | undefined, second: LogprobsResult): LogprobsResult {
  if (first === undefined) return second;
  const top = [...(first.topCandidates ?? []), ...(second.topCandidates ?? [])];
  return {
    chosenCandidates: [...(first.chosenCandidates ?? []), ...(second.chosenCandidates ?? [])],
    ...(top.length > 0 ? { topCandidates: top } : {}),
  };
}

/** Longest string piece of a streamed argument. */
const ARGUMENT_PIECE = 24;

/**
 * A call whose arguments are streamed: name first, then one path at a time, then an empty call.
 * Source: docs.cloud.google.com, "Function calling", streaming function call arguments.
 */
function argumentPieces(part: Part): Part[] {
  const call = part.functionCall ?? {};
  const { args, ...named } = call;
  const partials: PartialArg[] = [];
  collectPartials("$", args ?? {}, partials);
  return [
    {
      functionCall: { ...named, willContinue: true },
      ...(part.thoughtSignature !== undefined ? { thoughtSignature: part.thoughtSignature } : {}),
    },
    ...partials.map((partial): Part => ({ functionCall: { partialArgs: [partial], willContinue: true } })),
    { functionCall: {} },
  ];
}

function collectPartials(jsonPath: string, value: Json, into: PartialArg[]): void {
  if (typeof value === "string") {
    const pieces = value === "" ? [""] : cutText(value, ARGUMENT_PIECE);
    for (const [position, piece] of pieces.entries()) {
      const more = position < pieces.length - 1;
      into.push({ jsonPath, stringValue: piece, ...(more ? { willContinue: true } : {}) });
    }
  } else if (typeof value === "number") into.push({ jsonPath, numberValue: value });
  else if (typeof value === "boolean") into.push({ jsonPath, boolValue: value });
  else if (value === null) into.push({ jsonPath, nullValue: "NULL_VALUE" });
  else if (Array.isArray(value)) {
    for (const [position, item] of value.entries()) collectPartials(`${jsonPath}[${position}]`, item, into);
  } else {
    for (const key of Object.keys(value)) {
      const step = /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
      collectPartials(jsonPath + step, value[key] ?? null, into);
    }
  }
}
