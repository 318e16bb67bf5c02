/**
 * Slows down whoever tries access keys: only so many wrong ones are looked at in a second from one address. Addresses
 * are counted in a table of fixed size, in which a few may share a place; that costs the others nothing, as a good key
 * is never held up.
 */
import { isIPv6 } from "node:net";

const PLACES = 16_384;
const SECOND_MS = 1_000;

export class FailedKeys {
  readonly #counts = new Uint32Array(PLACES);
  readonly #now: () => number;
  readonly #seed: number;
  /** The second that is counted. */
  #second = -1;

  /**
   * @param now in milliseconds
   * @param seed a whole number that callers do not know: they cannot choose who shares their place
   */
  constructor(now: () => number, seed: number) {
    this.#now = now;
    this.#seed = seed;
  }

  /** Counts a wrong key. True when it is one too many in this second. */
  add(address: string, perSecond: number): boolean {
    const second = Math.floor(this.#now() / SECOND_MS);
    if (second !== this.#second) {
      this.#second = second;
      this.#counts.fill(0);
    }
    const place = this.#placeOf(address);
    const count = (this.#counts[place] ?? 0) + 1;
    this.#counts[place] = count;
    return count > perSecond;
  }

  /** FNV-1a. */
  #placeOf(address: string): number {
    const text = networkOf(address);
    let hash = (0x811c9dc5 ^ this.#seed) >>> 0;
    for (let index = 0; index < text.length; index += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    }
    return ((hash ^ (hash >>> 15)) >>> 0) % PLACES;
  }
}

/** Who counts as one: an IPv4 address, or the 64 bits of an IPv6 address that a single customer is given (RFC 6177). */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [front = "", back] = address.split("::");
  const groups = front === "" ? [] : front.split(":");
  if (back !== undefined) {
    const rest = back === "" ? [] : back.split(":");
    while (groups.length + rest.length < 8) groups.push("0");
    groups.push(...rest);
  }
  return groups.slice(0, 4).join(":");
}
