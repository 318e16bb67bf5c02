/** Reads a tape back, and says of one that cannot be read which line is at fault. */
import { readFileSync, statSync } from "node:fs";
import type { z } from "zod";
import { rewrite } from "./rewrite.ts";
import { textOf } from "./answer-pieces.ts";
import { loadMedia, mediaFolder } from "./media-store.ts";
import { SensitiveText } from "./sensitive-text.ts";
import { TapeError } from "./tape-error.ts";
import {
  type EndLine,
  endSchema,
  type HeadLine,
  headerSchema,
  headSchema,
  pieceSchema,
  type RequestLine,
  requestSchema,
  TAPE_VERSION,
  type TapeHeader,
} from "./tape-format.ts";
import { type ComparedRequest, compared, type TapeRequest } from "./tape-request.ts";

/** Past this, a tape is no test's. */
const MAX_TAPE_BYTES = 400 * 1024 * 1024;

export interface RecordedPiece {
  content: string | Uint8Array;
  atMs: number;
  /** Comes in one read with the piece before. */
  joined: boolean;
}

export interface RecordedAnswer {
  status: number;
  headers: Record<string, string>;
  atMs: number;
  /** Text, or bytes that are no text. */
  pieces: RecordedPiece[];
}

export interface Recording {
  number: number;
  /** Of its first line, from 1 on. */
  line: number;
  compared: ComparedRequest;
  /** Undefined where nothing came. */
  answer: RecordedAnswer | undefined;
  end: EndLine;
}

export interface Tape {
  path: string;
  header: TapeHeader;
  /** In the order in which the calls began. */
  recordings: Recording[];
}

/** @throws TapeError when the file cannot be read or is no tape of this version. */
export function readTape(path: string): Tape {
  const lines = textOfFile(path).split("\n");
  if (lines.at(-1) === "") lines.pop();
  const header = readHeader(path, lines[0]);
  const recordings: Recording[] = [];
  for (let at = 1; at < lines.length;) {
    const { recording, next } = readRecording(path, lines, at);
    recordings.push(recording);
    at = next;
  }
  recordings.sort((one, other) => one.number - other.number);
  return { path, header, recordings };
}

function textOfFile(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > MAX_TAPE_BYTES) throw new TapeError(`${path} is larger than ${MAX_TAPE_BYTES} bytes.`);
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof TapeError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new TapeError(
      code === "ENOENT"
        ? `${path}: there is no such tape. \`pollux record --tape ${path}\` makes one.`
        : `${path} cannot be read (${code}).`,
    );
  }
}

function readHeader(path: string, text: string | undefined): TapeHeader {
  const value = parseLine(path, 1, text ?? "");
  if (typeof value !== "object" || value === null || !("tape" in value) || value.tape !== "pollux") {
    throw new TapeError(`${path} is no tape: its first line does not say "tape": "pollux".`);
  }
  const version = "version" in value ? value.version : undefined;
  if (typeof version === "number" && version !== TAPE_VERSION) {
    throw new TapeError(
      version < TAPE_VERSION
        ? `${path} is a tape of version ${version}, and this pollux plays version ${TAPE_VERSION}: record it anew.`
        : `${path} is a tape of version ${version}, from a newer pollux; this one plays version ${TAPE_VERSION}.`,
    );
  }
  return checked(path, 1, headerSchema, value);
}

type RecordedText = Omit<RecordedPiece, "content"> & { text: string };

function readRecording(
  path: string,
  lines: readonly string[],
  at: number,
): { recording: Recording; next: number } {
  const first = at + 1;
  const request = checked(path, first, requestSchema, parseLine(path, first, lines[at]!)) as RequestLine;
  const number = request.recording;
  let head: HeadLine | undefined;
  const texts: RecordedText[] = [];
  const rest: RecordedPiece[] = [];
  for (let index = at + 1; index < lines.length; index += 1) {
    const line = index + 1;
    const value = parseLine(path, line, lines[index]!);
    if (
      typeof value !== "object" ||
      value === null ||
      !("recording" in value) ||
      value.recording !== number
    ) {
      throw damaged(path, line, `recording ${number}, from line ${first} on, has no end before it`);
    }
    if ("end" in value) {
      const end = checked(path, line, endSchema, value);
      if (head === undefined && end.end !== "failed")
        throw damaged(path, line, "an answer without its status");
      return {
        recording: finished(path, first, request, head, texts, rest, end),
        next: index + 1,
      };
    }
    if ("status" in value) {
      if (head !== undefined) throw damaged(path, line, "a second status");
      head = checked(path, line, headSchema, value);
      continue;
    }
    if (head === undefined) throw damaged(path, line, "a piece of an answer before its status");
    const piece = checked(path, line, pieceSchema, value);
    const { atMs } = piece;
    if ("bytes" in piece) rest.push({ content: Buffer.from(piece.bytes, "base64"), atMs, joined: false });
    else texts.push({ text: textOf(piece, head), atMs, joined: piece.joined === true });
  }
  throw damaged(path, lines.length, `recording ${number}, from line ${first} on, has no end`);
}

function finished(
  path: string,
  line: number,
  request: RequestLine,
  head: HeadLine | undefined,
  texts: readonly RecordedText[],
  rest: RecordedAnswer["pieces"],
  end: EndLine,
): Recording {
  const { recording: number, method, path: target, body } = request;
  const taken: TapeRequest = { method, path: target, body };
  const found = { number, line, compared: compared(taken), end };
  if (head === undefined) return { ...found, answer: undefined };
  const folder = mediaFolder(path);
  const whole = rewrite(
    texts.map(({ text }) => text),
    { sensitive: NOTHING, replace: (_, value) => value, whole: (text) => loadMedia(folder, text) },
  );
  const pieces = texts.map(({ atMs, joined }, index) => ({ content: whole[index] ?? "", atMs, joined }));
  return {
    ...found,
    answer: {
      status: head.status,
      headers: head.headers ?? {},
      atMs: head.atMs,
      pieces: [...pieces, ...rest],
    },
  };
}

/** Looks for nothing. */
const NOTHING = { find: () => [] } as unknown as SensitiveText;

function parseLine(path: string, line: number, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw damaged(path, line, text === "" ? "it is empty" : "it is not JSON");
  }
}

function checked<Schema extends z.ZodType>(
  path: string,
  line: number,
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  throw damaged(path, line, `${where}${issue?.message ?? "not what belongs there"}`);
}

function damaged(path: string, line: number, why: string): TapeError {
  return new TapeError(`${path}, line ${line}: the tape is damaged (${why}). Restore it, or record it anew.`);
}
