/**
 * `detail` of an image or video. Gemini 3 takes a resolution on each part; models before it take one for the whole
 * request. Source: the `detail` rows of Google's Chat Completions page and PartMediaResolutionLevel in js-genai.
 */
import { invalidRequest } from "../../errors.ts";
import type { Part } from "../../wire/gemini.ts";
import type { Notes } from "../notes.ts";
import { optionalString } from "../read-field.ts";
import type { MessageScope } from "./message-scope.ts";

const LEVELS = ["low", "medium", "high", "ultra_high"] as const;
type Level = (typeof LEVELS)[number];

/** The `detail` values of one request for a model that takes a single resolution. */
export class MediaResolutions {
  private readonly asked: { level: Level; path: string }[] = [];
  private mediaParts = 0;

  /** Every image and video counts, because a resolution asked for one of them falls on all. */
  add(level: Level | undefined, path: string): void {
    this.mediaParts += 1;
    if (level !== undefined) this.asked.push({ level, path });
  }

  /** The highest one asked for, as `generationConfig.mediaResolution`; undefined when none was. */
  highest(notes: Notes): string | undefined {
    if (this.asked.length === 0) return undefined;
    const wanted = LEVELS.findLast((known) => this.asked.some(({ level }) => level === known)) ?? "high";
    const sent = wanted === "ultra_high" ? "high" : wanted;
    for (const { level, path } of this.asked) {
      if (level === "ultra_high") {
        notes.add(
          "clamped",
          "part-detail",
          path,
          "This model's highest resolution is high, for the whole request.",
        );
      } else if (level !== sent || this.mediaParts > 1) {
        notes.add(
          "approximated",
          "part-detail",
          path,
          `This model takes one resolution for the whole request: ${sent}.`,
        );
      } else notes.used(path, "part-detail");
    }
    return resolutionName(sent);
  }
}

/** Reads `detail` beside a URL and puts it on the part, or with the request's. `auto` leaves the choice to Gemini. */
export function readDetail(
  holder: Record<string, unknown>,
  path: string,
  part: Part,
  scope: MessageScope,
): void {
  const detailPath = `${path}.detail`;
  const detail = optionalString(holder, "detail", detailPath);
  if (detail === undefined || detail === "" || detail === "auto") {
    if (detail === "auto") scope.notes.used(detailPath, "part-detail");
    scope.resolutions.add(undefined, detailPath);
    return;
  }
  // OpenAI's word for "not scaled down", which Gemini cannot be told: its finest comes nearest.
  const isOriginal = detail === "original";
  const level = isOriginal ? "ultra_high" : LEVELS.find((known) => known === detail);
  if (level === undefined) {
    throw invalidRequest(
      detailPath,
      `${detailPath}: must be auto, low, medium, high, ultra_high or original.`,
    );
  }
  if (!scope.target.facts.partMediaResolution) {
    scope.resolutions.add(level, detailPath);
    return;
  }
  part.mediaResolution = { level: resolutionName(level) };
  if (!isOriginal) scope.notes.used(detailPath, "part-detail");
  else scope.notes.add("approximated", "part-detail", detailPath, "Sent as ultra_high, the finest there is.");
}

function resolutionName(level: Level): string {
  return `MEDIA_RESOLUTION_${level.toUpperCase()}`;
}
