/** A file can have thousands of faults, and each looks at the candidates anew. */
const MAX_CANDIDATES = 100;

/**
 * The candidate that was most likely meant, or undefined when none is near. Case and separators do not count
 * (`base_url` is `baseUrl`); otherwise up to a third of the letters may be wrong, missing, extra or swapped.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  // Longer words are no typing slips, and the table below is quadratic.
  if (word.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = Infinity;
  let left = MAX_CANDIDATES;
  for (const candidate of candidates) {
    if (left === 0) break;
    left -= 1;
    const distance = editDistance(plain(word), plain(candidate));
    const most = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
    if (distance <= most && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean "location"?`, or nothing. */
export function suggestion(word: string, candidates: Iterable<string>): string {
  const near = nearest(word, candidates);
  return near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[-_ ]/g, "");
}

/** Optimal string alignment: insertions, deletions, replacements and swaps of neighbours, each 1. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, beforeLast[column - 2]! + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}
