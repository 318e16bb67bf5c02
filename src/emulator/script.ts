/**
 * Scripts: rules that match a request and decide its answer, from YAML, JSON or code.
 *
 *     rules:
 *       - when: { model: gemini-3.5-flash, contains: weather, nth: 1 }
 *         then: { calls: [{ name: get_weather, args: { city: Paris } }] }
 *       - when: { contains: overloaded }
 *         then: { error: { code: 503, message: "The model is overloaded." } }
 */
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import type { GenerateContentResponse, JsonObject, Part, UsageMetadata } from "../wire/gemini.ts";
import { FaultSyntaxError, parseFaults } from "./faults.ts";
import { isRpcStatus } from "./google-error.ts";

/** Every condition given must hold; a rule without conditions matches every request. */
export interface RuleConditions {
  /** Model id; `*` stands for any run of characters. */
  model?: string;
  /** Text that the request's body holds somewhere, in the case given; of several, all. */
  contains?: string | string[];
  /** Part of the path, such as `:countTokens` or `/token`. */
  path?: string;
  /** Header names with the text each value must hold; an empty text asks only that the header is there. */
  header?: Record<string, string>;
  /** Which of the requests that meet the other conditions, counted from 1. */
  nth?: number | number[];
  stream?: boolean;
}

export interface RuleOutcome {
  /** Thought summary, sent before everything else. */
  thoughts?: string;
  text?: string;
  calls?: { name: string; args?: JsonObject }[];
  /** Native parts, after the text and before the calls. */
  parts?: Part[];
  finishReason?: string;
  finishMessage?: string;
  /** The prompt is refused: a promptFeedback with no candidates. */
  blockReason?: string;
  /** Merged over the counts of the final event. */
  usage?: UsageMetadata;
  /** The events of a stream as they stand; an answer that is not streamed sends the first alone. */
  events?: GenerateContentResponse[];
  error?: {
    /** HTTP status. */
    code: number;
    /** google.rpc name; derived from the code when absent. */
    status?: string;
    message?: string;
    details?: JsonObject[];
    retryAfterSeconds?: number;
  };
  delayMs?: number;
  /** Fault switches, as in the `x-emulator-fault` header. */
  fault?: string;
}

export interface EmulatorRule {
  /** For the reader only. */
  name?: string;
  when?: RuleConditions;
  then: RuleOutcome;
}

export interface EmulatorScript {
  rules: EmulatorRule[];
}

/** A script that cannot be read; the message names the file or the path inside it. */
export class ScriptError extends Error {
  override readonly name = "ScriptError";
}

/** @throws {ScriptError} */
export async function loadScript(path: string): Promise<EmulatorScript> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new ScriptError(`cannot read the script ${path}: ${(error as Error).message}`, { cause: error });
  }
  let parsed: unknown;
  try {
    // JSON is YAML too.
    parsed = parse(text);
  } catch (error) {
    throw new ScriptError(`${path} is neither YAML nor JSON: ${(error as Error).message}`, { cause: error });
  }
  return checkScript(parsed);
}

type Check = (value: unknown, path: string) => void;

function fail(path: string, expected: string): never {
  throw new ScriptError(`${path}: expected ${expected}`);
}

const text: Check = (value, path) => {
  if (typeof value !== "string") fail(path, "a string");
};
const boolean: Check = (value, path) => {
  if (typeof value !== "boolean") fail(path, "true or false");
};
const anyObject: Check = (value, path) => void objectAt(value, path);
const wholeNumber =
  (least: number, most: number): Check =>
  (value, path) => {
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
      fail(path, `a whole number from ${least} to ${most}`);
    }
  };
const listOf =
  (item: Check): Check =>
  (value, path) => {
    if (!Array.isArray(value)) fail(path, "a list");
    for (const [index, one] of value.entries()) item(one, `${path}[${index}]`);
  };
const oneOrMore =
  (item: Check): Check =>
  (value, path) =>
    Array.isArray(value) ? listOf(item)(value, path) : item(value, path);

function objectAt(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) fail(path, "a mapping");
  return value as Record<string, unknown>;
}

const shape =
  (fields: Readonly<Record<string, Check>>, required: readonly string[] = []): Check =>
  (value, path) => {
    const object = objectAt(value, path);
    for (const key of Object.keys(object)) {
      const check = Object.hasOwn(fields, key) ? fields[key] : undefined;
      if (check === undefined) {
        throw new ScriptError(`${path}.${key}: no such field; known: ${Object.keys(fields).join(", ")}`);
      }
      check(object[key], `${path}.${key}`);
    }
    for (const key of required) if (!Object.hasOwn(object, key)) fail(`${path}.${key}`, "a value");
  };

