/** The gateway in process: a `fetch` to hand to an OpenAI client, with no port. WHATWG types live only here. */
import { composeGateway } from "../compose.ts";
import { type ConfigFlags, readConfig } from "../config/config.ts";
import { GatewayError } from "../errors.ts";
import { bodyTooLarge } from "../gateway/body-limit.ts";
import type { Call, Reply } from "../gateway/exchange.ts";
import { answerChat } from "../gateway/front-door.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { defaultUpstream } from "../gateway/routing-choice.ts";
import { toErrorAnswer } from "../gateway/error-answer.ts";
import { mintRequestId } from "../gateway/ids.ts";
import { checkBodyHeaders } from "../gateway/json-body.ts";
import { OUTCOME_HEADER } from "../gateway/send-json.ts";
import { type Observer, observers } from "../observe/observer.ts";
import type { Ticket } from "../gateway/ticket.ts";
import { RequestRecord } from "../observe/request-record.ts";
import { shuttingDown } from "../server/drain.ts";
import { answerPlainRoute, isPlainRoute } from "../server/plain-routes.ts";
import { noRoute } from "../server/no-route.ts";
import { matchRoute } from "../server/routes.ts";
import type { TapeSession } from "../tapes/tape-session.ts";
import { FetchReply } from "./fetch-reply.ts";

export interface GatewayOptions extends ConfigFlags {
  /** Path of a configuration file. Default: `POLLUX_CONFIG`; without one, the environment alone. */
  config?: string;
  /** Read in place of `process.env`. */
  env?: Record<string, string | undefined>;
  /** Told of each request and of what happens around it; what it leaves out, it does not hear of. */
  observer?: Partial<Observer>;
  /** Writes what upstreams are asked and answer on a new tape, or answers from one in their place. */
  tape?: TapeOptions;
}

/** As the flags of `pollux record` and `pollux serve --replay`. */
export type TapeOptions = {
  /** What to leave out besides what always is; the same at recording and at replay. */
  redact?: readonly RegExp[];
} & ({ record: string } | { replay: string; speed?: "true" | "fast"; strict?: boolean });

export interface InProcessGateway {
  /** Answers requests to any host as the served gateway would at that path. */
  fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** Which upstream answers, for people. */
  upstream: string;
  /** Recordings of a tape being replayed that no request has asked for, for people. */
  unusedRecordings: () => string[];
  /** Ends the answers under way, upstream connections and, where there is one, the embedded emulator. */
  close: () => Promise<void>;
}

/**
 * Makes a gateway from the environment, as `pollux serve` does: with no Google credential it is answered by the
 * built-in emulator.
 *
 * @example
 * const gateway = await createGateway();
 * const openai = new OpenAI({ apiKey: "x", baseURL: "http://pollux/v1", fetch: gateway.fetch });
 *
 * @throws SettingsError when the environment holds something unusable; TapeError when the tape cannot be written or
 *   read.
 */
export async function createGateway(options: GatewayOptions = {}): Promise<InProcessGateway> {
  const env = options.env ?? process.env;
  const { config, file } = readConfig(env, options, options.config);
  const tape =
    options.tape === undefined
      ? undefined
      : await openTape(options.tape, options.project ?? env["GOOGLE_CLOUD_PROJECT"]);
  const composed = await composeGateway(tape?.configure(config, file !== undefined) ?? config, {
    ...(tape === undefined ? {} : { upstreamClient: (open) => tape.client(open) }),
    credentials: { env },
    ...(options.observer === undefined ? {} : { observer: observers([options.observer]) }),
    reportBug: (error, requestId) => console.error(`pollux ${requestId}:`, error),
  });
  return {
    fetch: (input, init) => answer(composed.current, new Request(input, init)),
    upstream: tape?.answers ?? defaultUpstream(composed.current).at.description,
    unusedRecordings: () => tape?.unused() ?? [],
    close: async () => {
      composed.openRequests.endAll(shuttingDown());
      await composed.close();
      tape?.close();
    },
  };
}

async function openTape(options: TapeOptions, project: string | undefined): Promise<TapeSession> {
  const { startRecording, startReplay } = await import("../tapes/tape-session.ts");
  if ("record" in options) {
    const { record, ...rest } = options;
    return startRecording({ ...rest, tape: record, report: (problem) => console.error(problem) });
  }
  const { replay, ...rest } = options;
  return startReplay({ ...rest, tape: replay, project, report: (lines) => console.error(lines.join("\n")) });
}

async function answer(gateway: Gateway, request: Request): Promise<Response> {
  const { observer, admission } = gateway;
  let ticket: Ticket | undefined;
  const requestId = mintRequestId();
  const startedAt = performance.now();
  const record = new RequestRecord(requestId, startedAt, observer);
  record.traceparent = request.headers.get("traceparent") ?? undefined;
  try {
    const path = new URL(request.url).pathname;
    const headers = Object.fromEntries(request.headers);
    const matched = matchRoute(request.method, path);
    if (matched === undefined) throw noRoute(request.method, path);
    const { id } = matched.route;
    if (isPlainRoute(id)) {
      record.route = id;
      const plain = await answerPlainRoute(gateway, matched, headers, undefined);
      return json(request, record, plain.status, {}, plain.body, plain.contentType);
    }
    record.begin(id);
    const { callerToken, key } = gateway.access.admit(headers, undefined);
    record.keyId = key?.slice(0, 8);
    checkBodyHeaders(headers);
    ticket = admission.arrive(key);
    const body = await readBody(request, gateway.limits.maxBodyBytes);
    admission.holdBody(ticket, body.length);
    const call: Call = { requestId, headers, body, callerToken, startedAt, record, ticket };
    const reply = new FetchReply(request.signal, record);
    answerChat(gateway, id, path, matched.parameters, call, reply satisfies Reply).catch((error: unknown) => {
      gateway.reportBug(error, requestId);
      reply.destroy();
    });
    return await reply.response;
  } catch (error) {
    if (ticket !== undefined) admission.end(ticket);
    if (!(error instanceof GatewayError)) {
      // What the caller's own stream or signal threw goes back to the caller.
      record.end(false);
      throw error;
    }
    record.fail(error);
    const { status, headers, body } = toErrorAnswer(error, requestId, Math.random());
    return json(request, record, status, headers, body);
  }
}

function json(
  request: Request,
  record: RequestRecord,
  status: number,
  headers: Record<string, string>,
  body: unknown,
  contentType?: string,
): Response {
  const text = contentType === undefined ? JSON.stringify(body) : String(body);
  record.headSent(status);
  record.end(true);
  return new Response(request.method === "HEAD" ? null : text, {
    status,
    headers: {
      ...headers,
      "x-request-id": record.requestId,
      [OUTCOME_HEADER]: record.outcome ?? "completed",
      "content-type": contentType ?? "application/json",
      "content-length": String(Buffer.byteLength(text)),
    },
  });
}

/** @throws GatewayError `payload_too_large` as soon as that is known; and what the caller's own stream threw. */
async function readBody(request: Request, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw bodyTooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw bodyTooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}
