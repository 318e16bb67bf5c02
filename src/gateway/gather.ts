import { GatewayError } from "../errors.ts";
import type { UpstreamClient, UpstreamReceiver, UpstreamRequest } from "../upstreams/upstream.ts";
import type { ActiveCalls } from "./active-calls.ts";
import type { RequestHeaders } from "./exchange.ts";

export interface GatheredAnswer {
  status: number;
  headers: RequestHeaders;
  body: string;
}

/** Collects the pieces of a body and joins them once. */
export class BodyGatherer {
  readonly #chunks: Buffer[] = [];
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
    this.#chunks.push(chunk);
  }

  text(): string {
    const [first] = this.#chunks;
    if (first === undefined) return "";
    return (this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks, this.#bytes)).toString("utf8");
  }
}

/** Makes one upstream call and waits for its whole answer, whatever its status. */
export function gather(
  client: UpstreamClient,
  request: UpstreamRequest,
  active: ActiveCalls,
  maxBytes: number,
): Promise<GatheredAnswer> {
  return new Promise((resolve, reject) => {
    const body = new BodyGatherer(maxBytes);
    let status = 0;
    let headers: RequestHeaders = {};
    const receiver: UpstreamReceiver = {
      onHead(answerStatus, answerHeaders) {
        status = answerStatus;
        headers = answerHeaders;
      },
      onData(chunk) {
        try {
          body.push(chunk);
        } catch (error) {
          active.delete(call);
          call.abort();
          reject(error);
        }
      },
      onEnd() {
        active.delete(call);
        resolve({ status, headers, body: body.text() });
      },
      onError(error) {
        active.delete(call);
        reject(error);
      },
    };
    const call = client.send(request, receiver);
    active.add(call, () =>
      reject(new GatewayError({ kind: "client_closed" }, "The client left before the answer was complete.")),
    );
  });
}
