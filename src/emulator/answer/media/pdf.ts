/** PDF: version from the header, pages from the page tree (ISO 32000-2, 7.7.3). */
import { inflateSync } from "node:zlib";
import { ascii } from "./byte-access.ts";
import type { MediaFacts } from "./media-facts.ts";

/** Readers accept up to 1024 bytes of anything before the header (ISO 32000-2, annex I). */
const furthestHeader = 1024;
const mostObjectStreams = 64;
const mostInflatedBytes = 4_000_000;

export function readPdf(bytes: Buffer): MediaFacts | undefined {
  const version = /%PDF-(\d\.\d)/.exec(ascii(bytes, 0, furthestHeader))?.[1];
  if (version === undefined) return undefined;
  const text = bytes.toString("latin1");
  const pages = countPages(text) || countPages(objectStreams(bytes, text));
  return { kind: "document", format: "PDF", version, ...(pages > 0 && { pages }) };
}

/** Counting leaves is right for whole files; the root's /Count stands in where leaves are not readable. */
function countPages(text: string): number {
  let leaves = 0;
  for (const _ of text.matchAll(/\/Type\s{0,8}\/Page(?![A-Za-z])/g)) leaves++;
  if (leaves > 0) return leaves;
  let largest = 0;
  for (const match of text.matchAll(/\/Count\s{1,8}(\d{1,7})/g))
    largest = Math.max(largest, Number(match[1]));
  return largest;
}

/** Since PDF 1.5 the page objects may lie in compressed object streams. */
function objectStreams(bytes: Buffer, text: string): string {
  const found: string[] = [];
  let inflatedBytes = 0;
  let streams = 0;
  for (const match of text.matchAll(/\/ObjStm/g)) {
    if (++streams > mostObjectStreams || inflatedBytes > mostInflatedBytes) break;
    const keyword = text.indexOf("stream", match.index);
    if (keyword === -1 || keyword - match.index > 4096) continue;
    const start = keyword + 6 + (text.startsWith("\r\n", keyword + 6) ? 2 : 1);
    const end = text.indexOf("endstream", start);
    if (end === -1) continue;
    try {
      const inflated = inflateSync(bytes.subarray(start, end), { maxOutputLength: mostInflatedBytes });
      inflatedBytes += inflated.length;
      found.push(inflated.toString("latin1"));
    } catch {
      // Encrypted or otherwise filtered: the count stays unknown.
    }
  }
  return found.join("\n");
}
