/** Base64 checked at the speed of the machine, without a copy of it. */

/** Whole groups of four; a string of one slice is soon garbage. */
const SLICE = 64 * 1024;

/** Where the bytes of a slice go; only their number counts. */
let decoded: Buffer | undefined;

/**
 * Whether a text is base64 in the standard alphabet, padded to whole groups, and not empty.
 *
 * Decoding natively and counting takes 5 ms for 20 MB, a search by a pattern 30 to 100 ms: Node's decoder passes over
 * what is not base64, and each letter that it takes gives six bits.
 */
export function isBase64(text: string | Buffer): boolean {
  const { length } = text;
  if (length === 0 || length % 4 !== 0) return false;
  decoded ??= Buffer.allocUnsafeSlow((SLICE / 4) * 3);
  for (let from = 0; from < length; from += SLICE) {
    const slice =
      typeof text === "string" ? text.slice(from, from + SLICE) : text.toString("latin1", from, from + SLICE);
    const padding = from + SLICE < length ? 0 : paddingOf(slice);
    if (decoded.write(slice, "base64") !== (slice.length / 4) * 3 - padding) return false;
    // The decoder takes the letters of the URL-safe alphabet as well, and wide characters for their lower byte.
    if (slice.includes("-") || slice.includes("_") || Buffer.byteLength(slice) !== slice.length) return false;
  }
  return true;
}

function paddingOf(text: string): number {
  if (text.endsWith("==")) return 2;
  return text.endsWith("=") ? 1 : 0;
}
