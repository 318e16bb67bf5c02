/** The flags `--toxic` and `--toxic-seed`, which two commands have. */
import { InvalidArgumentError } from "commander";
import { TOXIC_ATTRIBUTES, ToxicError, type Toxic } from "../toxics/fault-proxy.ts";
import { checkToxic } from "../toxics/toxic.ts";
import { parseToxic } from "../toxics/toxic-text.ts";

export const TOXIC_FLAG = "fault of the connection, type:attribute=value,…; may be repeated";
export const TOXIC_SEED_FLAG = "makes jitter, slices and toxicity repeat from run to run";

/** What `--help` says of them. */
export function toxicHelp(): string {
  const lines = Object.entries(TOXIC_ATTRIBUTES).map(([type, attributes]) => {
    const names = Object.entries(attributes).map(
      ([name, { unit, default: fallback }]) => `${name} (${unit}${fallback === undefined ? "" : "; 0"})`,
    );
    return `  ${type.padEnd(12)}${names.length === 0 ? "none" : names.join(", ")}`;
  });
  return `Toxics, as toxiproxy names them, and blackhole:
${lines.join("\n")}
  Each also takes stream=upstream or stream=downstream (the default), toxicity=0…1 (its share of the connections;
  default 1) and name=….`;
}

export function collectToxic(text: string, previous: readonly Toxic[] | undefined): Toxic[] {
  try {
    const toxic = parseToxic(text);
    checkToxic(toxic);
    return [...(previous ?? []), toxic];
  } catch (error) {
    if (error instanceof ToxicError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError("It must be a whole number.");
  }
  return value;
}
