import { describe, expect, test } from "vitest";
import { ContentMap, mergeCitations, toAnnotations } from "./annotations.ts";

/** Answer text parts of one event, with where they begin in `content`. */
function mapOf(...parts: { kind: "text" | "thought" | "other"; text: string; start?: number }[]): ContentMap {
  const map = new ContentMap();
  for (const [position, { kind, text, start = 0 }] of parts.entries()) {
    map.begin(kind, position === 0, start);
    if (kind === "text") map.append(text);
  }
  return map;
}

describe("positions", () => {
  test.each([
    { name: "bytes of the first part", part: 0, byte: 3, index: 2 },
    { name: "bytes of a later part", part: 2, byte: 1, index: 21 },
    { name: "a part that is no text means the text", part: 1, byte: 3, index: 2 },
    { name: "behind the end of a part goes on in the next", part: 0, byte: 6, index: 21 },
    { name: "behind the end of all is the end", part: 2, byte: 500, index: 23 },
  ])("$name", ({ part, byte, index }) => {
    const map = mapOf(
      { kind: "text", text: "héll" },
      { kind: "thought", text: "hm" },
      { kind: "text", text: "abc", start: 20 },
    );
    expect(map.indexAt(part, byte)).toBe(index);
  });

  test("nothing to point into", () => {
    expect(new ContentMap().indexAt(0, 0)).toBeUndefined();
  });

  test("a piece of a later event goes on with the part before it", () => {
    const map = mapOf({ kind: "text", text: "one " });
    map.begin("text", true, 4);
    map.append("two");
    expect(map.indexAt(0, 7)).toBe(7);
  });
});

const TEXT = mapOf({ kind: "text", text: "Grüße aus Oslo" });

describe("toAnnotations", () => {
  test.each([
    { chunk: { web: { uri: "https://a.test", title: "A" } }, url: "https://a.test", title: "A" },
    { chunk: { web: { uri: "https://a.test", domain: "a.test" } }, url: "https://a.test", title: "a.test" },
    { chunk: { image: { sourceUri: "https://b.test" } }, url: "https://b.test", title: "https://b.test" },
    { chunk: { maps: { uri: "https://maps.test", title: "Oslo" } }, url: "https://maps.test", title: "Oslo" },
    { chunk: { retrievedContext: { uri: "gs://c/d.pdf", title: "d" } }, url: "gs://c/d.pdf", title: "d" },
  ])("a source from $chunk", ({ chunk, url, title }) => {
    const metadata = {
      groundingChunks: [chunk],
      groundingSupports: [{ segment: { endIndex: 7 }, groundingChunkIndices: [0] }],
    };
    expect(toAnnotations(metadata, undefined, TEXT)).toEqual([
      { type: "url_citation", url_citation: { start_index: 0, end_index: 5, title, url } },
    ]);
  });

  test.each([
    {
      name: "no such chunk",
      supports: [{ segment: { endIndex: 3 }, groundingChunkIndices: [7, -1, "x", null] }],
    },
    { name: "no indices", supports: [{ segment: { endIndex: 3 } }] },
    {
      name: "ends before it begins",
      supports: [{ segment: { startIndex: 5, endIndex: 2 }, groundingChunkIndices: [0] }],
    },
    { name: "not a list", supports: { 0: {} } },
  ])("nothing from a support with $name", ({ supports }) => {
    const metadata = { groundingChunks: [{ web: { uri: "https://a.test" } }], groundingSupports: supports };
    expect(toAnnotations(metadata, undefined, TEXT)).toEqual([]);
  });

  test("citations with an address, in either spelling", () => {
    const annotations = toAnnotations(
      undefined,
      {
        citationSources: [
          { startIndex: 7, endIndex: 10, uri: "https://c.test" },
          { endIndex: 3, license: "MIT" },
        ],
      },
      TEXT,
    );
    expect(annotations.map((entry) => entry.url_citation)).toEqual([
      { start_index: 5, end_index: 8, title: "https://c.test", url: "https://c.test" },
    ]);
  });
});

test("citations of several events are joined, each once", () => {
  const one = { citations: [{ endIndex: 3, uri: "https://a.test" }] };
  const two = {
    citations: [
      { endIndex: 3, uri: "https://a.test" },
      { startIndex: 4, endIndex: 9, uri: "https://b.test" },
    ],
  };
  expect(mergeCitations(undefined, one)).toBe(one);
  expect(mergeCitations(one, two).citations).toEqual(two.citations);
});
