/** Bytes that are compared and written eight at a time, as the numbers that they are in memory. */

const LONGEST = 4096;
/** Most of what is compared comes again with every stream, and is kept once for all of them. */
const MOST_KNOWN = 256;
const known = new Map<string, BytePattern>();
/** A text is put here to be read as numbers. */
const scratch = Buffer.alloc(LONGEST);
const scratchView = new DataView(scratch.buffer, scratch.byteOffset, LONGEST);

let lastViewed: ArrayBufferLike | undefined;
let lastView: DataView = scratchView;

/** A view of all the memory that the bytes are a part of: there they begin at their `byteOffset`. Made once for each memory. */
export function viewOf(bytes: Uint8Array): DataView {
  const { buffer } = bytes;
  if (buffer !== lastViewed) {
    lastView = new DataView(buffer);
    lastViewed = buffer;
  }
  return lastView;
}

/**
 * A text, as bytes of UTF-8. Read as numbers, eight bytes of a text without NUL are equal to no other eight bytes: that
 * would take a zero. And they are a number: what is none has a byte FF, or one of F0 and above before 7F, at its end.
 */
export class BytePattern {
  readonly length: number;
  /** Eight bytes each, the last eight overlapping the ones before; single bytes where there are fewer than eight. */
  readonly #words: readonly number[];

  private constructor(length: number) {
    this.length = length;
    const words: number[] = [];
    if (length < 8) {
      for (let at = 0; at < length; at += 1) words.push(scratchView.getUint8(at));
    } else {
      for (let at = 0; at < length - 8; at += 8) words.push(scratchView.getFloat64(at, true));
      words.push(scratchView.getFloat64(length - 8, true));
    }
    // A copy: a list that was pushed to has room for more, which would be kept as long as a stream.
    this.#words = words.slice();
  }

  /** Undefined for a text that is too long or has a NUL in it. */
  static of(text: string): BytePattern | undefined {
    const same = known.get(text);
    if (same !== undefined) return same;
    if (text.length * 3 > LONGEST || text.includes("\0")) return undefined;
    const pattern = new BytePattern(scratch.write(text));
    if (known.size === MOST_KNOWN) known.clear();
    // Not the text itself: that may be a piece of a long one, all of which it would keep.
    known.set(scratch.toString("utf8", 0, pattern.length), pattern);
    return pattern;
  }

  /** Whether these bytes stand there. `at + length` must not be more than the view has. */
  isAt(view: DataView, at: number): boolean {
    const words = this.#words;
    if (this.length < 8) {
      for (let index = 0; index < words.length; index += 1) {
        if (view.getUint8(at + index) !== words[index]) return false;
      }
      return true;
    }
    const last = words.length - 1;
    for (let index = 0; index < last; index += 1) {
      if (view.getFloat64(at + index * 8, true) !== words[index]) return false;
    }
    return view.getFloat64(at + this.length - 8, true) === words[last];
  }

  /** Writes these bytes there. `at + length` must not be more than the view has. */
  writeTo(view: DataView, at: number): void {
    const words = this.#words;
    if (this.length < 8) {
      for (let index = 0; index < words.length; index += 1) view.setUint8(at + index, words[index] ?? 0);
      return;
    }
    const last = words.length - 1;
    for (let index = 0; index < last; index += 1) view.setFloat64(at + index * 8, words[index] ?? 0, true);
    view.setFloat64(at + this.length - 8, words[last] ?? 0, true);
  }
}
