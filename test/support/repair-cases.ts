/** Defective answers of OpenAI-shaped upstreams as they were reported, and what a client must make of them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RepairOptions } from "../../src/translate/repair/options.ts";

export interface ExpectedCall {
  name: string;
  /** Parsed; as text where the call was truncated. */
  arguments: unknown;
  signature?: string;
}

/** Written by hand: what a client has in the end, however it got there. */
export interface Expected {
  content?: string | null;
  finish_reason?: string;
  tool_calls?: ExpectedCall[];
  /** prompt, completion and total tokens; null when none are told. */
  usage?: [number, number, number] | null;
  messageSignature?: string;
  /** Nothing needs mending: the answer must come through as it is. */
  isSame?: boolean;
  error?: { status: number; code: string; message: string };
  /** What had been streamed when the error came. */
  text?: string;
}

export interface RepairCase {
  name: string;
  about: string;
  /** The upstream's own bytes. */
  upstream: Buffer;
  streamed: boolean;
  /** HTTP status of the upstream's answer. */
  status: number;
  usage: RepairOptions["usage"];
  expected: Expected;
  /** Path of a file beside the upstream's bytes. */
  file(base: string): string;
}

const root = new URL("../fixtures-repair/", import.meta.url).pathname;

export const REPAIR_CASES: readonly RepairCase[] = readdirSync(root)
  .filter((name) => existsSync(join(root, name, "expected.json")))
  .map(read);

function read(name: string): RepairCase {
  const file = (base: string): string => join(root, name, base);
  const streamed = existsSync(file("upstream.sse"));
  const options = existsSync(file("options.json")) ? json<Partial<RepairCase>>(file("options.json")) : {};
  return {
    name,
    about: readFileSync(file("about.md"), "utf8"),
    upstream: readFileSync(file(streamed ? "upstream.sse" : "upstream.json")),
    streamed,
    status: options.status ?? 200,
    usage: options.usage,
    expected: json<Expected>(file("expected.json")),
    file,
  };
}

function json<T>(path: string): T {
  return JSON.parse(readFileSync(path, "utf8")) as T;
}

/** Ids and times that do not change from run to run. */
export function repairOptions({ usage }: Pick<RepairCase, "usage">): RepairOptions {
  let minted = 0;
  return {
    id: "chatcmpl-repaired",
    created: 1_795_255_200,
    model: "asked-for",
    mintToolCallId: () => `call_minted_${(minted += 1)}`,
    ...(usage === undefined ? {} : { usage }),
  };
}
