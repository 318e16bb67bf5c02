/** The stream of an OpenAI-shaped upstream, mended event by event. */
import type { GatewayError } from "../errors.ts";
import type { RepairOptions } from "../translate/repair/options.ts";
import type { RouteTarget } from "../routing/route.ts";
import { StreamRepair } from "../translate/repair/stream.ts";
import type { ActiveCalls } from "./active-calls.ts";
import type { OpenaiConnection } from "./connected-upstream.ts";
import type { Call, Reply } from "./exchange.ts";
import type { GatheredAnswer } from "./gather.ts";
import type { Gateway } from "./gateway.ts";
import { StreamedAnswer } from "./streamed-answer.ts";
import { type BuildRequest, streamAuthorized } from "./upstream-session.ts";

export interface RepairedStreamParts {
  gateway: Gateway;
  upstream: OpenaiConnection;
  call: Call;
  reply: Reply;
  active: ActiveCalls;
  headers: Record<string, string>;
  build: BuildRequest;
  toError: (answer: GatheredAnswer) => GatewayError;
  options: RepairOptions;
  target: RouteTarget;
}

/** Settles as `streamAnswer` does. */
export function repairedStream(parts: RepairedStreamParts): Promise<void> {
  const { gateway, upstream, call, reply, active, headers, build, toError, options, target } = parts;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const repair = new StreamRepair(options);
  let stray = "";
  const answer = new StreamedAnswer(
    {
      gateway,
      call,
      reply,
      active,
      headers,
      target,
      sources: 1,
      translation: {
        push: (data, _source, eventName) => repair.push(data, eventName),
        finishSource: (_source, text) => {
          stray = text;
        },
        end: () => repair.end(stray),
        isComplete: () => repair.ended || repair.done,
        usage: () => repair.usage,
      },
    },
    resolve,
    reject,
  );
  streamAuthorized(upstream, call.callerToken, build, active, answer.receiver(0), toError).catch(
    (error: unknown) => answer.fail(error),
  );
  return promise;
}
