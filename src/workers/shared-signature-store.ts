/** Tool calls remembered in every process: the next turn of a conversation may reach another one. */
import { MemorySignatureStore } from "../signatures/memory-signature-store.ts";
import type { RememberedCall, SignatureStore } from "../signatures/signature-store.ts";

/** Where all processes put them: the primary process. */
export interface SharedCalls {
  remember(toolCallId: string, call: RememberedCall): void;
  /** Those that are known. */
  recall(toolCallIds: readonly string[]): Promise<readonly (readonly [string, RememberedCall])[]>;
}

/**
 * A store of this process in front of one that all share. What is remembered goes to both, to the shared one before the
 * tool call is on its way to the client; what is missing is fetched before a request is translated.
 */
export class SharedSignatureStore implements SignatureStore {
  readonly #own: MemorySignatureStore;
  readonly #shared: SharedCalls;

  constructor(shared: SharedCalls, now: () => number = Date.now) {
    this.#own = new MemorySignatureStore({ now });
    this.#shared = shared;
  }

  recall(toolCallId: string): RememberedCall | undefined {
    return this.#own.recall(toolCallId);
  }

  remember(toolCallId: string, call: RememberedCall): void {
    this.#own.remember(toolCallId, call);
    this.#shared.remember(toolCallId, call);
  }

  fetch(toolCallIds: Iterable<string>): Promise<void> | undefined {
    let missing: Set<string> | undefined;
    for (const id of toolCallIds) {
      if (this.#own.recall(id) === undefined) (missing ??= new Set()).add(id);
    }
    return missing === undefined ? undefined : this.#fetch([...missing]);
  }

  async #fetch(missing: readonly string[]): Promise<void> {
    try {
      for (const [id, call] of await this.#shared.recall(missing)) this.#own.remember(id, call);
    } catch {
      // The primary process does not answer: Google's bypass value does for what is not known.
    }
  }
}
