import type { RememberedCall } from "../signatures/signature-store.ts";
import type { AnswerContext } from "../translate/target.ts";
import type { Gateway } from "./gateway.ts";
import { mintCompletionId, mintToolCallId } from "./ids.ts";

/** Clock, ids and memory of this gateway for one answer. */
export class GatewayAnswerContext implements AnswerContext {
  readonly created: number;
  readonly #signatures: Gateway["signatures"];
  #id: string | undefined;

  constructor({ now, signatures }: Pick<Gateway, "now" | "signatures">) {
    this.created = Math.floor(now() / 1000);
    this.#signatures = signatures;
  }

  /** Made when it is asked for: nearly all upstreams name their answers themselves. */
  get id(): string {
    this.#id ??= mintCompletionId();
    return this.#id;
  }

  mintToolCallId(): string {
    return mintToolCallId();
  }

  remember(id: string, call: RememberedCall): void {
    this.#signatures.remember(id, call);
  }
}