const conditions = shape({
  model: text,
  contains: oneOrMore(text),
  path: text,
  header: (value, path) => {
    for (const [name, wanted] of Object.entries(objectAt(value, path))) text(wanted, `${path}.${name}`);
  },
  nth: oneOrMore(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
  stream: boolean,
});

const outcome = shape({
  thoughts: text,
  text,
  calls: listOf(shape({ name: text, args: anyObject }, ["name"])),
  parts: listOf(anyObject),
  finishReason: text,
  finishMessage: text,
  blockReason: text,
  usage: anyObject,
  events: listOf(anyObject),
  error: shape(
    {
      code: wholeNumber(400, 599),
      status: (value, path) => {
        if (typeof value !== "string" || !isRpcStatus(value)) fail(path, "a google.rpc status name");
      },
      message: text,
      details: listOf(anyObject),
      retryAfterSeconds: wholeNumber(0, 86_400),
    },
    ["code"],
  ),
  delayMs: wholeNumber(0, 3_600_000),
  fault: (value, path) => {
    text(value, path);
    try {
      parseFaults(value as string);
    } catch (error) {
      if (error instanceof FaultSyntaxError)
        throw new ScriptError(`${path}: ${error.message}`, { cause: error });
      throw error;
    }
  },
});

const ruleShape = shape({ name: text, when: conditions, then: outcome }, ["then"]);

/** @throws {ScriptError} naming the path of the first thing wrong. */
export function checkRule(rule: unknown, path = "rule"): EmulatorRule {
  ruleShape(rule, path);
  return rule as EmulatorRule;
}

/** @throws {ScriptError} naming the path of the first thing wrong. */
export function checkScript(script: unknown): EmulatorScript {
  const { rules } = objectAt(script, "script");
  shape({ rules: listOf(checkRule) }, ["rules"])(script, "script");
  return { rules: rules as EmulatorRule[] };
}

/** What a rule can look at. */
export interface MatchedRequest {
  path: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body as text. */
  body: string;
  modelId?: string;
  stream: boolean;
}

/** The rules in force, in order, with how often each has matched; the first that matches decides. */
export class RuleBook {
  #rules: { rule: EmulatorRule; seen: number }[] = [];

  constructor(rules: readonly EmulatorRule[] = []) {
    for (const [index, rule] of rules.entries()) this.add(rule, `rules[${index}]`);
  }

  /** @throws {ScriptError} when the rule is not well formed. */
  add(rule: EmulatorRule, path?: string): void {
    this.#rules.push({ rule: checkRule(rule, path), seen: 0 });
  }

  clear(): void {
    this.#rules = [];
  }

  match(request: MatchedRequest): RuleOutcome | undefined {
    for (const entry of this.#rules) {
      const when = entry.rule.when ?? {};
      if (!meets(when, request)) continue;
      entry.seen += 1;
      if (when.nth === undefined || [when.nth].flat().includes(entry.seen)) return entry.rule.then;
    }
    return undefined;
  }
}

function meets(when: RuleConditions, request: MatchedRequest): boolean {
  if (when.stream !== undefined && when.stream !== request.stream) return false;
  if (when.path !== undefined && !request.path.includes(when.path)) return false;
  if (when.model !== undefined && !fits(when.model, request.modelId)) return false;
  for (const wanted of [when.contains ?? []].flat()) if (!request.body.includes(wanted)) return false;
  for (const [name, wanted] of Object.entries(when.header ?? {})) {
    const value = request.headers[name.toLowerCase()];
    if (value === undefined || ![value].flat().join(", ").includes(wanted)) return false;
  }
  return true;
}

/** `*` matches any run; done by pieces, not by a pattern built from the rule. */
function fits(glob: string, modelId: string | undefined): boolean {
  if (modelId === undefined) return false;
  const pieces = glob.split("*");
  if (pieces.length === 1) return glob === modelId;
  const first = pieces[0] ?? "";
  const last = pieces.at(-1) ?? "";
  if (!modelId.startsWith(first)) return false;
  let from = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const at = modelId.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return modelId.length - last.length >= from && modelId.endsWith(last);
}
