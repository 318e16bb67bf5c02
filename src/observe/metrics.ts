/** Counts what happens, for Prometheus. */
import { Registry } from "prom-client";
import { VERSION } from "../version.ts";
import { type LiveNumbers, metricFamilies } from "./metric-families.ts";
import type { MetricSnapshot } from "./merged-metrics.ts";
import type { Observer, ShedReason, ShedStage } from "./observer.ts";
import { processMetrics } from "./process-metrics.ts";
import type { RequestRecord } from "./request-record.ts";

/** Adds up until the next scrape: a counter of prom-client looks up its labels at each increment. */
class Tally {
  readonly #counter: { inc(value: number): void };
  #pending = 0;

  constructor(counter: { inc(value: number): void }) {
    this.#counter = counter;
  }

  add(value: number): void {
    this.#pending += value;
  }

  settle(): void {
    this.#counter.inc(this.#pending);
    this.#pending = 0;
  }
}

/** Values kept before a histogram of prom-client, which looks up its labels for each, is given them all at once. */
const MOST_KEPT = 256;

/** Keeps values for a histogram until the next scrape, or until there are many. */
class Observations {
  readonly #histogram: { observe(value: number): void };
  readonly #kept: number[] = [];

  constructor(histogram: { observe(value: number): void }) {
    this.#histogram = histogram;
  }

  add(value: number): void {
    this.#kept.push(value);
    if (this.#kept.length === MOST_KEPT) this.settle();
  }

  settle(): void {
    for (const value of this.#kept) this.#histogram.observe(value);
    this.#kept.length = 0;
  }
}

const STAGES: Readonly<Record<ShedStage, number>> = {
  none: 0,
  no_keep_alive: 1,
  no_large_bodies: 2,
  no_requests: 3,
};

const STATUS_CLASSES = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

/** The series that requests of one kind count in, looked up once. */
interface EndedSeries {
  requests: Tally;
  duration: Observations;
}

/** What requests are counted by. */
interface EndedKind {
  route: string;
  alias: string;
  upstream: string;
  status: number;
  outcome: string;
}

interface TokenSeries {
  prompt: Tally;
  completion: Tally;
  reasoning: Tally;
  cached: Tally;
}

/** What a scrape is answered with. */
export interface MetricsPage {
  /** Media type of Prometheus's text format. */
  readonly contentType: string;
  text(): Promise<string>;
}

export class Metrics implements Observer, MetricsPage {
  readonly #registry = new Registry();
  readonly #families = metricFamilies(this.#registry, () => this.live);
  readonly #process = processMetrics();
  readonly #ended = new Map<string, EndedSeries>();
  #lastEnded: (EndedKind & { series: EndedSeries }) | undefined;
  readonly #firstToken = new Map<string, Observations>();
  readonly #tokens = new Map<string, Map<string, TokenSeries>>();
  readonly #attempts = new Map<string, Map<string, Tally>>();
  /** Both kinds of what waits for the next scrape. */
  readonly #unsettled: (Tally | Observations)[] = [];
  #inFlight = 0;
  #openStreams = 0;
  /** Asked at each scrape; what it tells is 0 without it. */
  live: LiveNumbers | undefined;

  constructor() {
    const { buildInfo, reloadSuccess, shedStage, workers } = this.#families;
    buildInfo.set({ version: VERSION, node: process.version }, 1);
    workers.set(1);
    reloadSuccess.set(1);
    shedStage.set(0);
  }

  /** Prometheus's text format; its media type is `contentType`. */
  async text(): Promise<string> {
    this.#settle();
    const own = await this.#registry.metrics();
    return `${own}\n${await this.#process.registry.metrics()}`;
  }

  /**
   * The same numbers as plain data, to be merged with those of other processes by `mergedPage`. What is measured of the
   * process itself has the label `worker`.
   */
  async snapshot(worker: number): Promise<MetricSnapshot[]> {
    this.#settle();
    const own = await this.#registry.getMetricsAsJSON();
    const ofProcess = await this.#process.registry.getMetricsAsJSON();
    return [
      ...(own as unknown as MetricSnapshot[]),
      ...(ofProcess as unknown as MetricSnapshot[]).map((metric) => labelled(metric, worker)),
    ];
  }

  #settle(): void {
    const { inFlight, openStreams, eventLoopLag } = this.#families;
    for (const numbers of this.#unsettled) numbers.settle();
    inFlight.set(this.#inFlight);
    openStreams.set(this.#openStreams);
    const { p50, p99, max } = this.#process.eventLoopLag();
    eventLoopLag.set({ quantile: "0.5" }, p50);
    eventLoopLag.set({ quantile: "0.99" }, p99);
    eventLoopLag.set({ quantile: "1" }, max);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** This gateway's own metrics, for their documentation. */
  get described(): { name: string; type: string; help: string; labels: readonly string[] }[] {
    return this.#registry.getMetricsAsArray().map((metric) => ({
      name: metric.name,
      type: String(metric.type),
      help: metric.help,
      labels: "labelNames" in metric && Array.isArray(metric.labelNames) ? metric.labelNames.map(String) : [],
    }));
  }

  requestBegan(): void {
    this.#inFlight += 1;
  }

  streamBegan(): void {
    this.#openStreams += 1;
  }

  requestEnded(record: RequestRecord): void {
    const { upstream, tokens } = record;
    const series = this.#endedSeries(record);
    series.requests.add(1);
    if (!record.began) return;
    this.#inFlight -= 1;
    series.duration.add((record.endedAt - record.startedAt) / 1000);
    if (tokens !== undefined) this.#countTokens(record, tokens);
    if (!record.streamed) return;
    this.#openStreams -= 1;
    if (record.firstTokenAt === 0) return;
    const firstToken = this.#firstToken.get(upstream) ?? this.#makeFirstToken(upstream);
    firstToken.add((record.firstTokenAt - record.startedAt) / 1000);
  }

  attempted(upstream: string, outcome: string): void {
    const byOutcome = at(this.#attempts, upstream);
    let series = byOutcome.get(outcome);
    if (series === undefined) {
      series = this.#tally(this.#families.attempts.labels({ upstream, reason: outcome }));
      byOutcome.set(outcome, series);
    }
    series.add(1);
  }

  tokenRefreshed(upstream: string, succeeded: boolean): void {
    this.#families.tokenRefreshes.inc({ upstream, result: succeeded ? "success" : "failure" });
  }

  shed(reason: ShedReason): void {
    this.#families.shed.inc({ reason });
  }

  connectionRefused(): void {
    this.#families.connectionsRefused.inc();
  }

  shedStage(stage: ShedStage): void {
    this.#families.shedStage.set(STAGES[stage]);
  }

  configReloaded(succeeded: boolean): void {
    this.#families.reloadSuccess.set(succeeded ? 1 : 0);
  }

  #tally(counter: { inc(value: number): void }): Tally {
    const tally = new Tally(counter);
    this.#unsettled.push(tally);
    return tally;
  }

  #observations(histogram: { observe(value: number): void }): Observations {
    const observations = new Observations(histogram);
    this.#unsettled.push(observations);
    return observations;
  }

  /** Most requests are of the same kind as the one before: then no key is put together. */
  #endedSeries(record: RequestRecord): EndedSeries {
    const { route, alias, upstream, status, outcome = "bug" } = record;
    const last = this.#lastEnded;
    if (
      last !== undefined &&
      last.route === route &&
      last.alias === alias &&
      last.upstream === upstream &&
      last.status === status &&
      last.outcome === outcome
    ) {
      return last.series;
    }
    const key = `${route} ${alias} ${upstream} ${statusClass(status)} ${outcome}`;
    const series = this.#ended.get(key) ?? this.#makeEnded(key, record);
    this.#lastEnded = { route, alias, upstream, status, outcome, series };
    return series;
  }

