/**
 * Thoughts inside the text of an assistant message. A client that asked for `thought_tag_marker: "think"` got
 * `<think>...</think>` in `content` and sends it back; Gemini gets the thought as a thought again.
 * Source: `thought_tag_marker` on Google's Chat Completions page.
 */
export interface TaggedText {
  text: string;
  thought: boolean;
}

/** Pieces in order, none empty. A tag that is never closed encloses nothing and stays in the text. */
export function splitThoughts(text: string, marker: string): TaggedText[] {
  const open = `<${marker}>`;
  const close = `</${marker}>`;
  const pieces: TaggedText[] = [];
  let done = 0;
  for (;;) {
    const start = text.indexOf(open, done);
    const end = start === -1 ? -1 : text.indexOf(close, start + open.length);
    if (end === -1) break;
    pieces.push({ text: text.slice(done, start), thought: false });
    pieces.push({ text: text.slice(start + open.length, end), thought: true });
    done = end + close.length;
  }
  pieces.push({ text: text.slice(done), thought: false });
  return pieces.filter((piece) => piece.text !== "");
}
