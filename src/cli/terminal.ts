/** What the commands print. Some of it was written by models, upstreams and callers, and a terminal obeys what it is shown. */

/**
 * Control characters but the line break, and those that change the direction of text or break lines elsewhere. A tab
 * stays, as it moves nothing that is there already.
 */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const COMMANDS = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Escaped as JSON escapes them, so that JSON stays the JSON it is. */
export function inert(text: string): string {
  return text.replace(COMMANDS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** To standard output, with a line break. */
export function print(text: string): void {
  process.stdout.write(`${inert(text)}\n`);
}

/** To standard error, with a line break. */
export function printError(text: string): void {
  process.stderr.write(`${inert(text)}\n`);
}
