/** Grounding metadata for answers that were allowed to search: queries, sources, and which sentence rests on which. */
import type { GenerateContentRequest, GroundingMetadata, GroundingSupport, Part } from "../../wire/gemini.ts";
import { hash32 } from "./dice.ts";

const searchTools = ["googleSearch", "googleSearchRetrieval", "enterpriseWebSearch", "google_search"];
const domains = ["example.org", "example.com", "example.net"];
const mostSupports = 20;
const longestQuery = 120;

/** Whether one of Google's search tools is among the tools. */
export function canSearch(request: GenerateContentRequest): boolean {
  return (request.tools ?? []).some((tool) => searchTools.some((name) => Object.hasOwn(tool, name)));
}

/** Segments count UTF-8 bytes of their part, end exclusive, as Google's do; zeros are left out as on the wire. */
export function groundingFor(ask: string, parts: readonly Part[]): GroundingMetadata {
  const query =
    ask
      .replaceAll(/\s+/g, " ")
      .trim()
      .replace(/[?.!]+$/, "")
      .slice(0, longestQuery) || "media";
  const supports = parts.flatMap((part, partIndex) =>
    typeof part.text === "string" && part.thought !== true ? supportsFor(part.text, partIndex) : [],
  );
  return {
    webSearchQueries: [query],
    searchEntryPoint: {
      renderedContent: `<div class="container"><a class="chip">${escaped(query)}</a></div>`,
    },
    groundingChunks: domains.map((domain) => ({
      web: {
        uri: `https://vertexaisearch.cloud.google.com/grounding-api-redirect/emulated-${hash32(query + domain).toString(36)}`,
        title: domain,
        domain,
      },
    })),
    groundingSupports: supports.slice(0, mostSupports).map((support, index) => ({
      ...support,
      groundingChunkIndices:
        index % 2 === 0 ? [index % domains.length] : [index % domains.length, (index + 1) % domains.length],
    })),
  };
}

function supportsFor(text: string, partIndex: number): GroundingSupport[] {
  const found: GroundingSupport[] = [];
  let bytes = 0;
  let counted = 0;
  for (const match of text.matchAll(/[^\s.!?。！？][^.!?。！？\n]*[.!?。！？]*/gu)) {
    if (found.length >= mostSupports) break;
    bytes += Buffer.byteLength(text.slice(counted, match.index));
    counted = match.index;
    const segment = match[0].trimEnd();
    found.push({
      segment: {
        ...(partIndex > 0 && { partIndex }),
        ...(bytes > 0 && { startIndex: bytes }),
        endIndex: bytes + Buffer.byteLength(segment),
        text: segment,
      },
    });
  }
  return found;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
