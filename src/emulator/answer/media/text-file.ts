/** Text files: lines, words and the beginning, for every MIME type that is text underneath. */
import type { MediaFacts } from "./media-facts.ts";

const mostQuoted = 400;
const textTypes =
  /^(text\/|application\/(json|xml|yaml|x-yaml|javascript|typescript|csv|rtf|x-ndjson))|[+](json|xml)$/;

export function isTextType(mimeType: string): boolean {
  return textTypes.test(mimeType);
}

export function readTextFile(bytes: Buffer, mimeType: string): MediaFacts {
  const text = bytes.toString("utf8");
  let words = 0;
  for (const _ of text.matchAll(/\S+/g)) words++;
  const lines = text === "" ? 0 : text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  const format = mimeType.slice(mimeType.indexOf("/") + 1).replace(/^(x-|plain$)/, "");
  return {
    kind: "text",
    format: format === "" ? "text" : format,
    lines,
    words,
    text: text.slice(0, mostQuoted),
  };
}
