/** The ways in which servers write JSON, so that a tape can hold values that people can read and still give the bytes back. */

/** `spaced` is how Vertex AI streams, `pretty` how Google answers whole, `wide` how Python writes. */
export const SPELLINGS = ["compact", "spaced", "wide", "pretty"] as const;

export type Spelling = (typeof SPELLINGS)[number];

export function spell(value: unknown, spelling: Spelling): string {
  switch (spelling) {
    case "compact":
      return JSON.stringify(value);
    case "pretty":
      return JSON.stringify(value, null, 2);
    case "spaced":
      return joined(value, ",", ": ");
    case "wide":
      return joined(value, ", ", ": ");
    default:
      return spelling satisfies never;
  }
}

function joined(value: unknown, comma: string, colon: string): string {
  if (Array.isArray(value)) return `[${value.map((item) => joined(item, comma, colon)).join(comma)}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, member]) => `${JSON.stringify(key)}${colon}${joined(member, comma, colon)}`,
  );
  return `{${members.join(comma)}}`;
}

/** How this text is written; undefined where it is not JSON, or in no way that gives these very bytes back. */
export function spellingOf(text: string): { value: unknown; spelling: Spelling } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const spelling = SPELLINGS.find((candidate) => spell(value, candidate) === text);
    return spelling === undefined ? undefined : { value, spelling };
  } catch {
    // Not JSON, or nested so deeply that it cannot be written again.
    return undefined;
  }
}
