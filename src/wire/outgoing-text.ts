/** Text on its way out, put together as bytes: one string for many small pieces, and none for each. */

const CAPACITY = 64 * 1024;

export class OutgoingText {
  readonly bytes: Buffer = Buffer.alloc(CAPACITY);
  readonly view: DataView = new DataView(this.bytes.buffer, this.bytes.byteOffset, CAPACITY);
  /** How much of `bytes` is taken. */
  length = 0;
  /** No byte is above 127. */
  isAscii = true;

  /** All of it, as text; nothing is left. */
  take(): string {
    const { length, isAscii } = this;
    if (length === 0) return "";
    this.length = 0;
    this.isAscii = true;
    return this.bytes.toString(isAscii ? "latin1" : "utf8", 0, length);
  }
}
