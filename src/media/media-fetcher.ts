/** The files of requests, read from the internet: so many at a time for a caller, so many bytes and seconds for a request. */
import type { MediaConfig } from "../config/media-schema.ts";
import type { FetchedMedia, Network } from "./fetch-media.ts";
import { MediaRefusal } from "./media-refusal.ts";
import { Turns } from "./turns.ts";

export class MediaFetcher {
  readonly #rules: MediaConfig;
  readonly #maxRequestBytes: number;
  readonly #network: Network | undefined;
  readonly #turns: Turns;

  /**
   * @param maxRequestBytes for all files of one request together
   * @param network default: the internet
   */
  constructor(rules: MediaConfig, maxRequestBytes: number, network?: Network) {
    this.#rules = rules;
    this.#maxRequestBytes = maxRequestBytes;
    this.#network = network;
    this.#turns = new Turns(rules.parallel);
  }

  /**
   * All of them, or none: the first that cannot be had ends the others.
   * @param caller whose turn it is; the same for all requests of one access key
   * @param signal ends it, with its reason
   * @param hold is told of every byte that is kept; what it throws ends all
   * @throws MediaRefusal, which says the URL it is about where it is about one
   */
  async fetchAll(
    urls: readonly string[],
    caller: string,
    signal: AbortSignal,
    hold: (bytes: number) => void = () => {},
  ): Promise<ReadonlyMap<string, FetchedMedia>> {
    const fetched = new Map<string, FetchedMedia>();
    let left = this.#maxRequestBytes;
    const allowance = {
      take: (bytes: number): void => {
        left -= bytes;
        if (left < 0) throw new MediaRefusal("size");
        hold(bytes);
      },
    };
    const over = new AbortController();
    const abort = (): void => over.abort(signal.reason);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    const timer = setTimeout(() => over.abort(new MediaRefusal("timeout")), this.#rules.totalMs);
    const one = async (url: string): Promise<void> => {
      const done = await this.#turns.next(caller, over.signal);
      try {
        // Not before there is something to fetch: most gateways never do.
        const { fetchMedia } = await import("./fetch-media.ts");
        fetched.set(url, await fetchMedia(url, this.#rules, allowance, over.signal, this.#network));
      } catch (error) {
        if (error instanceof MediaRefusal) error.url ??= url;
        over.abort(error);
        throw error;
      } finally {
        done();
      }
    };
    try {
      // All have ended before this does, so that nothing goes on behind a refusal.
      const results = await Promise.allSettled(urls.map(one));
      over.signal.throwIfAborted();
      const failed = results.find((result) => result.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      return fetched;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    }
  }
}
