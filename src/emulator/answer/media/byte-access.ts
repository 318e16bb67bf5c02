/** Numbers and names out of bytes that may end anywhere: what lies outside reads as zero or empty. */

export function uint8(bytes: Buffer, at: number): number {
  return bytes[at] ?? 0;
}

export function uint16Big(bytes: Buffer, at: number): number {
  return (uint8(bytes, at) << 8) | uint8(bytes, at + 1);
}

export function uint16Little(bytes: Buffer, at: number): number {
  return uint8(bytes, at) | (uint8(bytes, at + 1) << 8);
}

export function uint24Little(bytes: Buffer, at: number): number {
  return uint16Little(bytes, at) | (uint8(bytes, at + 2) << 16);
}

export function uint32Big(bytes: Buffer, at: number): number {
  return uint16Big(bytes, at) * 65536 + uint16Big(bytes, at + 2);
}

export function uint32Little(bytes: Buffer, at: number): number {
  return uint16Little(bytes, at) + uint16Little(bytes, at + 2) * 65536;
}

/** Inexact above 2^53, which no length in a real file reaches. */
export function uint64Big(bytes: Buffer, at: number): number {
  return uint32Big(bytes, at) * 4294967296 + uint32Big(bytes, at + 4);
}

export function uint64Little(bytes: Buffer, at: number): number {
  return uint32Little(bytes, at) + uint32Little(bytes, at + 4) * 4294967296;
}

/** One byte, one character. */
export function ascii(bytes: Buffer, at: number, length: number): string {
  return bytes.toString("latin1", Math.min(at, bytes.length), Math.min(at + length, bytes.length));
}
