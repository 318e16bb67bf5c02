import { expect, test } from "vitest";
import { EventReader } from "./event-text.ts";

const TEXT =
  "\ufeff: hello\r\nevent: ping\r\ndata: 1\r\n\r\ndata:2\rdata: 3\r\r\ndata: 4\n\nid: 9\n\ndata: cut";

function read(pieces: Iterable<string>): { data: string[]; comments: string[] } {
  const reader = new EventReader();
  const data = [...pieces].flatMap((piece) => reader.push(piece)).map((event) => event.data);
  return { data, comments: reader.comments };
}

test("all newlines, comments, many lines of data; what is not ended by an empty line is no event", () => {
  expect(read([TEXT])).toEqual({ data: ["1", "2\n3", "4"], comments: ["hello"] });
});

test("however it is cut", () => {
  for (let size = 1; size < TEXT.length; size += 1) {
    const pieces = [];
    for (let at = 0; at < TEXT.length; at += size) pieces.push(TEXT.slice(at, at + size));
    expect(read(pieces)).toEqual(read([TEXT]));
  }
});
