/** One of the processes that serve: it does what the primary process tells it, and ends with it. */
import { type Config, finishedConfig } from "../config/config.ts";
import { defaultUpstream } from "../gateway/routing-choice.ts";
import type { SiblingAnswer, SiblingQuestion, Siblings } from "../gateway/siblings.ts";
import { type LogSink, sharedLogSink } from "../observe/log-sink.ts";
import { RequestLog } from "../observe/request-log.ts";
import { type RunningServer, serve } from "../serve.ts";
import type { Serving, ToPrimary, ToWorker } from "./contract.ts";
import { Link } from "./link.ts";
import { SharedSignatureStore } from "./shared-signature-store.ts";

/** A client waits for it, and there is Google's bypass value for what does not come. */
const RECALL_MS = 2_000;
/** The primary process itself waits for the slowest worker. */
const SIBLINGS_MS = 5_000;
const EMULATOR_MS = 30_000;
/** For the last lines of the log, where somebody reads them. */
const LOG_FAREWELL_MS = 500;
/** For all that comes after the last answer: upstream connections, the last spans, the log. */
const END_MS = 1_500;

type PrimaryLink = Link<ToPrimary, ToWorker>;

/** Serves until the primary process has it end, or is gone. */
export function runWorker(): void {
  // Ctrl-C reaches every process of the terminal, and a supervisor may signal them all: the primary one decides.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  let running: Promise<Running> | undefined;
  const started = (): Promise<Running> => {
    if (running === undefined) throw new Error("the worker has not been started");
    return running;
  };
  // A message to a process that is gone is no error: this one ends as well then.
  const link: PrimaryLink = new Link<ToPrimary, ToWorker>((message) => process.send?.(message, () => {}), {
    start: async ({ config, worker, workers }) => {
      running = start(finishedConfig(config), siblingsBy(link, worker, workers), link);
      return serving((await running).server);
    },
    apply: async (config) => {
      const { server, log } = await started();
      const next = finishedConfig(config);
      await server.apply(next);
      log.configure(next.log);
    },
    question: async (question) => (await started()).server.answer(question),
    stopping: async () => (await started()).server.composed.drain(),
    drain: async () => {
      const { server, sink, hurry } = await started();
      await server.close(hurry.signal);
      await sink.flush(LOG_FAREWELL_MS);
      process.exit(0);
    },
    hurry: async () => (await started()).hurry.abort(),
  });
  process.on("message", (message) => link.take(message));
  // The last connection is closed, or the primary process has gone without waiting for that.
  process.on("disconnect", () => setTimeout(() => process.exit(1), END_MS).unref());
}

interface Running {
  server: RunningServer;
  sink: LogSink;
  log: RequestLog;
  /** Ends the answers under way. */
  hurry: AbortController;
}

async function start(config: Config, siblings: Siblings, link: PrimaryLink): Promise<Running> {
  const sink = sharedLogSink(2);
  const log = new RequestLog(sink, config.log);
  process.on("uncaughtException", (error) => {
    log.crash(error);
    process.exit(1);
  });
  const server = await serve(config, {
    ownProcess: true,
    siblings,
    // The primary process, which has the port, has waited as long already.
    preStopMs: 0,
    signatures: new SharedSignatureStore({
      remember: (id, call) => link.tell("remember", { id, call }),
      recall: (ids) => link.ask("recall", ids, RECALL_MS),
    }),
    sharedEmulator: (upstream, script) => link.ask("emulator", { upstream, script }, EMULATOR_MS),
    observer: log,
    droppedLogLines: () => sink.dropped,
    reportBug: (error, requestId) => log.bug(error, requestId),
    credentials: { onRefreshFailed: (error) => log.tokenNotRenewed(error) },
  });
  return { server, sink, log, hurry: new AbortController() };
}

function siblingsBy(link: PrimaryLink, worker: number, count: number): Siblings {
  return {
    worker,
    count,
    ask: async <Question extends SiblingQuestion>(question: Question) =>
      (await link.ask("siblings", question, SIBLINGS_MS)) as readonly SiblingAnswer<Question>[],
  };
}

function serving({ url, composed }: RunningServer): Serving {
  return { url, upstream: defaultUpstream(composed.current).at.description };
}
