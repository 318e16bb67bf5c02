import { GatewayError } from "../errors.ts";
import type {
  UpstreamCall,
  UpstreamClient,
  UpstreamReceiver,
  UpstreamRequest,
} from "../upstreams/upstream.ts";
import { appended } from "../wire/appended.ts";
import type { ActiveCalls } from "./active-calls.ts";
import type { RequestHeaders } from "./exchange.ts";

export interface GatheredAnswer {
  status: number;
  headers: RequestHeaders;
  body: string;
}

/** Collects the pieces of a body and joins them once. */
export class BodyGatherer {
  #chunks: Buffer[] | undefined;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws GatewayError when the body outgrows its limit. */
  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) {
      throw new GatewayError(
        {
          kind: "upstream",
          status: 502,
          type: "server_error",
          code: "upstream_response_too_large",
          param: null,
        },
        `The upstream's answer is larger than ${this.#maxBytes} bytes.`,
      );
    }
    this.#chunks = appended(this.#chunks, chunk);
  }

  text(): string {
    const chunks = this.#chunks;
    const first = chunks?.[0];
    if (chunks === undefined || first === undefined) return "";
    return (chunks.length === 1 ? first : Buffer.concat(chunks, this.#bytes)).toString("utf8");
  }
}

/** Makes one upstream call and waits for its whole answer, whatever its status. */
export function gather(
  client: UpstreamClient,
  request: UpstreamRequest,
  active: ActiveCalls,
  maxBytes: number,
): Promise<GatheredAnswer> {
  if (active.endedBy !== undefined) return Promise.reject(active.endedBy);
  const { promise, resolve, reject } = Promise.withResolvers<GatheredAnswer>();
  const gathering = new Gathering(active, maxBytes, resolve, reject);
  gathering.begin(client.send(request, gathering));
  return promise;
}

/** Its fields are all that an answer under way keeps: closures would keep the request with its body as well. */
class Gathering implements UpstreamReceiver {
  readonly #active: ActiveCalls;
  readonly #resolve: (answer: GatheredAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #body: BodyGatherer;
  #call: UpstreamCall | undefined;
  #status = 0;
  #headers: RequestHeaders = {};

  constructor(
    active: ActiveCalls,
    maxBytes: number,
    resolve: (answer: GatheredAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    this.#active = active;
    this.#body = new BodyGatherer(maxBytes);
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(call: UpstreamCall): void {
    this.#call = call;
    this.#active.add(call, this.#reject);
  }

  onHead(status: number, headers: RequestHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  onData(chunk: Buffer): void {
    try {
      this.#body.push(chunk);
    } catch (error) {
      this.#forget()?.abort();
      this.#reject(error);
    }
  }

  onEnd(): void {
    this.#forget();
    this.#resolve({ status: this.#status, headers: this.#headers, body: this.#body.text() });
  }

  onError(error: Error): void {
    this.#forget();
    this.#reject(error);
  }

  #forget(): UpstreamCall | undefined {
    if (this.#call !== undefined) this.#active.delete(this.#call);
    return this.#call;
  }
}
