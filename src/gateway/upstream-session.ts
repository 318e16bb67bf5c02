/** Credentials around upstream calls: a 401 on our own token is answered by one renewal and one repeat. */
import { GatewayError } from "../errors.ts";
import type { UpstreamRequest } from "../upstreams/upstream.ts";
import type { ActiveCalls } from "./active-calls.ts";
import type { RequestHeaders } from "./exchange.ts";
import { BodyGatherer, gather, type GatheredAnswer } from "./gather.ts";
import type { Gateway } from "./gateway.ts";

/** Builds the request once the credentials are known. */
export type BuildRequest = (authorization: Record<string, string>) => UpstreamRequest;

/** One call with its whole answer. The answer to the repeat counts, whatever it is. */
export async function callAuthorized(
  gateway: Gateway,
  callerToken: string | undefined,
  build: BuildRequest,
  active: ActiveCalls,
): Promise<GatheredAnswer> {
  const send = (authorization: Record<string, string>): Promise<GatheredAnswer> =>
    gather(gateway.client, build(authorization), active, gateway.limits.maxResponseBytes);
  const first = await gateway.upstream.authorize(callerToken);
  const answer = await send(first);
  if (answer.status !== 401 || active.ended || !(await gateway.upstream.renew(first))) return answer;
  return send(await gateway.upstream.authorize(callerToken));
}

/** Where the pieces of an accepted answer go. Exactly one of the last three is called, and last. */
export interface AcceptedReceiver {
  /** The upstream answered 200. */
  onAccepted(headers: RequestHeaders): void;
  /** What it throws breaks the answer off. */
  onData(chunk: Buffer): void;
  onEnd(): void;
  onBroken(error: unknown): void;
  /** Stopped from our side: the client has gone. */
  onAborted(): void;
}

/** Enough for any error envelope; a longer page is not one. */
const MAX_ERROR_BYTES = 1024 * 1024;

/**
 * One call whose answer is pushed as it comes. Resolves once it is accepted, or has been stopped; after that
 * everything is told to the receiver.
 * @throws GatewayError from `toError`, when the upstream answers anything but 200.
 */
export async function streamAuthorized(
  gateway: Gateway,
  callerToken: string | undefined,
  build: BuildRequest,
  active: ActiveCalls,
  receiver: AcceptedReceiver,
  toError: (answer: GatheredAnswer) => GatewayError,
): Promise<void> {
  const first = await gateway.upstream.authorize(callerToken);
  const refusal = await open(gateway, build(first), active, receiver);
  if (refusal === undefined) return;
  if (refusal.status !== 401 || active.ended || !(await gateway.upstream.renew(first)))
    throw toError(refusal);
  const second = await open(gateway, build(await gateway.upstream.authorize(callerToken)), active, receiver);
  if (second !== undefined) throw toError(second);
}

/** The refusal, or undefined when the answer is (or was) on its way to the receiver. */
function open(
  gateway: Gateway,
  request: UpstreamRequest,
  active: ActiveCalls,
  receiver: AcceptedReceiver,
): Promise<GatheredAnswer | undefined> {
  return new Promise((resolve, reject) => {
    if (active.ended) {
      receiver.onAborted();
      resolve(undefined);
      return;
    }
    let status = 0;
    let headers: RequestHeaders = {};
    let refusal: BodyGatherer | undefined;
    const fail = (error: unknown): void => {
      if (status === 200) receiver.onBroken(error);
      else reject(error);
    };
    const call = gateway.client.send(request, {
      onHead(answerStatus, answerHeaders) {
        status = answerStatus;
        headers = answerHeaders;
        if (status === 200) {
          receiver.onAccepted(headers);
          resolve(undefined);
        } else {
          refusal = new BodyGatherer(MAX_ERROR_BYTES);
        }
      },
      onData(chunk) {
        try {
          if (refusal === undefined) receiver.onData(chunk);
          else refusal.push(chunk);
        } catch (error) {
          active.delete(call);
          call.abort();
          fail(error);
        }
      },
      onEnd() {
        active.delete(call);
        if (refusal === undefined) receiver.onEnd();
        else resolve({ status, headers, body: refusal.text() });
      },
      onError(error) {
        active.delete(call);
        fail(error);
      },
    });
    active.add(call, () => {
      receiver.onAborted();
      resolve(undefined);
    });
  });
}
