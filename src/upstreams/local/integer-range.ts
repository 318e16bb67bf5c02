/** Whole numbers between two bounds as a GBNF expression: `[12, 345]` is every decimal numeral from 12 to 345. */

/** Numerals longer than this no longer fit a double exactly. */
const MOST_DIGITS = 16;

/** Undefined bounds are open. Undefined when no integer lies between them. Bounds must be safe integers. */
export function integerRange(minimum: number | undefined, maximum: number | undefined): string | undefined {
  if (minimum !== undefined && maximum !== undefined && minimum > maximum) return undefined;
  const forms: string[] = [];
  if (minimum === undefined || minimum < 0) {
    const from = maximum === undefined || maximum >= 0 ? 1 : -maximum;
    forms.push(`"-" (${naturals(from, minimum === undefined ? undefined : -minimum)})`);
  }
  if (maximum === undefined || maximum >= 0) {
    forms.push(naturals(minimum === undefined || minimum < 0 ? 0 : minimum, maximum));
  }
  return forms.join(" | ");
}

function naturals(from: number, to: number | undefined): string {
  const forms: string[] = [];
  const low = String(from);
  const longest = to === undefined ? low.length : String(to).length;
  for (let digits = low.length; digits <= longest; digits++) {
    const first = digits === low.length ? low : `1${"0".repeat(digits - 1)}`;
    const last = to !== undefined && digits === longest ? String(to) : "9".repeat(digits);
    forms.push(sameLength(first, last));
  }
  if (to === undefined && longest < MOST_DIGITS) {
    forms.push(`[1-9] [0-9]{${longest},${MOST_DIGITS - 1}}`);
  }
  return forms.join(" | ");
}

/** Every numeral from `first` to `last`, which have the same number of digits. */
function sameLength(first: string, last: string): string {
  if (first === last) return `"${first}"`;
  const rest = first.length - 1;
  const low = Number(first[0]);
  const high = Number(last[0]);
  if (rest === 0) return `[${low}-${high}]`;
  const zeros = "0".repeat(rest);
  const nines = "9".repeat(rest);
  if (low === high) return `"${low}" (${sameLength(first.slice(1), last.slice(1))})`;
  const forms: string[] = [];
  const fullLow = first.slice(1) === zeros ? low : low + 1;
  const fullHigh = last.slice(1) === nines ? high : high - 1;
  if (fullLow > low) forms.push(`"${low}" (${sameLength(first.slice(1), nines)})`);
  if (fullLow <= fullHigh) forms.push(`[${fullLow}-${fullHigh}] [0-9]{${rest}}`);
  if (fullHigh < high) forms.push(`"${high}" (${sameLength(zeros, last.slice(1))})`);
  return forms.join(" | ");
}
