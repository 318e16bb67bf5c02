/** Code blocks and tables out of a Markdown document, for tests that hold documents to what they say. */

export interface CodeBlock {
  /** First word after the fence: `bash`, `python`, `ts`, `text`, ... */
  language: string;
  /** The words after it, which no renderer shows. */
  info: string;
  code: string;
  /** Line number of the opening fence, from 1. */
  line: number;
  /** The nearest line of text above. */
  lead: string;
}

export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: CodeBlock | undefined;
  let lead = "";
  for (const [index, text] of markdown.split("\n").entries()) {
    const fence = /^```(\S*) ?(.*)$/.exec(text);
    if (open !== undefined) {
      if (text === "```") {
        blocks.push(open);
        open = undefined;
      } else open.code += `${text}\n`;
    } else if (fence !== null) {
      open = { language: fence[1] ?? "", info: fence[2] ?? "", code: "", line: index + 1, lead };
    } else if (text.trim() !== "") lead = text;
  }
  if (open !== undefined) throw new Error(`the code block of line ${open.line} is not closed`);
  return blocks;
}

export interface Table {
  columns: string[];
  /** Cells as written, trimmed, with `\|` read as `|`. */
  rows: string[][];
}

/** The first table below a heading, whatever the heading's level. Throws when there is no such heading or table. */
export function tableUnder(markdown: string, heading: string): Table {
  const lines = markdown.split("\n");
  const start = lines.findIndex((line) => line.replace(/^#+ /, "") === heading && line.startsWith("#"));
  if (start === -1) throw new Error(`no heading ${JSON.stringify(heading)}`);
  const next = lines.findIndex((line, index) => index > start && /^#+ /.test(line));
  const section = lines.slice(start + 1, next === -1 ? undefined : next);
  const from = section.findIndex((line) => line.startsWith("|"));
  if (from === -1) throw new Error(`no table under ${JSON.stringify(heading)}`);
  const length = section.slice(from).findIndex((line) => !line.startsWith("|"));
  const table = section.slice(from, length === -1 ? undefined : from + length).map(cellsOf);
  return { columns: table[0] ?? [], rows: table.slice(2) };
}

function cellsOf(row: string): string[] {
  return row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/** The text between the first pair of fences, of one backtick or more; a fence of several has a space inside. */
export function code(cell: string): string {
  const [, fence = "", text = ""] = /(`+)([^]*?[^`]|)\1(?!`)/.exec(cell) ?? [];
  return fence.length > 1 ? text.slice(1, -1) : text;
}

/** A pattern for text in which `…` stands for anything. */
export function withGaps(expected: string): RegExp {
  const pieces = expected.trim().split("…");
  return new RegExp(`^${pieces.map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("[^]*?")}$`);
}
