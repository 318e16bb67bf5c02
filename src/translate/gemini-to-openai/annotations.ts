/**
 * Grounding and citations as OpenAI's `url_citation` annotations.
 *
 * Gemini counts UTF-8 bytes within one part (js-genai src/types.ts `Segment`: start inclusive and left out when 0,
 * end exclusive); OpenAI counts characters of the whole `content`.
 */
import { appended } from "../../wire/appended.ts";
import type { Candidate } from "../../wire/gemini.ts";
import type { Annotation } from "../../wire/openai.ts";
import { index, nonEmpty, objects, record } from "./lenient.ts";
import { Utf8Positions } from "./utf8-positions.ts";

/** One text part of the answer, as it stands in `content`. */
interface TextPart {
  /** Position among the parts of Gemini's content. */
  partIndex: number;
  /** Where its text begins in `content`. */
  contentStart: number;
  positions: Utf8Positions;
}

/**
 * Where each part of Gemini's answer went in `content`. In an unstreamed answer every part counts; in a stream one
 * part comes in many pieces, so a piece that begins an event goes on with the part before it if that was of its kind.
 */
export class ContentMap {
  /** Undefined before the first. */
  #parts: TextPart[] | undefined;
  #partIndex = -1;
  #kind: "text" | "thought" | "other" = "other";

  /** A part or piece of one begins. `continues`: it is the first of a later event. */
  begin(kind: "text" | "thought" | "other", continues: boolean, contentStart: number): void {
    if (continues && kind === this.#kind && kind !== "other") return;
    this.#partIndex += 1;
    this.#kind = kind;
    if (kind === "text") {
      const positions = new Utf8Positions();
      this.#parts = appended(this.#parts, { partIndex: this.#partIndex, contentStart, positions });
    }
  }

  /** Text of the answer part that was begun last. */
  append(text: string): void {
    this.#parts?.at(-1)?.positions.append(text);
  }

  /** The same of a text of that many characters, all of them ASCII; only where `isAscii`. */
  appendAscii(length: number): void {
    this.#parts?.at(-1)?.positions.appendAscii(length);
  }

  /** All text of the part that was begun last is ASCII. */
  get isAscii(): boolean {
    return this.#parts?.at(-1)?.positions.isAscii !== false;
  }

  /** True when the next text goes on with the part before it. */
  get inText(): boolean {
    return this.#kind === "text";
  }

  /** The index into `content` of a byte offset in a part; undefined when there is no text to point into. */
  indexAt(partIndex: number, byte: number): number | undefined {
    // A part that holds no answer text (a thought, say) cannot be what is meant: then the text as a whole is.
    const parts = this.#parts ?? [];
    let at = Math.max(
      0,
      parts.findIndex((part) => part.partIndex === partIndex),
    );
    let left = byte;
    let part = parts[at];
    // Behind the end of its part: offsets into the joined text have been seen in streams.
    for (let next = parts[at + 1]; part !== undefined && left > part.positions.bytes; at += 1) {
      if (next === undefined) break;
      left -= part.positions.bytes;
      part = next;
      next = parts[at + 2];
    }
    const inside = part?.positions.indexAt(left);
    return part === undefined || inside === undefined ? undefined : part.contentStart + inside;
  }
}

/** One annotation for each source of each supported segment, and for each recitation that has an address. */
export function toAnnotations(grounding: unknown, citations: unknown, content: ContentMap): Annotation[] {
  const annotations: Annotation[] = [];
  if (grounding === undefined && citations === undefined) return annotations;
  const metadata = record(grounding);
  const chunks: unknown[] = Array.isArray(metadata?.["groundingChunks"]) ? metadata["groundingChunks"] : [];
  for (const support of objects(metadata?.["groundingSupports"])) {
    const segment = record(support["segment"]) ?? {};
    const partIndex = index(segment["partIndex"]);
    const start = content.indexAt(partIndex, index(segment["startIndex"]));
    const end = content.indexAt(partIndex, index(segment["endIndex"]));
    const indices: unknown[] = Array.isArray(support["groundingChunkIndices"])
      ? support["groundingChunkIndices"]
      : [];
    for (const chunkIndex of indices) {
      const source = typeof chunkIndex === "number" ? toSource(chunks[chunkIndex]) : undefined;
      if (source !== undefined) add(annotations, start, end, source);
    }
  }
  const recited = record(citations);
  for (const citation of objects(recited?.["citations"] ?? recited?.["citationSources"])) {
    const url = nonEmpty(citation["uri"]);
    if (url === undefined) continue;
    const start = content.indexAt(0, index(citation["startIndex"]));
    const end = content.indexAt(0, index(citation["endIndex"]));
    add(annotations, start, end, { url, title: nonEmpty(citation["title"]) ?? url });
  }
  return annotations;
}

type CitationMetadata = NonNullable<Candidate["citationMetadata"]>;

/** Events of a stream have their own citations, which some repeat: each counts once. */
export function mergeCitations(
  earlier: CitationMetadata | undefined,
  latest: CitationMetadata,
): CitationMetadata {
  if (earlier === undefined) return latest;
  const distinct = new Map<string, Record<string, unknown>>();
  for (const metadata of [earlier, latest]) {
    for (const citation of objects(metadata.citations ?? metadata.citationSources)) {
      if (distinct.size < MAX_ANNOTATIONS) distinct.set(JSON.stringify(citation), citation);
    }
  }
  return { citations: [...distinct.values()] };
}

/** A grounded answer may quote many sources; one with more is cut here, the metadata beside it stays whole. */
const MAX_ANNOTATIONS = 1000;

function add(
  annotations: Annotation[],
  start: number | undefined,
  end: number | undefined,
  source: { url: string; title: string },
): void {
  if (start === undefined || end === undefined || end < start || annotations.length >= MAX_ANNOTATIONS)
    return;
  annotations.push({
    type: "url_citation",
    url_citation: { start_index: start, end_index: end, title: source.title, url: source.url },
  });
}

/** Web pages, images, places and retrieved documents: whichever the chunk is, if it has an address. */
function toSource(chunk: unknown): { url: string; title: string } | undefined {
  const given = record(chunk);
  const source =
    record(given?.["web"]) ??
    record(given?.["image"]) ??
    record(given?.["maps"]) ??
    record(given?.["retrievedContext"]);
  const url = nonEmpty(source?.["uri"]) ?? nonEmpty(source?.["sourceUri"]);
  if (url === undefined) return undefined;
  return { url, title: nonEmpty(source?.["title"]) ?? nonEmpty(source?.["domain"]) ?? url };
}
