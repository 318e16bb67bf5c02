/** What is told of one request: numbers and words, never a prompt, key or token. It holds nothing of the request itself. */
import { GatewayError } from "../errors.ts";
import type { Observer } from "./observer.ts";
import { outcomeOfError, type RequestOutcome, type RequestPhase } from "./request-outcome.ts";
import { printable, withoutEcho } from "./safe-text.ts";

/** Tokens as the answer's `usage` counts them. */
export interface TokenCounts {
  prompt: number;
  /** With reasoning. */
  completion: number;
  reasoning: number;
  /** Of the prompt. */
  cached: number;
}

/** Filled in on the request's way; told to the observer once, when it is over. */
export class RequestRecord {
  readonly requestId: string;
  /** `performance.now()` when it arrived. */
  readonly startedAt: number;
  /** The id of its route, or `none`. */
  route = "none";
  /** The model as asked for, printable and bounded; `""` where there is none. */
  model = "";
  /** The alias of the configuration that was asked for, else `other`. */
  alias = "other";
  /** Name of the upstream that was asked last; `""` for none. */
  upstream = "";
  /** Id of the target that was asked last. */
  target = "";
  /** The client asked for a stream. */
  stream = false;
  /** How often the client's SDK has sent this before. */
  clientRetry = 0;
  /** Upstream attempts. */
  attempts = 0;
  /** First 8 hexadecimal digits of the SHA-256 of the access key. */
  keyId: string | undefined;
  /** The caller's `traceparent`, not yet read. */
  traceparent: string | undefined;
  phase: RequestPhase = "sending";
  /** HTTP status of the answer; 0 when none was sent. */
  status = 0;
  /** `performance.now()` when the first piece of the answer itself went out; 0 before that. */
  firstTokenAt = 0;
  /** `performance.now()` when it was over; 0 before that. */
  endedAt = 0;
  /** Bytes of the answer, its head included, that were handed to the connection. */
  bytes = 0;
  tokens: TokenCounts | undefined;
  /** Why it went wrong, for the log. */
  error: GatewayError | undefined;
  /** What the upstream said of it, without what it repeats of the request; for the log. */
  upstreamSaid: string | undefined;
  #outcome: RequestOutcome | undefined;
  #began = false;
  #streamed = false;
  readonly #observer: Observer;

  constructor(requestId: string, startedAt: number, observer: Observer) {
    this.requestId = requestId;
    this.startedAt = startedAt;
    this.#observer = observer;
  }

  /** Undefined until it is known. */
  get outcome(): RequestOutcome | undefined {
    return this.#outcome;
  }

  /** It is a chat request: counted as one in flight. */
  get began(): boolean {
    return this.#began;
  }

  /** Its answer was a stream that had begun. */
  get streamed(): boolean {
    return this.#streamed;
  }

  get ended(): boolean {
    return this.endedAt !== 0;
  }

  begin(route: string): void {
    this.route = route;
    this.#began = true;
    this.#observer.requestBegan(this);
  }

  /** What was asked for. `aliases` are the names of the configuration. */
  asked(body: Readonly<Record<string, unknown>>, aliases: object): void {
    const { model } = body;
    this.stream = body["stream"] === true;
    if (typeof model !== "string") return;
    this.model = printable(model);
    if (Object.hasOwn(aliases, model)) this.alias = model;
  }

  /** The head of the answer is on its way. */
  headSent(status: number): void {
    this.status = status;
    this.phase = "streaming";
    if (!this.stream || status !== 200) return;
    this.#streamed = true;
    this.#observer.streamBegan(this);
  }

  /** OpenAI's `usage`, which an upstream may have written: what is no count is none. */
  used(usage: unknown): void {
    const prompt = countIn(usage, "prompt_tokens");
    const completion = countIn(usage, "completion_tokens");
    if (prompt === 0 && completion === 0) return;
    this.tokens = {
      prompt,
      completion,
      reasoning: countIn(fieldOf(usage, "completion_tokens_details"), "reasoning_tokens"),
      cached: countIn(fieldOf(usage, "prompt_tokens_details"), "cached_tokens"),
    };
  }

  /** The first word counts: what follows from an end is not its cause. */
  settle(outcome: RequestOutcome): void {
    this.#outcome ??= outcome;
  }

  /** It went wrong. Returns the word for it. */
  fail(error: unknown): RequestOutcome {
    if (this.#outcome === undefined) {
      this.#outcome = outcomeOfError(error, this.phase);
      if (error instanceof GatewayError) this.error = error;
    }
    return this.#outcome;
  }

  /** The same, with the request at hand: so what the upstream said of it can be kept without what it repeats. */
  failOf(error: unknown, request: Buffer, callerToken: string | undefined): void {
    if (this.#outcome !== undefined) return;
    this.fail(error);
    if (!(error instanceof GatewayError) || error.failure.kind !== "upstream") return;
    this.upstreamSaid = withoutEcho(error.failure.said ?? error.message, request, [callerToken]);
  }

  /** It is over. `delivered`: the whole answer was handed to the client's connection. A second call changes nothing. */
  end(delivered: boolean): void {
    if (this.ended) return;
    this.endedAt = performance.now();
    this.#outcome ??= delivered ? "completed" : `client_closed.${this.phase}`;
    this.#observer.requestEnded(this);
  }
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function countIn(value: unknown, key: string): number {
  const count = fieldOf(value, key);
  return typeof count === "number" && Number.isSafeInteger(count) && count > 0 ? count : 0;
}
