/** One worker as the primary process sees it. */
import cluster, { type Worker } from "node:cluster";
import type { Config } from "../config/config.ts";
import type { SiblingAnswers, SiblingQuestion } from "../gateway/siblings.ts";
import type { Serving, ToPrimary, ToWorker } from "./contract.ts";
import { type Handlers, Link } from "./link.ts";

/** Reading credential files, finding the metadata server, loading everything on a machine that does other things. */
const START_MS = 60_000;
const APPLY_MS = 60_000;
/** Well under the ten seconds after which a scrape is given up. */
const QUESTION_MS = 3_000;

export class WorkerProcess {
  /** From 1; a worker that takes another's place takes its number. */
  readonly number: number;
  readonly startedAt = performance.now();
  /** Resolves when it has ended, with how: `exit code 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
  readonly #worker: Worker;
  readonly #link: Link<ToWorker, ToPrimary>;
  #serves = false;

  constructor(number: number, handlers: Handlers<ToPrimary>) {
    this.number = number;
    this.#worker = cluster.fork();
    this.#link = new Link((message) => {
      // The process may be gone by now.
      if (this.#worker.isConnected()) this.#worker.send(message as object, () => {});
    }, handlers);
    this.#worker.on("message", (message) => this.#link.take(message));
    this.ended = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#serves = false;
        this.#link.lose();
        resolve(how);
      };
      this.#worker.once("exit", (code: number, signal: string | null) => end(signal ?? `exit code ${code}`));
      // One that could not be started has no exit.
      this.#worker.on("error", (error) => {
        if (this.#worker.process.pid === undefined) end(error.message);
      });
    });
  }

  /** True from the end of `start` to the end of the process. */
  get serves(): boolean {
    return this.#serves;
  }

  /** @throws what `serve` throws there; LinkLost when it ends, or takes too long */
  async start(config: Config, workers: number): Promise<Serving> {
    const serving = await this.#link.ask("start", { config, worker: this.number, workers }, START_MS);
    this.#serves = true;
    return serving;
  }

  /** @throws what is wrong with it there; LinkLost */
  apply(config: Config): Promise<void> {
    return this.#link.ask("apply", config, APPLY_MS);
  }

  /** @throws LinkLost */
  question(question: SiblingQuestion): Promise<SiblingAnswers[SiblingQuestion]> {
    return this.#link.ask("question", question, QUESTION_MS);
  }

  /** Without waiting for it. */
  tell(what: "stopping" | "drain" | "hurry"): void {
    this.#link.tell(what, undefined);
  }

  /**
   * Deals out no more connections to it, from this moment on. Were it told to close its server instead, those that
   * are on their way to it would come back, and wait here for a worker that takes them.
   */
  takeOff(): void {
    this.#worker.disconnect();
  }

  kill(): void {
    this.#worker.process.kill("SIGKILL");
  }
}
