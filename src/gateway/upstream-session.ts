/** Credentials around upstream calls: a 401 on our own token is answered by one renewal and one repeat. */
import type { GatewayError } from "../errors.ts";
import type {
  UpstreamBody,
  UpstreamCall,
  UpstreamReceiver,
  UpstreamRequest,
  UpstreamTimeouts,
} from "../upstreams/upstream.ts";
import type { ActiveCalls } from "./active-calls.ts";
import type { RequestHeaders } from "./exchange.ts";
import { BodyGatherer, gather, type GatheredAnswer } from "./gather.ts";
import { withoutSecret } from "./without-secrets.ts";
import type { ConnectedUpstream } from "./connected-upstream.ts";

/** Builds the request once the credentials are known. */
export type BuildRequest = (authorization: Record<string, string>) => UpstreamRequest;

/** A JSON body for an upstream; it is written once, however many times it is sent. `headers` go with its type. */
export function jsonRequest(
  { origin, path }: { origin: string; path: string },
  headers: Readonly<Record<string, string>>,
  body: UpstreamBody,
  timeouts: UpstreamTimeouts,
): BuildRequest {
  const sent = { "content-type": "application/json", ...headers };
  return (authorization) => ({
    origin,
    path,
    method: "POST",
    headers: { ...sent, ...authorization },
    body,
    timeouts,
  });
}

/**
 * One call with its whole answer. The answer to the repeat counts, whatever it is.
 * @throws GatewayError when there is no answer, and the reason of `active` once it has been ended.
 */
export async function callAuthorized(
  upstream: ConnectedUpstream,
  callerToken: string | undefined,
  build: BuildRequest,
  active: ActiveCalls,
  maxBytes: number,
): Promise<GatheredAnswer> {
  const { client } = upstream;
  const given = upstream.at.authorize(callerToken);
  const first = given instanceof Promise ? await given : given;
  const answer = await gather(client, build(first), active, maxBytes);
  if (answer.status !== 401 || !(await upstream.at.renew(first))) return withoutCredential(answer, first);
  const second = await upstream.at.authorize(callerToken);
  return withoutCredential(await gather(client, build(second), active, maxBytes), second);
}

/** A refusal that says back what it was sent must not be read, or logged, with the credential in it. */
function withoutCredential(answer: GatheredAnswer, sent: Record<string, string>): GatheredAnswer {
  if (answer.status === 200) return answer;
  let { body } = answer;
  for (const name of ["authorization", "x-goog-api-key"]) {
    const credential = sent[name]?.replace(/^Bearer /, "");
    if (credential !== undefined) body = withoutSecret(body, credential);
  }
  return { ...answer, body };
}

/** Where the pieces of an accepted answer go. Exactly one of the last two is called, and last. */
export interface AcceptedReceiver {
  /** The upstream answered 200. */
  onAccepted(headers: RequestHeaders): void;
  /** What it throws breaks the answer off. */
  onData(chunk: Buffer): void;
  onEnd(): void;
  /** Also when the calls are ended from our side, with the reason given there. */
  onBroken(error: unknown): void;
}

/** Enough for any error envelope; a longer page is not one. */
const MAX_ERROR_BYTES = 1024 * 1024;

/**
 * One call whose answer is pushed as it comes. Resolves once it is accepted; after that everything is told to the
 * receiver.
 * @throws GatewayError from `toError` when the upstream answers anything but 200, a transport's when it answers
 *   nothing, and the reason of `active` once it has been ended.
 */
export async function streamAuthorized(
  upstream: ConnectedUpstream,
  callerToken: string | undefined,
  build: BuildRequest,
  active: ActiveCalls,
  receiver: AcceptedReceiver,
  toError: (answer: GatheredAnswer) => GatewayError,
): Promise<void> {
  const given = upstream.at.authorize(callerToken);
  const first = given instanceof Promise ? await given : given;
  const refusal = await open(upstream, build(first), active, receiver);
  if (refusal === undefined) return;
  if (refusal.status !== 401 || !(await upstream.at.renew(first))) {
    throw toError(withoutCredential(refusal, first));
  }
  const renewed = await upstream.at.authorize(callerToken);
  const second = await open(upstream, build(renewed), active, receiver);
  if (second !== undefined) throw toError(withoutCredential(second, renewed));
}

/** The refusal, or undefined when the answer is on its way to the receiver. */
function open(
  upstream: ConnectedUpstream,
  request: UpstreamRequest,
  active: ActiveCalls,
  receiver: AcceptedReceiver,
): Promise<GatheredAnswer | undefined> {
  if (active.endedBy !== undefined) return Promise.reject(active.endedBy);
  const { promise, resolve, reject } = Promise.withResolvers<GatheredAnswer | undefined>();
  const opening = new Opening(active, receiver, resolve, reject);
  opening.begin(upstream.client.send(request, opening));
  return promise;
}

/** Its fields are all that a stream keeps: closures would keep the request with its body as well. */
class Opening implements UpstreamReceiver {
  readonly #active: ActiveCalls;
  readonly #receiver: AcceptedReceiver;
  /** Both until the answer is accepted. */
  #resolve: ((refusal: GatheredAnswer | undefined) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;
  #call: UpstreamCall | undefined;
  #status = 0;
  #headers: RequestHeaders | undefined;
  /** Present when the answer is not the one that was asked for. */
  #refusal: BodyGatherer | undefined;

  constructor(
    active: ActiveCalls,
    receiver: AcceptedReceiver,
    resolve: (refusal: GatheredAnswer | undefined) => void,
    reject: (error: unknown) => void,
  ) {
    this.#active = active;
    this.#receiver = receiver;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(call: UpstreamCall): void {
    this.#call = call;
    this.#active.add(call, this.#fail);
  }

  onHead(status: number, headers: RequestHeaders): void {
    this.#status = status;
    if (status === 200) {
      this.#resolve?.(undefined);
      this.#resolve = undefined;
      this.#reject = undefined;
      this.#receiver.onAccepted(headers);
    } else {
      this.#headers = headers;
      this.#refusal = new BodyGatherer(MAX_ERROR_BYTES);
    }
  }

  onData(chunk: Buffer): void {
    try {
      if (this.#refusal === undefined) this.#receiver.onData(chunk);
      else this.#refusal.push(chunk);
    } catch (error) {
      this.#forget()?.abort();
      this.#fail(error);
    }
  }

  onEnd(): void {
    this.#forget();
    if (this.#refusal === undefined) this.#receiver.onEnd();
    else this.#resolve?.({ status: this.#status, headers: this.#headers ?? {}, body: this.#refusal.text() });
  }

  onError(error: Error): void {
    this.#forget();
    this.#fail(error);
  }

  #fail = (error: unknown): void => {
    if (this.#status === 200) this.#receiver.onBroken(error);
    else this.#reject?.(error);
  };

  #forget(): UpstreamCall | undefined {
    if (this.#call !== undefined) this.#active.delete(this.#call);
    return this.#call;
  }
}
