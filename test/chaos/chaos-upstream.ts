/** An emulated Gemini whose answers follow the plans, and which knows what it is still generating. */
import { createServer, type Server, type ServerResponse } from "node:http";
import { EmulatorHandler } from "../../src/emulator/emulator-handler.ts";
import type { MatchedRequest, RuleOutcome } from "../../src/emulator/script.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { lastingPort } from "./lasting-port.ts";
import type { Observation, UpstreamCall } from "./observation.ts";
import type { UpstreamName } from "./plan.ts";
import { upstreamAnswer } from "./upstream-answer.ts";

const ID = /Chaos request <(\w+)>/;
/** Between stream events, in milliseconds. */
const PACE_MS = 3;
/** Short, so that idle connections are closed under the gateway's hands, and are gone soon after the last request. */
const KEEP_ALIVE_MS = 4_000;

export interface ChaosUpstream {
  readonly port: number;
  /** Calls being answered now. */
  readonly generating: number;
  /** Calls in all. */
  readonly calls: number;
  /** Told of calls for requests that are not under way any more. */
  onStranger(id: string): void;
  /** Drops every connection and is away for so long. */
  restart(awayMs: number): Promise<void>;
  close(): Promise<void>;
}

/** @param underWay requests by id, from before they are sent until they are checked */
export async function startChaosUpstream(
  name: UpstreamName,
  underWay: ReadonlyMap<string, Observation>,
): Promise<ChaosUpstream> {
  const handler = new EmulatorHandler({ paceMs: PACE_MS, keepRequests: 0 }, []);
  const open = new Set<ServerResponse>();
  /** A rule sees of a request only what it may match; its headers tell which it is. */
  const responses = new WeakMap<object, ServerResponse>();
  let calls = 0;

  handler.rules.match = (request: MatchedRequest): RuleOutcome | undefined => {
    const id = ID.exec(request.body)?.[1];
    if (id === undefined) return undefined;
    const observation = underWay.get(id);
    if (observation === undefined) {
      upstream.onStranger(id);
      return undefined;
    }
    const { plan } = observation;
    const earlier = observation.calls.some(({ upstream }) => upstream === name);
    const fault = plan.faultOnce && earlier ? undefined : plan.faults[name];
    const call: UpstreamCall = {
      upstream: name,
      at: performance.now(),
      ...(fault !== undefined ? { fault } : {}),
    };
    observation.calls.push(call);
    const response = responses.get(request.headers);
    if (response?.closed === true) call.endedAt = call.at;
    else response?.once("close", () => (call.endedAt = performance.now()));
    const candidateCount = Number(/"candidateCount":\s*(\d)/.exec(request.body)?.[1] ?? 1);
    const faults = [plan.kind === "long-answer" ? "slow=0" : undefined, fault].filter(Boolean).join(";");
    return {
      ...upstreamAnswer(plan, request.stream, candidateCount),
      ...(faults === "" ? {} : { fault: faults }),
    };
  };

  const listen = (at: number): Promise<Server> => {
    const server = createServer((request, response) => {
      calls += 1;
      open.add(response);
      responses.set(request.headers, response);
      response.once("close", () => open.delete(response));
      void handler.handle(request, response);
    });
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.requestTimeout = 0;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(at, "127.0.0.1", () => {
        server.off("error", reject);
        resolve(server);
      });
    });
  };

  const port = await lastingPort();
  let server = await listen(port);
  let restarting: Promise<void> = Promise.resolve();
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const upstream: ChaosUpstream = {
    port,
    get generating() {
      return open.size;
    },
    get calls() {
      return calls;
    },
    onStranger() {},
    restart: (awayMs) => {
      const before = restarting;
      restarting = (async () => {
        await before;
        await stop();
        await sleep(awayMs);
        server = await listen(port);
      })();
      return restarting;
    },
    close: stop,
  };
  return upstream;
}
