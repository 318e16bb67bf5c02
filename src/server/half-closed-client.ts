/**
 * A client that closes its socket and one that closes only its sending side (RFC 9293, section 3.6: it still reads) look
 * the same until something is written: the first answers with a reset, the second takes it.
 */

/** After the client has closed its side: a reset takes one round trip, and the write after it finds it. */
const PROBE_AFTER_MS = [20, 80, 400];
/** A client may still leave later. */
const PROBE_EVERY_MS = 15_000;

/** Finds out again and again whether a client that has closed its side is still there. */
export class HalfClosedClient {
  readonly #probe: () => void;
  #probes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param probe writes something that means nothing to the client; called at once, and until `stop` */
  constructor(probe: () => void) {
    this.#probe = probe;
    this.#next();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #next(): void {
    const wait = PROBE_AFTER_MS[this.#probes] ?? PROBE_EVERY_MS;
    this.#probes += 1;
    this.#timer = setTimeout(() => this.#next(), wait).unref();
    this.#probe();
  }
}
