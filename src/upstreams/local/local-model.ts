/** A GGUF file served in process, as a server of OpenAI's API would serve it over the network. */
import { randomUUID } from "node:crypto";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { GatewayError, invalidRequest } from "../../errors.ts";
import type { UpstreamClient } from "../upstream.ts";
import { planAnswer } from "./answer-plan.ts";
import { ChatTemplate } from "./chat-template.ts";
import { readCompletionRequest } from "./completion-request.ts";
import { checkGguf } from "./gguf-extent.ts";
import { GenerationQueue } from "./generation-queue.ts";
import {
  INSTALL_COMMAND,
  type Llama,
  type LlamaContext,
  type LlamaLibrary,
  type LlamaModel,
  loadLlamaLibrary,
} from "./llama-library.ts";
import { LocalExchange, type LocalServing, type PreparedRequest } from "./local-exchange.ts";
import { LocalModelError } from "./local-model-error.ts";
import { PromptTokens } from "./prompt-tokens.ts";
import { TextGeneration } from "./text-generation.ts";

export interface LocalModelOptions {
  /** Path of a GGUF file; of a split one, the first part. */
  file: string;
  /** What the model is called; by default the file's name without `.gguf`. */
  name?: string;
  /** Room for prompt and answer together, in tokens; by default 8192, or less where the model was trained for less. */
  contextTokens?: number;
  /** How many requests may wait while one is answered; 16 by default. Beyond it they get a 429. */
  queue?: number;
  /** Threads that compute; by default one for each processor core but one. */
  threads?: number;
  /** Where node-llama-cpp comes from; by default the one installed beside this package. */
  loadLibrary?: () => Promise<LlamaLibrary>;
}

export interface LocalModelFacts {
  file: string;
  sizeBytes: number;
  contextTokens: number;
  /** What model and context take together, as llama.cpp reckons it. */
  memoryBytes: number;
  threads: number;
  /** Whose chat template is used: the file's, or ChatML because the file has none. */
  template: "file" | "chatml";
}

export interface LocalModel {
  readonly name: string;
  /** For people: what is served, and its limits. */
  readonly description: string;
  /** Takes `POST .../chat/completions` at any origin; any header, so no key is asked for. */
  readonly client: UpstreamClient;
  readonly facts: LocalModelFacts;
  /** Ends what is being answered, and frees the memory. */
  close(): Promise<void>;
}

const DEFAULT_CONTEXT_TOKENS = 8192;
const DEFAULT_QUEUE = 16;
/** llama.cpp takes no smaller context. */
const LEAST_CONTEXT_TOKENS = 16;
const LOG_LINES = 4;

/**
 * Loads a model and tries its chat template. Throws `LocalModelError` for options out of range, a file that is missing
 * or no GGUF, too little memory, and where node-llama-cpp is not installed.
 */
export async function createLocalModel(options: LocalModelOptions): Promise<LocalModel> {
  const { file } = options;
  const capacity = wholeNumber("queue", options.queue ?? DEFAULT_QUEUE, 0);
  if (options.threads !== undefined) wholeNumber("threads", options.threads, 1);
  if (options.contextTokens !== undefined)
    wholeNumber("contextTokens", options.contextTokens, LEAST_CONTEXT_TOKENS);
  const sizeBytes = checkFile(file);
  const library = await (options.loadLibrary ?? loadLlamaLibrary)();
  const log: string[] = [];
  const llama = await start(library, options.threads ?? 0, log);
  try {
    // A thread too many is worse than one too few: they wait for one another in a loop, and the gateway needs a core.
    const threads = options.threads ?? Math.max(1, Math.min(llama.cpuMathCores, availableParallelism()) - 1);
    const model = await load(llama, file, log);
    const contextTokens = chooseContext(options.contextTokens, model.trainContextSize);
    const context = await createContext(model, contextTokens, threads, log);
    const template = new ChatTemplate(library, {
      source: templateOf(model),
      bosToken: model.tokens.bosString ?? "",
      eosToken: model.tokens.eosString ?? "",
    });
    const memoryBytes = [model.memoryUsage, context.memoryUsage].reduce(
      (sum, { ram, vram }) => sum + ram + vram,
      0,
    );
    const facts: LocalModelFacts = {
      file,
      sizeBytes,
      contextTokens,
      memoryBytes,
      threads,
      template: template.origin,
    };
    const name = options.name ?? basename(file).replace(/\.gguf$/i, "");
    return serve({ name, facts, capacity, library, llama, model, context, template });
  } catch (error) {
    await llama.dispose();
    throw error;
  }
}

interface Loaded {
  name: string;
  facts: LocalModelFacts;
  capacity: number;
  library: LlamaLibrary;
  llama: Llama;
  model: LlamaModel;
  context: LlamaContext;
  template: ChatTemplate;
}

