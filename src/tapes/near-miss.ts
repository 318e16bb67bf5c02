/** Which recording a request without one comes nearest to, and where the two differ. */
import type { Recording } from "./read-tape.ts";
import type { TapeRequest } from "./tape-request.ts";

export interface Difference {
  /** As in `contents[0].parts[0].text`. */
  path: string;
  /** Excerpts, or `nothing`. */
  recorded: string;
  asked: string;
  /** 0 for hardly any difference, 1 for all. */
  weight: number;
}

export interface NearMiss {
  recording: Recording;
  differences: Difference[];
}

/** More make no recording any nearer. */
const MAX_DIFFERENCES = 200;
const EXCERPT = 40;

/** Undefined for a tape without recordings. */
export function nearestRecording(recordings: readonly Recording[], asked: TapeRequest): NearMiss | undefined {
  let best: NearMiss | undefined;
  let bestWeight = Infinity;
  for (const recording of recordings) {
    const differences = differencesOf(recording.compared.request, asked);
    const weight = differences.reduce((sum, difference) => sum + difference.weight, 0);
    if (weight >= bestWeight) continue;
    bestWeight = weight;
    best = { recording, differences };
  }
  return best;
}

export function differencesOf(recorded: TapeRequest, asked: TapeRequest): Difference[] {
  const found: Difference[] = [];
  compare("method", recorded.method, asked.method, found);
  compare("path", recorded.path, asked.path, found);
  compare("", recorded.body, asked.body, found);
  return found;
}

function compare(path: string, recorded: unknown, asked: unknown, found: Difference[]): void {
  if (found.length >= MAX_DIFFERENCES || Object.is(recorded, asked)) return;
  if (Array.isArray(recorded) && Array.isArray(asked)) {
    const length = Math.max(recorded.length, asked.length);
    for (let index = 0; index < length; index += 1) {
      compare(`${path}[${index}]`, recorded[index], asked[index], found);
    }
    return;
  }
  if (isObject(recorded) && isObject(asked)) {
    for (const key of new Set([...Object.keys(recorded), ...Object.keys(asked)])) {
      const at = path === "" ? key : `${path}.${key}`;
      compare(at, own(recorded, key), own(asked, key), found);
    }
    return;
  }
  if (typeof recorded === "string" && typeof asked === "string") {
    found.push({ path, ...differentTexts(recorded, asked) });
    return;
  }
  found.push({
    path: path === "" ? "body" : path,
    recorded: excerpt(recorded),
    asked: excerpt(asked),
    weight: 1,
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own(value: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Shown from a little before the place where they part. */
function differentTexts(recorded: string, asked: string): Omit<Difference, "path"> {
  const shorter = Math.min(recorded.length, asked.length);
  let alike = 0;
  while (alike < shorter && recorded[alike] === asked[alike]) alike += 1;
  let alikeAtEnd = 0;
  while (alikeAtEnd < shorter - alike && recorded.at(-1 - alikeAtEnd) === asked.at(-1 - alikeAtEnd))
    alikeAtEnd += 1;
  const longer = Math.max(recorded.length, asked.length);
  const from = Math.max(0, alike - EXCERPT / 2);
  return {
    recorded: part(recorded, from),
    asked: part(asked, from),
    weight: Math.max(0.01, 1 - (alike + alikeAtEnd) / longer),
  };
}

function part(text: string, from: number): string {
  const end = from + EXCERPT;
  return JSON.stringify(`${from > 0 ? "…" : ""}${text.slice(from, end)}${end < text.length ? "…" : ""}`);
}

function excerpt(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return part(value, 0);
  const text = JSON.stringify(value);
  return text.length <= EXCERPT ? text : `${text.slice(0, EXCERPT)}…`;
}

const SHOWN = 8;

/** For people, on lines of their own. */
export function nearMissReport(
  tapePath: string,
  asked: TapeRequest,
  nearest: NearMiss | undefined,
): string[] {
  const lines = [`No recording on ${tapePath} fits ${asked.method} ${asked.path}`];
  if (nearest === undefined) return [...lines, "  The tape is empty."];
  const { recording, differences } = nearest;
  lines.push(`  Nearest is recording ${recording.number} (line ${recording.line}); it differs in`);
  for (const { path, recorded, asked: seen } of differences.slice(0, SHOWN)) {
    lines.push(`    ${path}`, `      recorded  ${recorded}`, `      asked     ${seen}`);
  }
  if (differences.length > SHOWN) lines.push(`    and ${differences.length - SHOWN} more`);
  return lines;
}

/** The same for the message of an error, in one line. */
export function nearMissMessage(nearest: NearMiss | undefined): string {
  if (nearest === undefined) return "The tape is empty.";
  const { recording, differences } = nearest;
  const shown = differences
    .slice(0, 3)
    .map(({ path, recorded, asked }) => `${path} (recorded ${recorded}, asked ${asked})`);
  const more = differences.length > 3 ? ` and ${differences.length - 3} more` : "";
  return `Nearest is recording ${recording.number} (line ${recording.line} of the tape), which differs in ${shown.join(", ")}${more}.`;
}
