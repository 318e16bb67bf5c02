import { GatewayError } from "../errors.ts";
import { ActiveCalls } from "./active-calls.ts";
import type { Call, Reply } from "./exchange.ts";
import type { Gateway } from "./gateway.ts";
import { sendError } from "./send-json.ts";

/**
 * Runs one request's handler: its upstream calls end when the client leaves, and what it throws is answered.
 * `headers` go with every answer. Never rejects.
 */
export async function answering(
  gateway: Gateway,
  call: Call,
  reply: Reply,
  run: (active: ActiveCalls, headers: Record<string, string>) => Promise<void>,
): Promise<void> {
  const active = new ActiveCalls();
  reply.onClose(() => active.end());
  const headers: Record<string, string> = { "x-request-id": call.requestId };
  try {
    await run(active, headers);
  } catch (error) {
    active.end();
    if (!(error instanceof GatewayError)) gateway.reportBug(error, call.requestId);
    if (!reply.closed && !reply.headSent) sendError(reply, headers, call.requestId, error);
  }
}
