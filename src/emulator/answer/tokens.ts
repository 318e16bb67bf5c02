/** What a request weighs in tokens, split by modality as in `promptTokensDetails`. */
import type { Blob, GenerateContentRequest, ModalityTokenCount, Part } from "../../wire/gemini.ts";
import { hash32 } from "./dice.ts";
import { readMedia, type ReceivedMedia } from "./media/read-media.ts";
import { countPieces } from "./pieces.ts";

/** https://ai.google.dev/gemini-api/docs/tokens and the GenerationConfig.MediaResolution reference. */
const imageTokens = 258;
const tileSide = 768;
const mostTiles = 16;
const lowResolutionTokens = 64;
const mediumResolutionTokens = 256;
const audioTokensPerSecond = 32;
const pdfTokensPerPage = 258;
/** What an unfetched file counts for: one picture, or ten seconds. */
const unknownSeconds = 10;
/** For sound and film whose length is not in the header: 128 kbit/s and 1 Mbit/s. */
const audioBytesPerSecond = 16_000;
const videoBytesPerSecond = 125_000;
/** Nothing is cached here, so a size is assumed: explicit caches have a minimum of a few thousand tokens. */
const leastCachedTokens = 4096;

type Modality = "TEXT" | "IMAGE" | "AUDIO" | "VIDEO" | "DOCUMENT";

/** Tokens of a text; 0 for the empty text. */
export function countTextTokens(text: string): number {
  return countPieces(text);
}

/** Tokens of the whole prompt: contents, system instruction, tool declarations and cached content. */
export function countPromptTokens(request: GenerateContentRequest): {
  total: number;
  details: ModalityTokenCount[];
} {
  const counts = new Map<Modality, number>();
  const add = (modality: Modality, tokens: number): void => {
    if (tokens > 0) counts.set(modality, (counts.get(modality) ?? 0) + tokens);
  };
  const resolution = request.generationConfig?.mediaResolution;
  for (const content of [request.systemInstruction, ...(request.contents ?? [])]) {
    for (const part of content?.parts ?? []) countPart(part, resolution, add);
  }
  for (const tool of request.tools ?? []) {
    for (const declaration of tool.functionDeclarations ?? []) add("TEXT", countJson(declaration));
  }
  add("TEXT", countCachedTokens(request));
  const details = [...counts].map(([modality, tokenCount]) => ({ modality, tokenCount }));
  return { total: details.reduce((sum, detail) => sum + detail.tokenCount, 0), details };
}

/** Tokens of the cached content, part of the prompt's total; the same name always has the same size. */
export function countCachedTokens(request: GenerateContentRequest): number {
  const name = request.cachedContent;
  return typeof name === "string" && name !== "" ? leastCachedTokens + (hash32(name) % 4096) : 0;
}

/** Tokens of a part that a model produced; sound and pictures are weighed by who makes them. */
export function countPartTokens(part: Part): number {
  let tokens = 0;
  countPart(part, undefined, (_, count) => {
    tokens += count;
  });
  return tokens;
}

function countPart(
  part: Part,
  resolution: string | undefined,
  add: (modality: Modality, tokens: number) => void,
): void {
  if (typeof part.text === "string") add("TEXT", countTextTokens(part.text));
  const level = part.mediaResolution?.level ?? resolution;
  if (part.inlineData) addMedia(part.inlineData, part, level, add);
  if (part.fileData) addFile(part.fileData.mimeType ?? "", level, add);
  if (part.functionCall)
    add("TEXT", countTextTokens(part.functionCall.name ?? "") + countJson(part.functionCall.args ?? {}));
  if (part.functionResponse) {
    add(
      "TEXT",
      countTextTokens(part.functionResponse.name ?? "") + countJson(part.functionResponse.response ?? {}),
    );
    for (const inner of part.functionResponse.parts ?? []) countPart(inner, level, add);
  }
  if (part.executableCode) add("TEXT", countTextTokens(part.executableCode.code ?? ""));
  if (part.codeExecutionResult) add("TEXT", countTextTokens(part.codeExecutionResult.output ?? ""));
}

function addMedia(
  blob: Blob,
  part: Part,
  level: string | undefined,
  add: (modality: Modality, tokens: number) => void,
): void {
  const media = readMedia(blob);
  switch (media.kind) {
    case "image":
      return add("IMAGE", imageWeight(media, level));
    case "audio":
      return add(
        "AUDIO",
        Math.ceil((media.seconds ?? media.size / audioBytesPerSecond) * audioTokensPerSecond),
      );
    case "video": {
      const seconds = clip(media.seconds ?? media.size / videoBytesPerSecond, part);
      const frames = Math.max(1, Math.ceil(seconds * (part.videoMetadata?.fps ?? 1)));
      add("VIDEO", frames * frameWeight(level));
      return add("AUDIO", Math.ceil(seconds * audioTokensPerSecond));
    }
    case "document":
      return add("DOCUMENT", Math.max(1, media.pages ?? 1) * pdfTokensPerPage);
    case "text":
      return add(
        "TEXT",
        countTextTokens(Buffer.from((blob.data ?? "").toString(), "base64").toString("utf8")),
      );
    case "unknown":
      return add("DOCUMENT", imageTokens);
  }
}

function addFile(
  mimeType: string,
  level: string | undefined,
  add: (modality: Modality, tokens: number) => void,
): void {
  if (mimeType.startsWith("audio/")) return add("AUDIO", unknownSeconds * audioTokensPerSecond);
  if (mimeType.startsWith("video/")) return add("VIDEO", unknownSeconds * frameWeight(level));
  return add(mimeType.startsWith("image/") ? "IMAGE" : "DOCUMENT", imageTokens);
}

function imageWeight({ width, height }: ReceivedMedia, level: string | undefined): number {
  if (level === "MEDIA_RESOLUTION_LOW") return lowResolutionTokens;
  if (level === "MEDIA_RESOLUTION_MEDIUM") return mediumResolutionTokens;
  if (level === undefined || level === "MEDIA_RESOLUTION_UNSPECIFIED") return imageTokens;
  const tiles = Math.ceil((width ?? 1) / tileSide) * Math.ceil((height ?? 1) / tileSide);
  return Math.min(Math.max(1, tiles), mostTiles) * imageTokens;
}

function frameWeight(level: string | undefined): number {
  return level === "MEDIA_RESOLUTION_LOW" ? lowResolutionTokens : imageTokens;
}

/** Seconds between the offsets of `videoMetadata`, written like `12.5s`. */
function clip(seconds: number, part: Part): number {
  const start = Number.parseFloat(part.videoMetadata?.startOffset ?? "0") || 0;
  const end = Number.parseFloat(part.videoMetadata?.endOffset ?? "") || seconds;
  return Math.max(0, Math.min(seconds, end) - start);
}

function countJson(value: object): number {
  return countTextTokens(JSON.stringify(value) ?? "");
}
