/** A gateway between an upstream that does what the test says, when it says so, and a client that writes down what it gets. */
import { configSchema } from "../../src/config/schema.ts";
import type { GeminiConnection } from "../../src/gateway/connected-upstream.ts";
import { createRouteTable } from "../../src/routing/route-table.ts";
import { Router } from "../../src/routing/router.ts";
import { Access } from "../../src/gateway/access.ts";
import { Admission } from "../../src/gateway/admission.ts";
import type { Call, Reply } from "../../src/gateway/exchange.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { SILENT_OBSERVER } from "../../src/observe/observer.ts";
import { RequestRecord } from "../../src/observe/request-record.ts";
import { KeepAlive } from "../../src/gateway/keep-alive.ts";
import { MediaFetcher } from "../../src/media/media-fetcher.ts";
import { OpenRequests } from "../../src/gateway/open-requests.ts";
import { MemorySignatureStore } from "../../src/signatures/memory-signature-store.ts";
import type {
  UpstreamCall,
  UpstreamClient,
  UpstreamReceiver,
  UpstreamRequest,
} from "../../src/upstreams/upstream.ts";

/** One upstream call, seen from the upstream. */
export class ScriptedCall implements UpstreamCall {
  readonly request: UpstreamRequest;
  readonly #receiver: UpstreamReceiver;
  aborted = false;
  paused = false;

  constructor(request: UpstreamRequest, receiver: UpstreamReceiver) {
    this.request = request;
    this.#receiver = receiver;
  }

  abort(): void {
    this.aborted = true;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  accept(): this {
    this.#receiver.onHead(200, { "content-type": "text/event-stream" });
    return this;
  }

  send(data: string | Buffer): this {
    this.#receiver.onData(typeof data === "string" ? Buffer.from(data) : data);
    return this;
  }

  event(value: unknown): this {
    return this.send(`data: ${JSON.stringify(value)}\n\n`);
  }

  end(): void {
    this.#receiver.onEnd();
  }

  break(error: Error): void {
    this.#receiver.onError(error);
  }

  /** A whole answer with Google's error. */
  refuse(code: number, message = "No.", status?: string): void {
    this.#receiver.onHead(code, {});
    this.send(JSON.stringify({ error: { code, message, ...(status === undefined ? {} : { status }) } }));
    this.end();
  }

  /** A whole unstreamed answer. */
  answer(value: unknown): void {
    this.accept().send(JSON.stringify(value)).end();
  }
}

/** What a client was sent. */
export class RecordedReply implements Reply {
  status: number | undefined;
  headers: Record<string, string> = {};
  text = "";
  ended = false;
  destroyed = false;
  /** What `write` answers: false for a client that reads too slowly. */
  reads = true;
  #left = false;
  #onDrain: () => void = () => {};
  #onClose: () => void = () => {};

  get headSent(): boolean {
    return this.status !== undefined;
  }

  get closed(): boolean {
    return this.ended || this.destroyed || this.#left;
  }

  head(status: number, headers: Record<string, string>): void {
    if (this.closed) return;
    if (this.headSent) throw new Error("a second head");
    this.status = status;
    this.headers = headers;
  }

  write(data: string | Buffer): boolean {
    if (this.closed) return true;
    if (!this.headSent) throw new Error("data before the head");
    this.text += data.toString();
    return this.reads;
  }

  end(data?: string | Buffer): void {
    if (this.closed) return;
    if (data !== undefined) this.write(data);
    this.ended = true;
    this.#onClose();
  }

  destroy(): void {
    this.destroyed = true;
    this.#onClose();
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
  }

  drain(): void {
    this.reads = true;
    this.#onDrain();
  }

  /** The client goes away. */
  leave(): void {
    this.#left = true;
    this.#onClose();
  }
}

export interface ScriptedGateway extends Gateway {
  calls: ScriptedCall[];
  bugs: unknown[];
}

export type ScriptedCredentials = Pick<GeminiConnection["at"], "authorize" | "renew">;

function scriptedConnection(client: UpstreamClient, credentials: ScriptedCredentials): GeminiConnection {
  return {
    kind: "gemini",
    name: "scripted",
    client,
    passedHeaders: [],
    headers: {},
    at: {
      surface: "vertex",
      description: "scripted",
      credentials: "own",
      mayServe: () => true,
      locationFor: (scope) => scope.location,
      address: () => ({ origin: "http://upstream", path: "/" }),
      ...credentials,
    },
  };
}

const GOOD_CREDENTIALS: ScriptedCredentials = {
  authorize: () => Promise.resolve({ authorization: "Bearer token" }),
  renew: () => Promise.resolve(false),
};

export function scriptedGateway(
  changes: Partial<Gateway> = {},
  credentials: ScriptedCredentials = GOOD_CREDENTIALS,
): ScriptedGateway {
  const calls: ScriptedCall[] = [];
  const bugs: unknown[] = [];
  const client: UpstreamClient = {
    send(request, receiver) {
      const call = new ScriptedCall(request, receiver);
      calls.push(call);
      return call;
    },
    close: () => Promise.resolve(),
  };
  const config = configSchema.parse({ upstreams: { scripted: { kind: "vertex", project: "some-project" } } });
  const admission = changes.admission ?? openAdmission(config.limits);
  return {
    access: new Access({}),
    admission,
    upstreams: new Map([["scripted", scriptedConnection(client, credentials)]]),
    config,
    routes: createRouteTable(config),
    // No retries: what a test scripts is what is called.
    router: new Router({ now: () => performance.now(), random: () => 0.5, retryBudgetRatio: 0 }),
    signatures: new MemorySignatureStore({ now: () => 0 }),
    media: new MediaFetcher(config.media, 1_000_000),
    keepAlive: new KeepAlive(),
    openRequests: new OpenRequests(),
    timeouts: { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0 },
    limits: {
      ...config.limits,
      maxBodyBytes: 1_000_000,
      maxResponseBytes: 1_000_000,
      maxEventBytes: 1_000_000,
    },
    reasoningFormat: "reasoning_content",
    draining: () => false,
    closing: () => false,
    now: () => 1_795_000_000_000,
    observer: SILENT_OBSERVER,
    metrics: undefined,
    siblings: undefined,
    secrets: [],
    reportBug: (error) => bugs.push(error),
    ...changes,
    calls,
    bugs,
  };
}

/** With room for everyone. */
function openAdmission(limits: Gateway["limits"]): Admission {
  return new Admission(limits, { observer: SILENT_OBSERVER, memoryBytes: 2 ** 32, random: () => 0.5 });
}

export function callWith(body: unknown, headers: Record<string, string> = {}): Call {
  return {
    requestId: "req_scripted",
    headers,
    body: Buffer.from(JSON.stringify(body)),
    callerToken: undefined,
    startedAt: performance.now(),
    record: new RequestRecord("req_scripted", performance.now(), SILENT_OBSERVER),
    ticket: openAdmission(configSchema.parse({}).limits).arrive(undefined),
  };
}
