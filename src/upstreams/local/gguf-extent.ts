/**
 * Whether a GGUF file is as long as it says, found by walking over its head: the library reads on past the end of a file that
 * was cut off there, again and again, and believes any count that damage has put into it.
 * Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { LocalModelError } from "./local-model-error.ts";

const MAGIC = "GGUF";
const VERSIONS = [2, 3];
const WINDOW_BYTES = 1 << 16;
const DEEPEST_ARRAY = 4;

/** Bytes of a value, by its type; strings and arrays say theirs themselves. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [0, 1], // uint8
  [1, 1], // int8
  [2, 2], // uint16
  [3, 2], // int16
  [4, 4], // uint32
  [5, 4], // int32
  [6, 4], // float32
  [7, 1], // bool
  [10, 8], // uint64
  [11, 8], // int64
  [12, 8], // float64
]);
const STRING = 8;
const ARRAY = 9;

/** The size of the file in bytes. Throws `LocalModelError` where it is no GGUF file, or is cut off. */
export function checkGguf(file: string): number {
  const handle = openSync(file, "r");
  try {
    const reader = new Reader(file, handle, fstatSync(handle).size);
    if (reader.size < MAGIC.length || reader.text(MAGIC.length) !== MAGIC)
      throw new LocalModelError(`${file} is not a GGUF file: it does not begin with "${MAGIC}".`);
    const version = reader.uint32();
    if (!VERSIONS.includes(version))
      throw new LocalModelError(
        `${file} is a GGUF file of version ${version}; versions ${VERSIONS.join(" and ")} can be read.`,
      );
    const tensors = reader.count();
    const entries = reader.count();
    for (let entry = 0; entry < entries; entry++) {
      reader.skip(reader.count());
      skipValue(reader, reader.uint32(), 0);
    }
    let lastOffset = 0;
    for (let tensor = 0; tensor < tensors; tensor++) {
      reader.skip(reader.count());
      reader.skip(reader.uint32() * 8 + 4);
      lastOffset = Math.max(lastOffset, reader.count());
    }
    // Where the last tensor ends depends on how its type packs numbers; llama.cpp looks at that.
    reader.skip(lastOffset);
    return reader.size;
  } finally {
    closeSync(handle);
  }
}

function skipValue(reader: Reader, type: number, depth: number): void {
  const size = SIZES.get(type);
  if (size !== undefined) {
    reader.skip(size);
  } else if (type === STRING) {
    reader.skip(reader.count());
  } else if (type === ARRAY && depth < DEEPEST_ARRAY) {
    const inner = reader.uint32();
    const length = reader.count();
    const each = SIZES.get(inner);
    if (each !== undefined) reader.skip(each * length);
    else for (let item = 0; item < length; item++) skipValue(reader, inner, depth + 1);
  } else {
    throw reader.damaged();
  }
}

class Reader {
  readonly size: number;
  readonly #file: string;
  readonly #handle: number;
  readonly #window = Buffer.alloc(WINDOW_BYTES);
  #windowStart = 0;
  #windowEnd = 0;
  #position = 0;

  constructor(file: string, handle: number, size: number) {
    this.#file = file;
    this.#handle = handle;
    this.size = size;
  }

  uint32(): number {
    const at = this.#have(4);
    return this.#window.readUInt32LE(at);
  }

  /** A length or a number of things, none of which is smaller than a byte. */
  count(): number {
    const at = this.#have(8);
    const value = this.#window.readBigUInt64LE(at);
    if (value > BigInt(this.size)) throw this.damaged();
    return Number(value);
  }

  text(length: number): string {
    const at = this.#have(length);
    return this.#window.toString("latin1", at, at + length);
  }

  skip(length: number): void {
    this.#position += length;
    if (this.#position > this.size) throw this.damaged();
  }

  damaged(): LocalModelError {
    return new LocalModelError(
      `${this.#file} is damaged, or was cut off: it says that it is longer than it is. Fetch it again.`,
    );
  }

  /** Where in the window the next few bytes are. */
  #have(length: number): number {
    const start = this.#position;
    this.skip(length);
    if (start < this.#windowStart || this.#position > this.#windowEnd) {
      this.#windowStart = start;
      this.#windowEnd = start + readSync(this.#handle, this.#window, 0, WINDOW_BYTES, start);
      if (this.#position > this.#windowEnd) throw this.damaged();
    }
    return start - this.#windowStart;
  }
}
