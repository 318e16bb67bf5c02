/**
 * The process that starts the others. It deals out their connections (as node:cluster does it), puts another in the
 * place of one that ended, has them change their configuration, and holds what they share.
 */
import cluster from "node:cluster";
import { setTimeout } from "node:timers/promises";
import type { Logger } from "pino";
import type { Config } from "../config/config.ts";
import type { SiblingAnswer, SiblingAnswers, SiblingQuestion } from "../gateway/siblings.ts";
import { MemorySignatureStore } from "../signatures/memory-signature-store.ts";
import type { RememberedCall } from "../signatures/signature-store.ts";
import type { Serving, ToPrimary } from "./contract.ts";
import { Emulators } from "./emulators.ts";
import { withRealPort } from "./free-port.ts";
import { type Handlers, LinkLost } from "./link.ts";
import { PrimaryMetrics } from "./primary-metrics.ts";
import { restartDelay } from "./restart-delay.ts";
import { WorkerProcess } from "./worker-process.ts";

/** Somebody else may take a free port before the workers do. */
const PORT_ATTEMPTS = 5;

export interface PrimaryOptions {
  /** How many workers there are to be. */
  count: number;
  /** What they are called with; they run the same program as this process. */
  args: readonly string[];
  log: Pick<Logger, "info" | "error">;
}

export class Primary {
  readonly #count: number;
  readonly #log: PrimaryOptions["log"];
  readonly #workers = new Map<number, WorkerProcess>();
  readonly #signatures = new MemorySignatureStore({ now: Date.now });
  readonly #emulators = new Emulators();
  readonly #metrics = new PrimaryMetrics();
  /** How long each place stayed empty the last time, in milliseconds. */
  readonly #delays = new Map<number, number>();
  /** In force, with the port that is listened on. */
  #config: Config | undefined;
  /** One start or change of configuration after the other: no worker starts under half a change. */
  #turn: Promise<unknown> = Promise.resolve();
  #stopping = false;

  constructor({ count, args, log }: PrimaryOptions) {
    this.#count = count;
    this.#log = log;
    // Structured clones: configurations hold values that JSON has not.
    cluster.setupPrimary({ args: [...args], serialization: "advanced" });
    cluster.schedulingPolicy = cluster.SCHED_RR;
  }

