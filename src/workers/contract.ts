/** What the primary process and its workers say to each other. */
import type { Config } from "../config/config.ts";
import type { SiblingAnswer, SiblingAnswers, SiblingQuestion } from "../gateway/siblings.ts";
import type { RememberedCall } from "../signatures/signature-store.ts";

/** What the banner says of a gateway, as a worker finds it. */
export interface Serving {
  url: string;
  /** Which upstream answers. */
  upstream: string;
}

/** Asked by the primary process, answered by a worker. */
export type ToWorker = {
  /** The first of all. `worker` is its number, from 1, and `workers` how many there are to be. */
  start: { body: { config: Config; worker: number; workers: number }; answer: Serving };
  /** Put another configuration in force. */
  apply: { body: Config; answer: void };
  question: { body: SiblingQuestion; answer: SiblingAnswers[SiblingQuestion] };
  /** The port will be closed: be not ready any more, and keep no connection after its answer. */
  stopping: { body: undefined; answer: void };
  /** The port is closed: finish what is under way, end. */
  drain: { body: undefined; answer: void };
  /** End what is under way at once. */
  hurry: { body: undefined; answer: void };
};

/** Asked by a worker, answered by the primary process. */
export type ToPrimary = {
  /** Has all workers answer. */
  siblings: { body: SiblingQuestion; answer: readonly SiblingAnswer<SiblingQuestion>[] };
  remember: { body: { id: string; call: RememberedCall }; answer: void };
  /** Those of the ids that are known. */
  recall: { body: readonly string[]; answer: readonly (readonly [string, RememberedCall])[] };
  /** The address of the emulator that is this upstream. */
  emulator: { body: { upstream: string; script: string | undefined }; answer: string };
};
