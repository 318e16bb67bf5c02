/**
 * Turns UTF-8 byte offsets into a text, which is how Gemini counts, into string indices, which is how OpenAI does,
 * without keeping the text where it is plain ASCII: there a byte is a character.
 *
 * Memory: two numbers until the first non-ASCII character; from the piece that has it on, the text itself, at most
 * `MAX_KEPT` characters. Positions beyond what was kept are not known.
 */

/** Four times the longest answer of today's models (65,536 tokens). */
const MAX_KEPT = 1_048_576;

export class Utf8Positions {
  /** Bytes of the whole text. */
  bytes = 0;
  /** UTF-16 code units of the whole text. */
  length = 0;
  /** Length of the leading text that is ASCII and not kept. */
  #ascii = 0;
  #rest = "";

  /** No other character has come: of more ASCII only the length need be told. */
  get isAscii(): boolean {
    return this.#rest === "";
  }

  /** As `append` of a text of that many characters, all of them ASCII. Only where `isAscii`. */
  appendAscii(length: number): void {
    this.length += length;
    this.#ascii += length;
    this.bytes += length;
  }

  append(text: string): void {
    const bytes = Buffer.byteLength(text, "utf8");
    // Only ASCII takes one byte for each.
    if (this.#rest === "" && bytes === text.length) {
      this.appendAscii(bytes);
      return;
    }
    this.length += text.length;
    this.bytes += bytes;
    if (this.#rest.length < MAX_KEPT) this.#rest += text;
  }

  /**
   * The string index at a byte offset; one inside a character counts as the start of it, one behind the end as the
   * end. Undefined when that place was not kept.
   */
  indexAt(byte: number): number | undefined {
    if (byte <= this.#ascii) return byte;
    if (byte >= this.bytes) return this.length;
    let at = this.#ascii;
    let units = this.#ascii;
    for (const character of this.#rest) {
      at += utf8Length(character.codePointAt(0) ?? 0);
      if (at > byte) return units;
      units += character.length;
    }
    return undefined;
  }
}

function utf8Length(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}
