/** Words of others, made fit for a log that must hold nothing of what users write. */

const MAX_CHARACTERS = 500;
/** Looking for every word of a message in a larger body would take noticeable time. */
const MAX_SEARCHED_BYTES = 256 * 1024;
const LEFT_OUT = "[...]";

const MAX_NAME_CHARACTERS = 200;

/** A name that a caller chose, for one line: control characters would be commands to a terminal. */
export function printable(name: string): string {
  const short = name.length > MAX_NAME_CHARACTERS ? name.slice(0, MAX_NAME_CHARACTERS) : name;
  return /^[\x20-\x7e]*$/.test(short) ? short : short.replace(/[^\x20-\x7e]/g, "?");
}

/**
 * What an upstream said of an error, without what it repeats of the request: each word of eight letters or more, and
 * any two words in a row, that stand in the request as well. Undefined where the request is too large to compare.
 * @param secrets not to be repeated wherever they come from
 */
export function withoutEcho(
  text: string,
  request: Buffer,
  secrets: readonly (string | undefined)[] = [],
): string | undefined {
  if (request.length > MAX_SEARCHED_BYTES) return undefined;
  let known = text;
  for (const secret of secrets) {
    if (secret !== undefined && secret !== "") known = known.replaceAll(secret, LEFT_OUT);
  }
  const words = known.slice(0, MAX_CHARACTERS).split(/([^\x21-\x7e]+|[\s"'`()[\]{},;]+)/);
  // Words are at even places, what separates them at odd ones.
  const echoed = words.map((word, at) => at % 2 === 0 && word.length >= 8 && request.includes(word));
  for (let at = 0; at + 2 < words.length; at += 2) {
    const [word = "", between = "", next = ""] = words.slice(at, at + 3);
    if (word === "" || next === "" || !request.includes(word + between + next)) continue;
    echoed[at] = true;
    echoed[at + 2] = true;
  }
  return words
    .map((word, at) =>
      at % 2 === 1 ? word.replace(/[^\x20-\x7e]+/g, " ") : echoed[at] === true ? LEFT_OUT : word,
    )
    .join("");
}

/** What an error of the gateway's own making says, without the excerpts of data that the engine puts into messages. */
export interface BugDescription {
  type: string;
  message: string;
  /** Frames only: a stack begins with the message. */
  stack: string[];
  cause?: BugDescription;
}

const MAX_FRAMES = 30;
const MAX_CAUSES = 4;

export function describeBug(error: unknown, causes = MAX_CAUSES): BugDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: "", stack: [] };
  const { cause } = error;
  return {
    type: /^\w{1,60}$/.test(error.name) ? error.name : "Error",
    message: withoutExcerpts(error.message, error instanceof SyntaxError),
    stack: framesOf(error.stack),
    ...(cause === undefined || causes === 0 ? {} : { cause: describeBug(cause, causes - 1) }),
  };
}

/** Names in quotes are the program's own; anything else in quotes may be a user's, and all that a parser complains of. */
function withoutExcerpts(message: string, quotesData: boolean): string {
  return message
    .slice(0, MAX_CHARACTERS)
    .replace(/(["'`])(.*?)\1/gs, (quoted, _quote, inner: string) =>
      !quotesData && /^[A-Za-z_$][\w$.]{0,60}$/.test(inner) ? quoted : LEFT_OUT,
    )
    .replace(/"[^"]*$/s, LEFT_OUT)
    .replace(/[^\x20-\x7e]+/g, " ");
}

function framesOf(stack: string | undefined): string[] {
  return (stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => line.trim().replace(/[^\x20-\x7e]+/g, " "));
}
