/** Tiny models loaded for real, and questions put to them over the waist that the gateway uses. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadLlamaLibrary } from "../../src/upstreams/local/llama-library.ts";
import {
  createLocalModel,
  type LocalModel,
  type LocalModelOptions,
} from "../../src/upstreams/local/local-model.ts";
import type { UpstreamCall, UpstreamClient } from "../../src/upstreams/upstream.ts";
import type { ChatCompletion, ChatCompletionChunk, ErrorBody } from "../../src/wire/openai.ts";
import { type TinyModel, writeTinyGguf } from "../support/tiny-gguf.ts";

export const loadLibrary = () => loadLlamaLibrary(import.meta.url);

/** Loads models from a folder that is gone at the end, with one thread each. */
export class Models {
  readonly folder = mkdtempSync(join(tmpdir(), "pollux-local-"));
  readonly #loaded: LocalModel[] = [];

  async load(model: TinyModel, options: Partial<LocalModelOptions> = {}): Promise<LocalModel> {
    const file = join(this.folder, `model-${this.#loaded.length}.gguf`);
    writeTinyGguf(file, model);
    const loaded = await createLocalModel({ file, name: "tiny", threads: 1, loadLibrary, ...options });
    this.#loaded.push(loaded);
    return loaded;
  }

  async close(): Promise<void> {
    await Promise.all(this.#loaded.map((model) => model.close()));
    rmSync(this.folder, { recursive: true });
  }
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

export interface Asking {
  call: UpstreamCall;
  answer: Promise<Answer>;
  /** Resolves with what has come so far, at the first piece for which `enough` holds. */
  until(enough: (text: string) => boolean): Promise<string>;
}

/** Sends a body; fields `model` and `messages` may be left out. */
export function ask(
  client: UpstreamClient,
  body: Record<string, unknown> | string,
  timeouts: object = {},
): Asking {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const watchers = new Set<() => void>();
  const answer: Answer = { status: 0, headers: {}, text: "" };
  const call = client.send(
    {
      origin: "http://local",
      path: "/v1/chat/completions",
      method: "POST",
      headers: { "content-type": "application/json" },
      body:
        typeof body === "string"
          ? body
          : JSON.stringify({ model: "tiny", messages: [{ role: "user", content: "Hi" }], ...body }),
      timeouts: { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0, ...timeouts },
    },
    {
      onHead: (status, headers) => Object.assign(answer, { status, headers }),
      onData: (chunk) => {
        answer.text += chunk.toString();
        for (const watch of watchers) watch();
      },
      onEnd: () => resolve(answer),
      onError: reject,
    },
  );
  return {
    call,
    answer: promise,
    until: (enough) =>
      new Promise((found) => {
        const watch = (): void => {
          if (!enough(answer.text)) return;
          watchers.delete(watch);
          found(answer.text);
        };
        watchers.add(watch);
        watch();
      }),
  };
}

/** The completion that answers a body; fails on any other status. */
export async function complete(
  model: LocalModel,
  body: Record<string, unknown> = {},
): Promise<ChatCompletion> {
  const { status, text } = await ask(model.client, body).answer;
  if (status !== 200) throw new Error(`status ${status}: ${text}`);
  return JSON.parse(text) as ChatCompletion;
}

export async function refusal(
  model: LocalModel,
  body: Record<string, unknown> | string,
): Promise<{ status: number } & ErrorBody["error"]> {
  const { status, text } = await ask(model.client, body).answer;
  return { status, ...(JSON.parse(text) as ErrorBody).error };
}

/** The chunks of a streamed answer; the last event must be `[DONE]`. */
export async function chunks(
  model: LocalModel,
  body: Record<string, unknown> = {},
): Promise<ChatCompletionChunk[]> {
  const { status, text } = await ask(model.client, { stream: true, ...body }).answer;
  if (status !== 200) throw new Error(`status ${status}: ${text}`);
  const events = text.split("\n\n").filter((event) => event !== "");
  if (events.pop() !== "data: [DONE]") throw new Error(`no [DONE] at the end of ${text}`);
  return events.map((event) => JSON.parse(event.slice("data: ".length)) as ChatCompletionChunk);
}
