/** Numbers from 0 up to 1 that are the same for the same seed and text: mulberry32, begun at an FNV-1a hash. */
export function seededRandom(seed: number, text: string): () => number {
  let state = 0x811c9dc5 ^ seed;
  for (let at = 0; at < text.length; at += 1) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
