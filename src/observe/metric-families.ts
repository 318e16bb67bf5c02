/** The metrics by name, each with its labels. Labels hold words of closed sets only, never what a caller wrote. */
import { type Aggregator, Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Tells a gateway's numbers of the moment, when they are asked for. */
export interface LiveNumbers {
  /** Requests that wait for their turn. */
  queued(): number;
  /** Open connections to upstreams, idle ones included. */
  upstreamConnections(): number;
  /** Log lines that nobody read in time. */
  droppedLogLines(): number;
  /** Spans that no collector took. */
  droppedSpans(): number;
}

/** Seconds, from a hundredth of one, doubling: the buckets of OpenTelemetry's GenAI conventions. */
const SECONDS = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68,
];

/** Makes and registers them. `live` is asked at each scrape. */
export function metricFamilies(registry: Registry, live: () => LiveNumbers | undefined) {
  const registers = [registry];
  const counter = <Label extends string>(
    name: string,
    help: string,
    labelNames: Label[] = [],
  ): Counter<Label> => new Counter({ name, help, labelNames, registers });
  /** `aggregator`: how those of several processes become one. */
  const gauge = <Label extends string>(
    name: string,
    help: string,
    labelNames: Label[] = [],
    aggregator: Aggregator = "sum",
  ): Gauge<Label> => new Gauge({ name, help, labelNames, registers, aggregator });
  const histogram = <Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
  ): Histogram<Label> => new Histogram({ name, help, labelNames, buckets: SECONDS, registers });
  const asked = (name: string, help: string, number: (from: LiveNumbers) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const from = live();
        this.set(from === undefined ? 0 : number(from));
      },
    });
  };
  const askedCount = (name: string, help: string, number: (from: LiveNumbers) => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        const from = live();
        this.reset();
        this.inc(from === undefined ? 0 : number(from));
      },
    });
  };

  asked("pollux_queue_depth", "Requests that wait for their turn.", (from) => from.queued());
  asked("pollux_upstream_connections", "Open connections to upstreams, idle ones included.", (from) =>
    from.upstreamConnections(),
  );
  askedCount("pollux_log_dropped_total", "Log lines dropped because nobody read them in time.", (from) =>
    from.droppedLogLines(),
  );
  askedCount("pollux_spans_dropped_total", "Spans dropped because no collector took them in time.", (from) =>
    from.droppedSpans(),
  );

  return {
    requests: counter("pollux_requests_total", "Requests that have ended, by their outcome.", [
      "route",
      "model",
      "upstream",
      "status",
      "outcome",
    ]),
    duration: histogram(
      "pollux_request_duration_seconds",
      "From a chat request's head to its answer's end.",
      ["route", "upstream"],
    ),
    firstToken: histogram(
      "pollux_time_to_first_token_seconds",
      "From a request's head to the first piece of its streamed answer.",
      ["upstream"],
    ),
    inFlight: gauge("pollux_inflight", "Chat requests that have not ended."),
    openStreams: gauge("pollux_open_streams", "Streamed answers being sent."),
    attempts: counter("pollux_upstream_attempts_total", "Upstream attempts, by how each ended.", [
      "upstream",
      "reason",
    ]),
    tokens: counter("pollux_tokens_total", "Tokens as answers' usage counts them.", [
      "kind",
      "model",
      "upstream",
    ]),
    shed: counter("pollux_shed_total", "Requests turned away under load.", ["reason"]),
    shedStage: gauge(
      "pollux_shed_stage",
      "The step of the shed ladder: 0 none, 1 no keep-alive, 2 no large bodies, 3 no requests.",
      [],
      "max",
    ),
    connectionsRefused: counter(
      "pollux_connections_refused_total",
      "Connections closed unread because there were as many as there may be.",
      [],
    ),
    tokenRefreshes: counter("pollux_token_refresh_total", "Fetches of upstreams' access tokens.", [
      "upstream",
      "result",
    ]),
    eventLoopLag: gauge(
      "pollux_event_loop_lag_seconds",
      "How late the event loop was since the last scrape, by quantile; of several processes the latest.",
      ["quantile"],
      "max",
    ),
    reloadSuccess: gauge(
      "pollux_config_reload_success",
      "1 when the configuration that was read last is in force, 0 when it was refused.",
      [],
      "min",
    ),
    workers: gauge("pollux_workers", "Processes that serve, and have told their numbers in time."),
    workerRestarts: counter(
      "pollux_worker_restarts_total",
      "Processes started in the place of one that ended.",
      [],
    ),
    buildInfo: gauge(
      "pollux_build_info",
      "Always 1; the labels say what runs.",
      ["version", "node"],
      "first",
    ),
  };
}