  /**
   * Resolves when all serve.
   * @throws what keeps one of them from serving; none is left then
   */
  async start(config: Config): Promise<Serving> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#startAll(await withRealPort(config));
      } catch (error) {
        const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
        if (!taken || config.server.port !== 0 || attempt === PORT_ATTEMPTS) throw error;
      }
    }
  }

  /**
   * Puts another configuration in force in all workers, or in none. They are alike: what the first of them takes, the
   * others are given, and one that does not take it all the same is started anew with it.
   * @throws what keeps the first from taking it
   */
  reload(config: Config): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#config === undefined) throw new Error("the workers have not been started");
      const { host, port } = this.#config.server;
      // What is listened on stays: workers that start later have to find it.
      const next: Config = { ...config, server: { ...config.server, host, port } };
      const [first, ...others] = this.#serving();
      if (first === undefined) throw new Error("No worker serves that could try the changed configuration.");
      try {
        await first.apply(next);
      } catch (error) {
        // Whether it has taken it nobody knows.
        if (error instanceof LinkLost) first.kill();
        throw error;
      }
      this.#config = next;
      await Promise.all(
        others.map((worker) =>
          worker.apply(next).catch((error: unknown) => {
            this.#log.error(
              `Worker ${worker.number} did not take the changed configuration: ${messageOf(error)}`,
            );
            worker.kill();
          }),
        ),
      );
    });
  }

  /** All that is counted in all processes. */
  async metrics(): Promise<SiblingAnswers["metrics"][]> {
    return (await this.#ask("metrics")).map(({ answer }) => answer as SiblingAnswers["metrics"]);
  }

  /** For the metrics: whether the configuration that was read last is in force. */
  reloaded(succeeded: boolean): void {
    this.#metrics.reloaded(succeeded);
  }

  /**
   * Closes the port after `preStopMs`; resolves when all workers have ended, each after its answers.
   * @param hurry when it fires the answers are ended at once, each with an error
   */
  async drain(preStopMs: number, hurry: AbortSignal): Promise<void> {
    this.#stopping = true;
    const workers = this.#serving();
    // The others have no answers to finish.
    for (const worker of this.#workers.values()) if (!worker.serves) worker.kill();
    for (const worker of workers) worker.tell("stopping");
    // It throws when it is cut short.
    if (preStopMs > 0) await setTimeout(preStopMs, undefined, { signal: hurry }).catch(() => {});
    for (const worker of workers) {
      // In this order: it hears nothing any more once its last connection is closed.
      worker.tell("drain");
      worker.takeOff();
    }
    const hurryAll = (): void => workers.forEach((worker) => worker.tell("hurry"));
    if (hurry.aborted) hurryAll();
    else hurry.addEventListener("abort", hurryAll, { once: true });
    await Promise.all([...this.#workers.values()].map(({ ended }) => ended));
  }

  /** Ends all workers as they are. */
  async kill(): Promise<void> {
    this.#stopping = true;
    await this.#killAll();
  }

  async #startAll(config: Config): Promise<Serving> {
    this.#config = config;
    const numbers = Array.from({ length: this.#count }, (_, index) => index + 1);
    const starts = await Promise.allSettled(
      numbers.map(async (number) => {
        const worker = this.#fork(number);
        try {
          return await worker.start(config, this.#count);
        } catch (error) {
          throw error instanceof LinkLost ? new Error(`worker ${number}: ${error.message}`) : error;
        }
      }),
    );
    const failed = starts.find((start) => start.status === "rejected");
    if (failed !== undefined) {
      await this.#killAll();
      throw failed.reason;
    }
    for (const worker of this.#workers.values()) void this.#watch(worker);
    return (starts[0] as PromiseFulfilledResult<Serving>).value;
  }

  #serving(): WorkerProcess[] {
    return [...this.#workers.values()].filter(({ serves }) => serves);
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  #fork(number: number): WorkerProcess {
    const worker = new WorkerProcess(number, this.#handlers());
    this.#workers.set(number, worker);
    return worker;
  }

  async #killAll(): Promise<void> {
    const workers = [...this.#workers.values()];
    for (const worker of workers) worker.kill();
    await Promise.all(workers.map(({ ended }) => ended));
  }

  /** Puts another in its place once it has ended. */
  async #watch(worker: WorkerProcess): Promise<void> {
    const { number } = worker;
    const how = await worker.ended;
    this.#workers.delete(number);
    this.#metrics.ended(number);
    if (this.#stopping) return;
    const delay = restartDelay(performance.now() - worker.startedAt, this.#delays.get(number) ?? 0);
    this.#delays.set(number, delay);
    this.#log.error(
      `Worker ${number} has ended (${how}), and its requests with it. Another is started ${delay === 0 ? "now" : `in ${delay / 1000} s`}.`,
    );
    await setTimeout(delay);
    await this.#inTurn(() => this.#replace(number));
  }

  async #replace(number: number): Promise<void> {
    if (this.#stopping || this.#config === undefined) return;
    const worker = this.#fork(number);
    this.#metrics.restarted();
    void this.#watch(worker);
    try {
      await worker.start(this.#config, this.#count);
      this.#log.info(`Worker ${number} serves again.`);
    } catch (error) {
      // When one ends before it serves, `#watch` says so.
      if (!(error instanceof LinkLost))
        this.#log.error(`Worker ${number} does not start: ${messageOf(error)}`);
      worker.kill();
    }
  }

  #handlers(): Handlers<ToPrimary> {
    return {
      siblings: (question) => this.#ask(question),
      remember: ({ id, call }) => this.#signatures.remember(id, call),
      recall: (ids) => this.#recall(ids),
      emulator: ({ upstream, script }) => this.#emulators.urlOf(upstream, script),
    };
  }

  /** Asks all workers. Those that do not answer in time are left out. */
  async #ask(question: SiblingQuestion): Promise<readonly SiblingAnswer<SiblingQuestion>[]> {
    const workers = this.#serving();
    const results = await Promise.allSettled(workers.map((worker) => worker.question(question)));
    const answers = results.flatMap((result, index) =>
      result.status === "fulfilled" ? [{ worker: workers[index]!.number, answer: result.value }] : [],
    );
    if (question !== "metrics") return answers;
    for (const { worker, answer } of answers) this.#metrics.told(worker, answer as SiblingAnswers["metrics"]);
    return [...answers, { worker: 0, answer: this.#metrics.snapshot() }];
  }

  /**
   * A worker says what is to be remembered before its client has the tool call, and so before another worker can ask
   * for it. But this process may read both messages in one turn of its event loop, in any order: so what is missing is
   * looked for again when the turn is over.
   */
  async #recall(ids: readonly string[]): Promise<readonly (readonly [string, RememberedCall])[]> {
    if (ids.some((id) => this.#signatures.recall(id) === undefined)) {
      // The first ends this turn, the second the next one, which reads the rest of a long message.
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return ids.flatMap((id) => {
      const call = this.#signatures.recall(id);
      return call === undefined ? [] : [[id, call] as const];
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