function serve({ name, facts, capacity, library, llama, model, context, template }: Loaded): LocalModel {
  const { contextTokens } = facts;
  const prompts = new PromptTokens(model);
  const generation = new TextGeneration(library, llama, model, context, Math.random);
  let closed: Promise<void> | undefined;

  const prepare = (body: unknown): PreparedRequest => {
    if (closed !== undefined)
      throw new GatewayError({ kind: "unavailable" }, `The local model ${name} is being shut down.`);
    const request = readCompletionRequest(body);
    const plan = planAnswer(request, template.toolCalls);
    const prompt = prompts.encode(
      request.messages,
      (messages) => template.render(messages, request.tools?.tools, request.templateArguments) + plan.lead,
    );
    if (prompt.length >= contextTokens) {
      throw invalidRequest(
        "messages",
        `This model's maximum context length is ${contextTokens} tokens. However, your messages resulted in ${prompt.length} tokens, which leaves no room for an answer. Please reduce the length of the messages.`,
        "context_length_exceeded",
      );
    }
    const { stream, includeUsage, sampling, stop } = request;
    const maxTokens = Math.min(request.maxTokens ?? Infinity, contextTokens - prompt.length);
    return { generation: { prompt, plan, sampling, stop, maxTokens }, stream, includeUsage };
  };
  const serving: LocalServing = {
    name,
    queue: new GenerationQueue(capacity, () => performance.now()),
    prepare,
    generate: (request, signal) => generation.generate(request, signal),
    identify: () => ({
      id: `chatcmpl-${randomUUID()}`,
      created: Math.floor(Date.now() / 1000),
      model: name,
      mintToolCallId: () => `call_${randomUUID().replaceAll("-", "").slice(0, 24)}`,
    }),
  };

  const running = new Map<LocalExchange, Promise<void>>();
  const close = (): Promise<void> =>
    (closed ??= (async () => {
      for (const exchange of running.keys()) exchange.close();
      await Promise.all(running.values());
      await llama.dispose();
    })());
  const client: UpstreamClient = {
    send(request, receiver) {
      const exchange = new LocalExchange(serving, request, receiver);
      running.set(
        exchange,
        exchange.run().finally(() => running.delete(exchange)),
      );
      return exchange;
    },
    close,
  };
  return { name, description: describe(name, facts, model.trainContextSize), client, facts, close };
}

function checkFile(file: string): number {
  try {
    return checkGguf(file);
  } catch (error) {
    if (error instanceof LocalModelError) throw error;
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const why =
      code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : reason(error);
    throw new LocalModelError(`The model file ${file} cannot be read: ${why}.`, { cause: error });
  }
}

async function start(library: LlamaLibrary, maxThreads: number, log: string[]): Promise<Llama> {
  const logger = (level: string, message: string): void => {
    if (level === "error" || level === "fatal") log.push(message.trim());
  };
  try {
    return await library.getLlama({ build: "never", gpu: "auto", progressLogs: false, maxThreads, logger });
  } catch (error) {
    throw new LocalModelError(
      `node-llama-cpp has no binary that runs on this machine (${process.platform}-${process.arch}): ${reason(error)}. Its binaries are optional packages; install them with: ${INSTALL_COMMAND}.`,
      { cause: error },
    );
  }
}

async function load(llama: Llama, file: string, log: readonly string[]): Promise<LlamaModel> {
  try {
    return await llama.loadModel({ modelPath: file });
  } catch (error) {
    throw new LocalModelError(
      `The model file ${file} cannot be loaded: ${[reason(error), ...log.slice(-LOG_LINES)].join("; ")}.`,
      {
        cause: error,
      },
    );
  }
}

async function createContext(
  model: LlamaModel,
  contextSize: number,
  threads: number,
  log: readonly string[],
): Promise<LlamaContext> {
  try {
    return await model.createContext({ contextSize, sequences: 1, threads });
  } catch (error) {
    throw new LocalModelError(
      `A context of ${contextSize} tokens cannot be made: ${[reason(error), ...log.slice(-LOG_LINES)].join("; ")}. A smaller context needs less memory.`,
      { cause: error },
    );
  }
}

function chooseContext(wanted: number | undefined, trained: number): number {
  if (wanted === undefined) return Math.min(DEFAULT_CONTEXT_TOKENS, trained);
  if (wanted > trained)
    throw new LocalModelError(
      `The context cannot have ${wanted} tokens: the model was trained for ${trained}.`,
    );
  return wanted;
}

function templateOf(model: LlamaModel): string | undefined {
  const { tokenizer } = model.fileInfo.metadata as { tokenizer?: { chat_template?: unknown } };
  const template = tokenizer?.chat_template;
  return typeof template === "string" && template.trim() !== "" ? template : undefined;
}

function describe(name: string, facts: LocalModelFacts, trained: number): string {
  const { file, sizeBytes, contextTokens, memoryBytes, threads, template } = facts;
  return (
    `local model ${name} (${basename(file)}, ${megabytes(sizeBytes)}; about ${megabytes(memoryBytes)} of memory; ` +
    `context of ${contextTokens} tokens of the ${trained} it was trained for; ${threads} ${threads === 1 ? "thread" : "threads"}; ` +
    `chat template ${template === "file" ? "of the file" : "ChatML, as the file has none"})`
  );
}

function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  return value < 1_000 ? `${value.toPrecision(value < 10 ? 2 : 3)} MB` : `${(value / 1_000).toFixed(1)} GB`;
}

function wholeNumber(option: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw new LocalModelError(`\`${option}\` is a whole number, ${least} or more; got ${value}.`);
  return value;
}

function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}
