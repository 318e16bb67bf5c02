/** Media of answers, in files beside the tape that are named by what is in them. Those of requests are told by hash and size alone. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TapeError } from "./tape-error.ts";

/** In characters of base64: an icon stays where it is. */
const LEAST_LENGTH = 1024;

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const MARKER = /^media:sha256-([0-9a-f]{64});bytes=(\d+)$/;

export function mediaFolder(tape: string): string {
  return `${tape}.media`;
}

/** What stands on the tape for a text that is nothing but large base64, or a data URL of it; undefined for any other. */
export function mediaMarker(text: string): string | undefined {
  return withMarker(text, (base64) => markerOf(Buffer.from(base64, "base64")));
}

/** The same, with the bytes kept in the folder. Undefined too for base64 that its bytes would not give back. */
export function storeMedia(folder: string, text: string): string | undefined {
  return withMarker(text, (base64) => {
    const bytes = Buffer.from(base64, "base64");
    if (bytes.toString("base64") !== base64) return undefined;
    const marker = markerOf(bytes);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, MARKER.exec(marker)?.[1] ?? "");
    try {
      writeFileSync(file, bytes, { mode: 0o600, flag: "wx" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    return marker;
  });
}

/**
 * The base64 that a marker stands for; undefined for any other text.
 * @throws TapeError when the file is not there, or is another than it was
 */
export function loadMedia(folder: string, text: string): string | undefined {
  const head = /^data:[^,]{0,200};base64,(?=media:)/.exec(text)?.[0] ?? "";
  const marker = MARKER.exec(text.slice(head.length));
  if (marker === null) return undefined;
  const [, hash = ""] = marker;
  const file = join(folder, hash);
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    throw new TapeError(`${file} is missing: it holds media of an answer, and belongs to the tape.`);
  }
  if (sha256(bytes) !== hash)
    throw new TapeError(`${file} has been changed: its content is not what its name says.`);
  return head + bytes.toString("base64");
}

function withMarker(text: string, marker: (base64: string) => string | undefined): string | undefined {
  if (text.length < LEAST_LENGTH) return undefined;
  const head = /^data:[^,]{0,200};base64,/.exec(text)?.[0] ?? "";
  const base64 = head === "" ? text : text.slice(head.length);
  const found = BASE64.test(base64) ? marker(base64) : undefined;
  return found === undefined ? undefined : head + found;
}

function markerOf(bytes: Uint8Array): string {
  return `media:sha256-${sha256(bytes)};bytes=${bytes.length}`;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
