/** The chat routes, in front of all others: what is done for each request costs throughput here. */
import { GatewayError } from "../errors.ts";
import { type Call, header } from "../gateway/exchange.ts";
import { answerChat, type ChatRouteId } from "../gateway/front-door.ts";
import type { Gateway, GatewayHandle } from "../gateway/gateway.ts";
import { checkBodyHeaders } from "../gateway/json-body.ts";
import { sendError } from "../gateway/send-json.ts";
import type { RequestRecord } from "../observe/request-record.ts";
import { checkLoopbackHost } from "./host-check.ts";
import type { Deadlines } from "./deadlines.ts";
import type { HttpReply } from "./http-reply.ts";
import type { HttpRequest } from "./http-request.ts";
import { isPlainRoute } from "./plain-routes.ts";
import { readBody } from "./read-body.ts";
import { matchRoute } from "./routes.ts";

/** Handles a request if it is for a chat route; false leaves it to the rest of the server. */
export type HotRoutes = (request: HttpRequest, reply: HttpReply, record: RequestRecord) => boolean;

export function createHotRoutes(handle: GatewayHandle, deadlines: Deadlines): HotRoutes {
  return (request, reply, record) => {
    if (request.method !== "POST") return false;
    const path = pathOf(request.target);
    const matched = matchRoute("POST", path);
    if (matched === undefined) return false;
    const { id } = matched.route;
    if (isPlainRoute(id)) return false;
    const gateway = handle.current;
    record.begin(id);
    void serveChat(gateway, id, path, matched.parameters, request, reply, record, deadlines);
    return true;
  };
}

/** Never rejects: what goes wrong is answered. */
async function serveChat(
  gateway: Gateway,
  id: ChatRouteId,
  path: string,
  parameters: Record<string, string>,
  request: HttpRequest,
  reply: HttpReply,
  record: RequestRecord,
  deadlines: Deadlines,
): Promise<void> {
  try {
    const call = begin(gateway, request, reply, record);
    const { admission, limits } = gateway;
    const { ticket } = call;
    // It lives as long as the connection's answer, so it must not hold the call, which holds the body.
    call.body = await readBody(request, limits, deadlines, (bytes) => admission.holdBody(ticket, bytes));
    await answerChat(gateway, id, path, parameters, call, reply);
  } catch (error) {
    if (!(error instanceof GatewayError)) gateway.reportBug(error, record.requestId);
    sendError(reply, record, { "x-request-id": record.requestId }, error);
  }
}

const NOT_YET = Buffer.alloc(0);

/** Before the body: a caller without a key must not make the gateway hold 50 MB for it. */
function begin(gateway: Gateway, request: HttpRequest, reply: HttpReply, record: RequestRecord): Call {
  const { requestId, startedAt } = record;
  const { admission } = gateway;
  const { headers } = request;
  if (gateway.access.open) checkLoopbackHost(header(headers, "host"));
  const { callerToken, key } = gateway.access.admit(headers, request.remoteAddress);
  record.keyId = key?.slice(0, 8);
  checkBodyHeaders(headers);
  const ticket = admission.arrive(key);
  reply.onClose(() => admission.end(ticket));
  return { requestId, headers, body: NOT_YET, callerToken, startedAt, record, ticket };
}

/** The path without its query; an absolute-form target (`POST http://host/path`) has one too. */
export function pathOf(target: string): string {
  const query = target.indexOf("?");
  const path = query === -1 ? target : target.slice(0, query);
  if (path.startsWith("/")) return path;
  const scheme = path.indexOf("://");
  const slash = scheme === -1 ? -1 : path.indexOf("/", scheme + 3);
  return slash === -1 ? "/" : path.slice(slash);
}
