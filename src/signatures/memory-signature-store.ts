/** Tool calls remembered in this process: enough for one gateway, gone when it stops. */
import type { RememberedCall, SignatureStore } from "./signature-store.ts";

export interface MemorySignatureStoreOptions {
  /** Milliseconds since the epoch, or any clock that does not run backwards. */
  now: () => number;
  /** Calls kept at most. */
  maxCalls?: number;
  /** Bytes kept at most, counting ids, signatures and names as they are sent. */
  maxBytes?: number;
  /** Milliseconds after which a call nobody asked for is forgotten. */
  maxAgeMs?: number;
}

interface Entry {
  call: RememberedCall;
  bytes: number;
  /** When the call was last written or read. */
  usedAt: number;
}

const MAX_CALLS = 50_000;
const MAX_BYTES = 64 * 1024 * 1024;
/** Longer than an agent's pause overnight is not promised; Google's bypass value covers what is forgotten. */
const MAX_AGE_MS = 24 * 60 * 60 * 1000;

/**
 * Bounded three ways: by count, by bytes and by time since last use. What was used least recently goes first. A Map
 * keeps its keys in order of insertion, so re-inserting on use makes its order the order of use, and its first entry
 * the next to go: every operation is constant time but for the evictions it causes.
 */
export class MemorySignatureStore implements SignatureStore {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;
  readonly #maxCalls: number;
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  #bytes = 0;

  constructor(options: MemorySignatureStoreOptions) {
    this.#now = options.now;
    this.#maxCalls = options.maxCalls ?? MAX_CALLS;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
    this.#maxAgeMs = options.maxAgeMs ?? MAX_AGE_MS;
  }

  /** Calls kept now. */
  get size(): number {
    return this.#entries.size;
  }

  /** Bytes kept now, at most `maxBytes`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A call being asked for is in use: its time starts again, as a conversation asks for all its calls every turn. */
  recall(toolCallId: string): RememberedCall | undefined {
    const now = this.#now();
    this.#forgetOld(now);
    const entry = this.#entries.get(toolCallId);
    if (entry === undefined) return undefined;
    entry.usedAt = now;
    this.#entries.delete(toolCallId);
    this.#entries.set(toolCallId, entry);
    return entry.call;
  }

  /** A call that alone exceeds `maxBytes` is not kept. The object is kept as it is now: later changes are not seen. */
  remember(toolCallId: string, call: RememberedCall): void {
    const now = this.#now();
    this.#forget(toolCallId);
    this.#forgetOld(now);
    const bytes = sizeOf(toolCallId, call);
    if (bytes > this.#maxBytes || this.#maxCalls < 1) return;
    this.#entries.set(toolCallId, { call: Object.freeze({ ...call }), bytes, usedAt: now });
    this.#bytes += bytes;
    while (this.#entries.size > this.#maxCalls || this.#bytes > this.#maxBytes) this.#forgetFirst();
  }

  #forgetOld(now: number): void {
    for (const [id, { usedAt }] of this.#entries) {
      if (now - usedAt <= this.#maxAgeMs) return;
      this.#forget(id);
    }
  }

  #forgetFirst(): void {
    for (const id of this.#entries.keys()) {
      this.#forget(id);
      return;
    }
  }

  #forget(toolCallId: string): void {
    const entry = this.#entries.get(toolCallId);
    if (entry === undefined) return;
    this.#entries.delete(toolCallId);
    this.#bytes -= entry.bytes;
  }
}

/** Base64, ids and function names are ASCII, one byte a character. */
function sizeOf(toolCallId: string, call: RememberedCall): number {
  return (
    toolCallId.length +
    call.name.length +
    call.model.length +
    (call.signature?.length ?? 0) +
    (call.upstreamId?.length ?? 0)
  );
}
