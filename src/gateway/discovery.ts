/** What an upstream says it has: asked for when somebody wants to know, and remembered for a minute. */
import { GatewayError } from "../errors.ts";
import type { FoundModel, ModelListing, OpenaiUpstream } from "../upstreams/openai-upstream.ts";
import type { UpstreamClient } from "../upstreams/upstream.ts";
import { ActiveCalls } from "./active-calls.ts";
import { gather } from "./gather.ts";

const FRESH_MS = 60_000;
/** After a failure: long enough to spare a server in trouble, short enough to notice its recovery. */
const FAILED_MS = 5_000;
/** A list is no answer to wait for. */
const TIMEOUT_MS = 3_000;
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_PAGES = 10;
const MAX_MODELS = 1_000;

export interface DiscoveryOptions {
  client: UpstreamClient;
  at: Pick<OpenaiUpstream, "authorize" | "renew">;
  listing: ModelListing;
  /** Milliseconds of a clock that is never set back. */
  now: () => number;
}

/** One question at a time, whoever asks. What is known is told at once, even while it is asked for anew. */
export class Discovery {
  readonly #options: DiscoveryOptions;
  #found: readonly FoundModel[] | undefined;
  #staleAtMs = -Infinity;
  #asking: Promise<readonly FoundModel[]> | undefined;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /** Never rejects: without an answer it is what was known before, or nothing. Waits three seconds at most. */
  models(): Promise<readonly FoundModel[]> {
    const isFresh = this.#options.now() < this.#staleAtMs;
    if (!isFresh) this.#asking ??= this.#ask();
    return this.#found !== undefined || this.#asking === undefined
      ? Promise.resolve(this.#found ?? [])
      : this.#asking;
  }

  async #ask(): Promise<readonly FoundModel[]> {
    let lifeMs = FRESH_MS;
    try {
      this.#found = await this.#pages();
    } catch {
      // Nobody asked for an error: an upstream that does not list its models still serves them.
      lifeMs = FAILED_MS;
    } finally {
      this.#staleAtMs = this.#options.now() + lifeMs;
      this.#asking = undefined;
    }
    return this.#found ?? [];
  }

  async #pages(): Promise<FoundModel[]> {
    const found: FoundModel[] = [];
    let page: string | undefined;
    for (let count = 0; count < MAX_PAGES && found.length < MAX_MODELS; count += 1) {
      const body = await this.#get(page);
      found.push(...this.#options.listing.read(body));
      page = nextPage(body);
      if (page === undefined) break;
    }
    return found.slice(0, MAX_MODELS);
  }

  async #get(page: string | undefined): Promise<unknown> {
    const { client, at, listing } = this.#options;
    const address = listing.address(page);
    const timeouts = {
      connectMs: TIMEOUT_MS,
      firstByteMs: TIMEOUT_MS,
      idleMs: TIMEOUT_MS,
      totalMs: TIMEOUT_MS,
    };
    const send = async (headers: Record<string, string>) =>
      gather(client, { ...address, method: "GET", headers, timeouts }, new ActiveCalls(), MAX_BYTES);
    const first = await at.authorize(undefined);
    let answer = await send(first);
    if (answer.status === 401 && (await at.renew(first))) answer = await send(await at.authorize(undefined));
    try {
      if (answer.status === 200) return JSON.parse(answer.body) as unknown;
    } catch {
      // Said below.
    }
    throw new GatewayError({ kind: "unavailable" }, `The list of models was answered by ${answer.status}.`);
  }
}

function nextPage(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("nextPageToken" in body)) return undefined;
  const { nextPageToken } = body;
  return typeof nextPageToken === "string" && nextPageToken !== "" ? nextPageToken : undefined;
}
