import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { readTape } from "./read-tape.ts";
import { TapeError } from "./tape-error.ts";

const HEADER = { tape: "pollux", version: 1, pollux: "0.1.0", recorded: "2025-11-21" };
const REQUEST = { recording: 1, method: "POST", host: "h", path: "/v1/x", body: { a: 1 } };
const HEAD = { recording: 1, atMs: 5, status: 200, headers: { "content-type": "application/json" } };
const PIECE = { recording: 1, atMs: 6, text: "{}" };
const END = { recording: 1, atMs: 7, end: "complete" };

function tapeFile(lines: readonly (object | string)[]): string {
  const folder = mkdtempSync(join(tmpdir(), "pollux-tape-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "tape.jsonl");
  writeFileSync(
    path,
    lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""),
  );
  return path;
}

/** What is said of a tape, without the name of its file. */
function refusal(lines: readonly (object | string)[]): string {
  const path = tapeFile(lines);
  try {
    readTape(path);
  } catch (error) {
    expect(error).toBeInstanceOf(TapeError);
    return (error as Error).message.replaceAll(path, "TAPE");
  }
  throw new Error("the tape was read");
}

test("a tape is read in the order in which the calls began", () => {
  const other = (line: object): object => ({ ...line, recording: 2 });
  const tape = readTape(
    tapeFile([HEADER, ...[REQUEST, HEAD, PIECE, END].map(other), REQUEST, HEAD, PIECE, END]),
  );
  expect(tape.recordings.map(({ number, line }) => [number, line])).toEqual([
    [1, 6],
    [2, 2],
  ]);
  expect(tape.recordings[0]?.answer).toEqual({
    status: 200,
    headers: HEAD.headers,
    atMs: 5,
    pieces: [{ content: "{}", atMs: 6, joined: false }],
  });
});

test("values come back in the spelling of their answer", () => {
  const head = { ...HEAD, spelling: "spaced", after: "\r\n\r\n" };
  const pieces = [
    { recording: 1, atMs: 6, event: { a: [1, null] } },
    { recording: 1, atMs: 6, event: null },
    { recording: 1, atMs: 6, bytes: "4oI=" },
  ];
  const [recording] = readTape(tapeFile([HEADER, REQUEST, head, ...pieces, END])).recordings;
  expect(recording?.answer?.pieces.map(({ content }) => content.toString())).toEqual([
    'data: {"a": [1,null]}\r\n\r\n',
    "data: null\r\n\r\n",
    Buffer.from("4oI=", "base64").toString(),
  ]);
});

describe("another version", () => {
  test.each([
    [0, "TAPE is a tape of version 0, and this pollux plays version 1: record it anew."],
    [2, "TAPE is a tape of version 2, from a newer pollux; this one plays version 1."],
  ])("%s", (version, expected) => {
    expect(refusal([{ ...HEADER, version, whatever: "else" }])).toBe(expected);
  });

  test("what is no tape at all", () => {
    expect(refusal([{ cassette: 1 }])).toBe('TAPE is no tape: its first line does not say "tape": "pollux".');
    expect(refusal(["[1]"])).toContain("is no tape");
    expect(refusal([])).toContain("TAPE, line 1: the tape is damaged (it is empty)");
  });
});

describe("a damaged line is named", () => {
  test.each([
    ["cut", [REQUEST, JSON.stringify(HEAD).slice(0, 20), END], 3, "it is not JSON"],
    ["empty", [REQUEST, "", END], 3, "it is empty"],
    ["no end", [REQUEST, HEAD, PIECE], 4, "recording 1, from line 2 on, has no end"],
    [
      "mixed",
      [REQUEST, HEAD, { ...REQUEST, recording: 2 }, END],
      4,
      "recording 1, from line 2 on, has no end before it",
    ],
    ["two heads", [REQUEST, HEAD, HEAD, END], 4, "a second status"],
    ["no head", [REQUEST, PIECE, END], 3, "a piece of an answer before its status"],
    ["no answer", [REQUEST, END], 3, "an answer without its status"],
    ["a wrong status", [REQUEST, { ...HEAD, status: 7 }, END], 3, "status: "],
    ["a wrong end", [REQUEST, HEAD, { ...END, end: "maybe" }], 4, ""],
    ["a piece that holds nothing", [REQUEST, HEAD, { recording: 1, atMs: 3 }, END], 4, ""],
    ["an unknown field", [{ ...REQUEST, extra: 1 }, HEAD, END], 2, "extra"],
    ["no request", [END], 2, "method: "],
    [
      "a failure that is none",
      [REQUEST, { ...END, end: "failed", failure: { kind: "unauthenticated" }, message: "" }],
      3,
      "",
    ],
  ])("%s", (_, lines, line, why) => {
    const message = refusal([HEADER, ...lines]);
    expect(message).toContain(`TAPE, line ${line}: the tape is damaged (`);
    expect(message).toContain(why);
    expect(message).toMatch(/\. Restore it, or record it anew\.$/);
  });
});

test("media that are not beside the tape, or are not what they were", () => {
  const hash = "0".repeat(64);
  const piece = { ...PIECE, text: JSON.stringify({ data: `media:sha256-${hash};bytes=3` }) };
  const path = tapeFile([HEADER, REQUEST, HEAD, piece, END]);
  expect(() => readTape(path)).toThrow(`${path}.media/${hash} is missing`);
});

test("a tape that is not there", () => {
  expect(() => readTape("/nowhere/tape.jsonl")).toThrow("there is no such tape");
  expect(() => readTape(tmpdir())).toThrow("cannot be read (EISDIR)");
});
