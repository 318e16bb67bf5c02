/** One request to a local model: read, queued, generated, answered. Every way out goes through `#end`, once. */
import { GatewayError } from "../../errors.ts";
import { encodeData } from "../../wire/sse.ts";
import { piecesOf } from "../sent-body.ts";
import type { UpstreamBody, UpstreamCall, UpstreamReceiver, UpstreamRequest } from "../upstream.ts";
import { type AnswerIdentity, StreamedAnswer, WholeAnswer } from "./completion-answer.ts";
import { errorAnswer } from "./error-answer.ts";
import type { GenerationQueue } from "./generation-queue.ts";
import type { GenerationEnd, GenerationRequest } from "./text-generation.ts";
import type { AnswerPiece } from "./tool-call-reader.ts";

/** A request that is ready to be generated. */
export interface PreparedRequest {
  generation: GenerationRequest;
  stream: boolean;
  includeUsage: boolean;
}

export interface LocalServing {
  /** The model's name, in answers and in the list of models. */
  name: string;
  queue: GenerationQueue;
  /** Throws `GatewayError` for a body that cannot be served. */
  prepare(body: unknown): PreparedRequest;
  generate(
    request: GenerationRequest,
    signal: AbortSignal,
  ): AsyncGenerator<AnswerPiece, GenerationEnd, undefined>;
  identify(): AnswerIdentity;
}

type Phase = "first_byte" | "idle" | "total";

export class LocalExchange implements UpstreamCall {
  readonly #serving: LocalServing;
  readonly #request: UpstreamRequest;
  readonly #receiver: UpstreamReceiver;
  readonly #stop = new AbortController();
  readonly #timers = new Map<Phase, NodeJS.Timeout>();
  #ended = false;
  #headSent = false;
  #resumed: { promise: Promise<void>; resolve: () => void } | undefined;

  constructor(serving: LocalServing, request: UpstreamRequest, receiver: UpstreamReceiver) {
    this.#serving = serving;
    this.#request = request;
    this.#receiver = receiver;
  }

  /** Resolves once nothing of it runs any more; never rejects. Nothing is told before it has returned. */
  async run(): Promise<void> {
    this.#arm("first_byte", this.#request.timeouts.firstByteMs);
    this.#arm("total", this.#request.timeouts.totalMs);
    await Promise.resolve();
    try {
      await this.#answer();
    } catch (error) {
      this.#fail(error);
    }
  }

  abort(): void {
    this.#end();
    this.#stop.abort();
    this.resume();
  }

  pause(): void {
    if (!this.#ended) this.#resumed ??= Promise.withResolvers<void>();
    this.#disarm("idle");
  }

  resume(): void {
    this.#resumed?.resolve();
    this.#resumed = undefined;
    if (this.#headSent && !this.#ended) this.#arm("idle", this.#request.timeouts.idleMs);
  }

  /** The model is going away: as if the connection to a server were lost. */
  close(): void {
    const receiver = this.#end();
    this.abort();
    receiver?.onError(
      new GatewayError({ kind: "unavailable" }, `The local model ${this.#serving.name} is being shut down.`),
    );
  }

  async #answer(): Promise<void> {
    if (this.#ended) return;
    const path = this.#request.path.split("?", 1)[0]!;
    if (path.endsWith("/models") && this.#request.method === "GET") {
      this.#whole(200, {
        object: "list",
        data: [{ id: this.#serving.name, object: "model", created: 0, owned_by: "local" }],
      });
      return;
    }
    if (!path.endsWith("/chat/completions")) {
      throw new GatewayError(
        { kind: "not_found" },
        `A local model serves chat completions only, and not ${path}.`,
      );
    }
    if (this.#request.method !== "POST") {
      throw new GatewayError(
        { kind: "method_not_allowed", allow: "POST" },
        "Chat completions are asked for with POST.",
      );
    }
    const prepared = this.#serving.prepare(parse(this.#request.body));
    const release = await this.#serving.queue.enter(this.#stop.signal);
    try {
      await this.#generate(prepared);
    } finally {
      release();
    }
  }

  async #generate({ generation, stream, includeUsage }: PreparedRequest): Promise<void> {
    const identity = this.#serving.identify();
    const whole = new WholeAnswer(identity);
    const streamed = new StreamedAnswer(identity, includeUsage);
    const pieces = this.#serving.generate(generation, this.#stop.signal);
    try {
      for (;;) {
        await this.#resumed?.promise;
        const { done, value } = await pieces.next();
        if (this.#ended) return;
        if (stream && !this.#headSent) {
          this.#head(200, {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache",
          });
          this.#data(streamed.start());
        }
        if (done === true) {
          if (stream) {
            this.#data(streamed.end(value, generation.prompt.length));
            this.#end()?.onEnd();
          } else {
            this.#whole(200, whole.end(value, generation.prompt.length));
          }
          return;
        }
        if (stream) this.#data(streamed.piece(value));
        else whole.add(value);
      }
    } finally {
      await pieces.return({ finishReason: "stop", completionTokens: 0, cachedTokens: 0 });
    }
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    const { status, headers, body } = errorAnswer(error);
    if (this.#headSent) {
      // The status is gone; an event that holds an error, and no [DONE] after it, is how OpenAI's clients are told.
      this.#data(encodeData(JSON.stringify(body)));
      this.#end()?.onEnd();
    } else {
      this.#whole(status, body, headers);
    }
  }

  #whole(status: number, body: object, headers: Record<string, string> = {}): void {
    const bytes = Buffer.from(JSON.stringify(body));
    this.#head(status, {
      "content-type": "application/json",
      "content-length": String(bytes.length),
      ...headers,
    });
    if (!this.#ended) this.#receiver.onData(bytes);
    this.#end()?.onEnd();
  }

  #head(status: number, headers: Record<string, string>): void {
    if (this.#ended) return;
    this.#disarm("first_byte");
    this.#headSent = true;
    this.#receiver.onHead(status, headers);
  }

  #data(text: string): void {
    if (this.#ended) return;
    this.#arm("idle", this.#request.timeouts.idleMs);
    this.#receiver.onData(Buffer.from(text));
  }

  /** The receiver, the first time; nothing is told after that. */
  #end(): UpstreamReceiver | undefined {
    if (this.#ended) return undefined;
    this.#ended = true;
    for (const phase of this.#timers.keys()) this.#disarm(phase);
    return this.#receiver;
  }

  #arm(phase: Phase, afterMs: number): void {
    this.#disarm(phase);
    if (afterMs === 0 || this.#ended || (phase === "idle" && this.#resumed !== undefined)) return;
    this.#timers.set(
      phase,
      setTimeout(() => {
        const receiver = this.#end();
        this.#stop.abort();
        this.resume();
        receiver?.onError(
          new GatewayError(
            { kind: "upstream_timeout", phase, afterMs },
            `The local model ${this.#serving.name} ${TOO_SLOW[phase]} within ${afterMs} ms.`,
          ),
        );
      }, afterMs),
    );
  }

  #disarm(phase: Phase): void {
    clearTimeout(this.#timers.get(phase));
    this.#timers.delete(phase);
  }
}

const TOO_SLOW = {
  first_byte: "gave no answer",
  idle: "wrote nothing further",
  total: "was not done with its answer",
};

function parse(body: UpstreamBody | undefined): unknown {
  const text = typeof body === "string" ? body : Buffer.concat(piecesOf(body)).toString();
  try {
    return JSON.parse(text);
  } catch {
    throw new GatewayError({ kind: "invalid_request", param: null }, "The body is not JSON.");
  }
}
