/** Hexadecimal digits that are read where they stand as bytes, and never made a string. */

/** Its value; -1 for any other byte. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** What two digits stand for; -1 when these two are none, or not there. */
export function hexByte(bytes: Buffer, at: number): number {
  const high = hexDigit(bytes[at] ?? 0);
  const low = hexDigit(bytes[at + 1] ?? 0);
  return high === -1 || low === -1 ? -1 : high * 16 + low;
}
