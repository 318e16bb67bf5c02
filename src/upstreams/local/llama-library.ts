/**
 * The parts of node-llama-cpp that are used here. It is an optional peer, so nothing may import it by name: these
 * shapes are checked against its own declarations where it is installed, in test/local.
 * https://node-llama-cpp.withcat.ai/api/functions/getLlama
 */
import { findPackageJSON } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { LocalModelError } from "./local-model-error.ts";

export interface LlamaLibrary {
  getLlama(options: {
    build: "never";
    gpu: "auto";
    progressLogs: false;
    maxThreads: number;
    logger: (level: string, message: string) => void;
  }): Promise<Llama>;
  LlamaGrammarEvaluationState: new (options: { model: never; grammar: never }) => GrammarState;
  TokenBias: { for(model: never): TokenBias };
  /** The template engine that node-llama-cpp itself depends on. */
  Template: new (source: string) => JinjaTemplate;
}

export interface JinjaTemplate {
  render(context: Record<string, unknown>): string;
}

export interface Llama {
  readonly cpuMathCores: number;
  loadModel(options: { modelPath: string }): Promise<LlamaModel>;
  createGrammar(options: { grammar: string }): Promise<object>;
  dispose(): Promise<void>;
}

/** Its evaluation is held in native memory and freed with the object. */
export type GrammarState = object;

export interface TokenBias {
  set(token: never, bias: { logit: number }): unknown;
}

export interface LlamaModel {
  readonly trainContextSize: number;
  readonly memoryUsage: { ram: number; vram: number };
  readonly fileInfo: { readonly metadata: object };
  readonly tokens: {
    readonly bos: number | null;
    readonly bosString: string | null;
    readonly eosString: string | null;
    readonly shouldPrependBosToken: boolean;
  };
  tokenize(text: string, specialTokens: boolean, options?: "trimLeadingSpace"): number[];
  /** Bytes that are no whole character come as U+FFFD. */
  detokenize(tokens: readonly number[], specialTokens: boolean, lastTokens?: readonly number[]): string;
  iterateAllTokens(): Iterable<number>;
  getTokenAttributes(token: number): { readonly control: boolean };
  createContext(options: { contextSize: number; sequences: 1; threads: number }): Promise<LlamaContext>;
  dispose(): Promise<void>;
}

export interface LlamaContext {
  /** At least what was asked for: llama.cpp rounds up to a multiple of 256. */
  readonly contextSize: number;
  readonly batchSize: number;
  readonly memoryUsage: { ram: number; vram: number };
  getSequence(): LlamaSequence;
}

export interface LlamaSequence {
  /** How many tokens are in the context now. */
  readonly nextTokenIndex: number;
  clearHistory(): Promise<void>;
  /** Forgets what follows the prefix that the context shares with `tokens`. */
  adaptStateToTokens(tokens: number[], allowShift: boolean): Promise<void>;
  evaluateWithoutGeneratingNewTokens(tokens: number[]): Promise<void>;
  /** Ends by itself before a token that ends the answer. */
  evaluate(tokens: number[], options: SamplingOptions): AsyncIterator<number, void, undefined>;
}

export interface SamplingOptions {
  temperature: number;
  /** 0 keeps all. */
  topK: number;
  topP: number;
  minP: number;
  seed: number;
  repeatPenalty?: {
    punishTokens: () => never[];
    maxPunishTokens: number;
    penalty: number;
    frequencyPenalty: number;
    presencePenalty: number;
  };
  tokenBias?: never;
  grammarEvaluationState: () => never;
}

const PACKAGE = "node-llama-cpp";
const TEMPLATE_PACKAGE = "@huggingface/jinja";

/** How to get the library; its install script would only look for a compiler, which the binaries make needless. */
export const INSTALL_COMMAND = `npm install --ignore-scripts ${PACKAGE}@3`;

/**
 * Loads node-llama-cpp as the module at `from` sees it.
 * Throws `LocalModelError` where it is not installed or does not load on this machine.
 */
export async function loadLlamaLibrary(from: string = import.meta.url): Promise<LlamaLibrary> {
  const manifest = locate(PACKAGE, from);
  if (manifest === undefined) {
    throw new LocalModelError(
      `Serving a GGUF file needs the package ${PACKAGE}, which is not installed. Install it beside pollux: ${INSTALL_COMMAND} (with --global where pollux is installed globally).`,
    );
  }
  const templates = locate(TEMPLATE_PACKAGE, pathToFileURL(manifest).href);
  if (templates === undefined) {
    throw new LocalModelError(
      `The installation of ${PACKAGE} is not complete: its dependency ${TEMPLATE_PACKAGE} is missing. Install it again: ${INSTALL_COMMAND}.`,
    );
  }
  try {
    const [llama, jinja] = await Promise.all([importPackage(manifest), importPackage(templates)]);
    return { ...llama, ...jinja } as unknown as LlamaLibrary;
  } catch (error) {
    throw new LocalModelError(
      `${PACKAGE} is installed and does not load: ${error instanceof Error ? error.message : String(error)}. Install it again: ${INSTALL_COMMAND}.`,
      { cause: error },
    );
  }
}

function locate(name: string, from: string): string | undefined {
  try {
    return findPackageJSON(name, from);
  } catch (error) {
    // ERR_MODULE_NOT_FOUND by https://nodejs.org/api/module.html#modulefindpackagejsonspecifier-base
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** By the file its manifest names: import by name would look beside this module, not beside `from`. */
async function importPackage(manifest: string): Promise<Record<string, unknown>> {
  const { exports, main } = JSON.parse(readFileSync(manifest, "utf8")) as {
    exports?: { "."?: { import?: unknown } };
    main?: unknown;
  };
  const entry = exports?.["."]?.import ?? main;
  if (typeof entry !== "string") throw new Error(`${manifest} names no entry to import`);
  return (await import(pathToFileURL(join(dirname(manifest), entry)).href)) as Record<string, unknown>;
}
