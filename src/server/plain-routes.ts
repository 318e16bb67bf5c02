/** The routes that answer at once: with a JSON value, the metrics with text. */
import { GatewayError } from "../errors.ts";
import { masked } from "../config/config.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { RequestHeaders } from "../gateway/exchange.ts";
import { authStatusesOfAll } from "../gateway/auth-statuses.ts";
import { routingStateOfAll } from "../gateway/routing-state.ts";
import { listRoutableModels, retrieveModel } from "./model-list.ts";
import { openapiDocument } from "./openapi.ts";
import type { MatchedRoute, RouteId } from "./routes.ts";

export interface PlainAnswer {
  status: number;
  /** Of a body that is text; without it, the body is a JSON value. */
  contentType?: string;
  body: unknown;
}

export type PlainRouteId = Exclude<
  RouteId,
  "chatCompletions" | "vertexChatCompletions" | "endpointChatCompletions"
>;

const PLAIN: ReadonlySet<string> = new Set<PlainRouteId>([
  "listModels",
  "retrieveModel",
  "health",
  "ready",
  "openapi",
  "adminAuth",
  "adminConfig",
  "adminRouting",
  "metrics",
]);

export function isPlainRoute(id: RouteId): id is PlainRouteId {
  return PLAIN.has(id);
}

/**
 * @param address of the connection; undefined for a caller in this process
 * @throws GatewayError
 */
export async function answerPlainRoute(
  gateway: Gateway,
  matched: MatchedRoute,
  headers: RequestHeaders,
  address: string | undefined,
): Promise<PlainAnswer> {
  const { id } = matched.route;
  if (!isPlainRoute(id)) throw new Error(`${id} is no plain route`);
  switch (id) {
    case "listModels":
      gateway.admission.checkLoad();
      gateway.access.admit(headers, address);
      return { status: 200, body: await listRoutableModels(gateway) };
    case "retrieveModel":
      gateway.admission.checkLoad();
      gateway.access.admit(headers, address);
      return { status: 200, body: await retrieveModel(gateway, matched.parameters["model"] ?? "") };
    case "health":
      return { status: 200, body: { status: "ok" } };
    case "ready":
      return gateway.draining()
        ? { status: 503, body: { status: "draining" } }
        : { status: 200, body: { status: "ready" } };
    case "adminAuth":
      gateway.access.admitAdmin(headers, address);
      return { status: 200, body: await authStatusesOfAll(gateway) };
    case "adminConfig":
      gateway.access.admitAdmin(headers, address);
      return { status: 200, body: masked(gateway.config) };
    case "adminRouting":
      gateway.access.admitAdmin(headers, address);
      return { status: 200, body: await routingStateOfAll(gateway) };
    case "metrics":
      gateway.access.admitAdmin(headers, address);
      if (gateway.metrics === undefined) {
        throw new GatewayError(
          { kind: "not_found", code: "unknown_url" },
          "The metrics are not served here.",
        );
      }
      return {
        status: 200,
        contentType: gateway.metrics.contentType,
        body: await gateway.metrics.text(),
      };
    case "openapi":
      return { status: 200, body: openapiDocument() };
    default:
      return id satisfies never;
  }
}
