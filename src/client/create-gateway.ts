/** The gateway in process: a `fetch` to hand to an OpenAI client, with no port. WHATWG types live only here. */
import { composeGateway } from "../compose.ts";
import { type ConfigFlags, readConfig } from "../config/config.ts";
import { GatewayError } from "../errors.ts";
import type { Call, Reply } from "../gateway/exchange.ts";
import { answerChat } from "../gateway/front-door.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { defaultUpstream } from "../gateway/routing-choice.ts";
import { toErrorAnswer } from "../gateway/error-answer.ts";
import { mintRequestId } from "../gateway/ids.ts";
import { checkBodyHeaders } from "../gateway/json-body.ts";
import { answerPlainRoute, isPlainRoute } from "../server/plain-routes.ts";
import { noRoute } from "../server/no-route.ts";
import { matchRoute } from "../server/routes.ts";
import { FetchReply } from "./fetch-reply.ts";

export interface GatewayOptions extends ConfigFlags {
  /** Path of a configuration file. Default: `POLLUX_CONFIG`; without one, the environment alone. */
  config?: string;
  /** Read in place of `process.env`. */
  env?: Record<string, string | undefined>;
}

export interface InProcessGateway {
  /** Answers requests to any host as the served gateway would at that path. */
  fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** Which upstream answers, for people. */
  upstream: string;
  /** Ends upstream connections and, where there is one, the embedded emulator. */
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
 * @throws SettingsError when the environment holds something unusable.
 */
export async function createGateway(options: GatewayOptions = {}): Promise<InProcessGateway> {
  const env = options.env ?? process.env;
  const { config } = readConfig(env, options, options.config);
  const composed = await composeGateway(config, {
    credentials: { env },
    reportBug: (error, requestId) => console.error(`pollux ${requestId}:`, error),
  });
  return {
    fetch: (input, init) => answer(composed.current, new Request(input, init)),
    upstream: defaultUpstream(composed.current).at.description,
    close: () => composed.close(),
  };
}

async function answer(gateway: Gateway, request: Request): Promise<Response> {
  const requestId = mintRequestId();
  const startedAt = performance.now();
  try {
    const path = new URL(request.url).pathname;
    const headers = Object.fromEntries(request.headers);
    const matched = matchRoute(request.method, path);
    if (matched === undefined) throw noRoute(request.method, path);
    const { id } = matched.route;
    if (isPlainRoute(id)) {
      const plain = answerPlainRoute(gateway, matched, headers);
      return Response.json(plain.body, { status: plain.status, headers: { "x-request-id": requestId } });
    }
    const { callerToken } = gateway.access.admit(headers);
    checkBodyHeaders(headers);
    const body = Buffer.from(await request.arrayBuffer());
    if (body.length > gateway.limits.maxBodyBytes) {
      const { maxBodyBytes } = gateway.limits;
      throw new GatewayError(
        { kind: "payload_too_large", maxBytes: maxBodyBytes },
        `The request body is larger than ${maxBodyBytes} bytes.`,
      );
    }
    const call: Call = { requestId, headers, body, callerToken, startedAt };
    const reply = new FetchReply(request.signal);
    void answerChat(gateway, id, path, matched.parameters, call, reply satisfies Reply);
    return await reply.response;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const { status, headers, body } = toErrorAnswer(error, requestId);
    return Response.json(body, { status, headers: { ...headers, "x-request-id": requestId } });
  }
}
