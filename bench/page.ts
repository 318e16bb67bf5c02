/** The parts of a page that the benchmark writes, between two comments each. */

/** @throws Error when the page has no such part */
export function filledIn(page: string, part: string, text: string): string {
  const open = `<!-- ${part} -->`;
  const close = `<!-- end of ${part} -->`;
  const from = page.indexOf(open);
  const to = page.indexOf(close);
  if (from === -1 || to < from) throw new Error(`The page has no ${open} … ${close}.`);
  return `${page.slice(0, from)}${open}\n\n${text.trim()}\n\n${page.slice(to)}`;
}