  #makeEnded(key: string, { route, alias, upstream, status, outcome = "bug" }: RequestRecord): EndedSeries {
    const { requests, duration } = this.#families;
    const series = {
      requests: this.#tally(
        requests.labels({ route, model: alias, upstream, status: statusClass(status), outcome }),
      ),
      duration: this.#observations(duration.labels({ route, upstream })),
    };
    this.#ended.set(key, series);
    return series;
  }

  #makeFirstToken(upstream: string): Observations {
    const series = this.#observations(this.#families.firstToken.labels({ upstream }));
    this.#firstToken.set(upstream, series);
    return series;
  }

  #countTokens({ alias, upstream }: RequestRecord, counts: NonNullable<RequestRecord["tokens"]>): void {
    const byUpstream = at(this.#tokens, alias);
    let series = byUpstream.get(upstream);
    if (series === undefined) {
      const kind = (name: string): Tally =>
        this.#tally(this.#families.tokens.labels({ kind: name, model: alias, upstream }));
      series = {
        prompt: kind("prompt"),
        completion: kind("completion"),
        reasoning: kind("reasoning"),
        cached: kind("cached"),
      };
      byUpstream.set(upstream, series);
    }
    series.prompt.add(counts.prompt);
    series.completion.add(counts.completion);
    series.reasoning.add(counts.reasoning);
    series.cached.add(counts.cached);
  }
}

/** The map of a map's key, made when needed: no two names have to be put together to look something up by both. */
function at<T>(maps: Map<string, Map<string, T>>, key: string): Map<string, T> {
  let map = maps.get(key);
  if (map === undefined) {
    map = new Map();
    maps.set(key, map);
  }
  return map;
}

function labelled(metric: MetricSnapshot, worker: number): MetricSnapshot {
  const values = metric.values.map((one) => ({ ...one, labels: { worker, ...one.labels } }));
  // Each of them has series of its own, so nothing is left to be added up, or left out.
  return { ...metric, aggregator: "sum", values };
}

function statusClass(status: number): string {
  return STATUS_CLASSES[Math.floor(status / 100)] ?? "none";
}
