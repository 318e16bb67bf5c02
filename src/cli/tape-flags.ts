/** Flags about tapes that two commands have. */
import { InvalidArgumentError } from "commander";

export const REDACT_FLAG = "leave out what this regular expression finds; may be repeated";

export function collectPattern(text: string, previous: readonly RegExp[] | undefined): RegExp[] {
  try {
    return [...(previous ?? []), new RegExp(text, "gu")];
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : "It is no regular expression.");
  }
}

export function oneOf<const Choice extends string>(choices: readonly Choice[]): (text: string) => Choice {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice === undefined) throw new InvalidArgumentError(`It must be ${choices.join(" or ")}.`);
    return choice;
  };
}
