/** Prompts that dictate their answer: "say X", "repeat after me: X", "reply with exactly X". */

const quotes = `["“”'‘’«»\`]`;
const filler =
  "(?:after me|back|exactly|only|just|nothing but|literally|verbatim|(?:this|that)(?=:)|the following|the exact|the single|the|single|words?|phrase|sentence|text|string|number|token|to me|with|out|aloud)";
const dictated = new RegExp(
  `(?:^|[.!?\\n]\\s*)(?:please |now |can you |could you |just |simply )*(?:say|repeat|echo)(?: ${filler})*\\s*[:,]?\\s+(.+)$`,
  "is",
);
const restricted = new RegExp(
  `\\b(?:reply|respond|answer|output|print|return|write|say)(?: ${filler})*? ?(?:with|only|exactly|just|nothing but|the words?|the text|the single word)(?: ${filler})*\\s*:?\\s+(.+)$`,
  "is",
);
const quoted = new RegExp(`^${quotes}([^"“”«»\`]{1,4000}?)${quotes}(?=$|[\\s.,;!?)])`);
/** Words after the verb that describe an answer instead of being one. */
const describing =
  /^(?:something|anything|nothing|hello to|hi to|in (?:one|a|the|your|french|spanish|german|json)|one|a |an |your |yes or|me |json|valid|raw|if |about|how|why|what|whether|it |that |more|less|only )/i;
const mostRepeats = 200;
const mostWords = 2000;

/** The dictated words, exactly; undefined when the prompt dictates none. */
export function dictatedWords(ask: string): string | undefined {
  const times =
    /\brepeat (?:the (?:words?|phrase|text) )?["“']?([^"”'\n]{1,80}?)["”']? (\d{1,4}) times\b/i.exec(ask);
  if (times !== null)
    return Array.from({ length: Math.min(Number(times[2]), mostRepeats) }, () => times[1]).join(" ");
  const match = restricted.exec(ask) ?? dictated.exec(ask);
  const rest = match?.[1]?.trim();
  if (rest === undefined || rest === "") return undefined;
  const inQuotes = quoted.exec(rest)?.[1];
  if (inQuotes !== undefined) return inQuotes;
  if (describing.test(rest)) return undefined;
  const words = rest.split(/\s+/);
  if (words.length > mostWords) return undefined;
  // Reply with exactly: pong. -- the full stop ends the order, it is not part of the word.
  return words.length <= 3 ? rest.replace(/\.$/, "") : rest;
}
