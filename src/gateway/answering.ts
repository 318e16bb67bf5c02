import { GatewayError } from "../errors.ts";
import { ActiveCalls } from "./active-calls.ts";
import { answerHeaders, timed } from "./answer-headers.ts";
import type { Call, Reply } from "./exchange.ts";
import type { Gateway } from "./gateway.ts";
import { sendError } from "./send-json.ts";
import { withoutSecrets } from "./without-secrets.ts";

/**
 * Runs one request's handler: its upstream calls end when the client leaves or the gateway stops, and what it throws
 * is answered. `headers` go with every answer. Never rejects.
 */
export async function answering(
  gateway: Gateway,
  call: Call,
  reply: Reply,
  run: (active: ActiveCalls, headers: Record<string, string>) => Promise<void>,
): Promise<void> {
  const active = new ActiveCalls();
  call.record.phase = "waiting";
  endWith(reply, active, call, gateway);
  const headers = answerHeaders(call);
  try {
    const turn = gateway.admission.begin(call.ticket);
    if (turn !== undefined) {
      call.record.phase = "queued";
      await turn;
      call.record.phase = "waiting";
    }
    await run(active, headers);
    gateway.admission.bodyDone(call.ticket);
  } catch (thrown) {
    const error = withoutSecrets(thrown, gateway.secrets);
    if (!(error instanceof GatewayError)) gateway.reportBug(error, call.requestId);
    call.record.failOf(error, call.body, call.callerToken);
    if (!reply.closed && !reply.headSent) {
      sendError(reply, call.record, timed(headers, call.startedAt), error);
    }
  }
}

/** One for all, as nobody is left to read it. */
const CLIENT_LEFT = new GatewayError(
  { kind: "client_closed" },
  "The client left before the answer was complete.",
);

/** Apart from `answering`, so that the listener keeps nothing of the request for as long as the answer takes. */
function endWith(
  reply: Reply,
  active: ActiveCalls,
  { record, ticket }: Pick<Call, "record" | "ticket">,
  { openRequests, admission }: Gateway,
): void {
  openRequests.add(active);
  reply.onClose(() => {
    admission.end(ticket);
    openRequests.delete(active);
    if (reply.letGo === true) record.settle("slow_client.reading");
    active.end(CLIENT_LEFT);
  });
}
