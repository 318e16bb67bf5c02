/** Requests that never became one: answered without the gateway, in OpenAI's shape all the same. */
import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { OUTCOME_HEADER } from "../gateway/send-json.ts";
import type { Observer } from "../observe/observer.ts";
import type { RequestRecord } from "../observe/request-record.ts";
import type { ErrorBody } from "../wire/openai.ts";
import { refused } from "./request-tracking.ts";

interface Refusal {
  status: string;
  code: string;
  message: string;
}

const MALFORMED: Refusal = {
  status: "400 Bad Request",
  code: "malformed_http",
  message: "The request is not valid HTTP/1.1.",
};

const REFUSALS: ReadonlyMap<string, Refusal> = new Map([
  [
    "HPE_HEADER_OVERFLOW",
    {
      status: "431 Request Header Fields Too Large",
      code: "headers_too_large",
      message: "The request's headers are larger than the gateway takes.",
    },
  ],
  [
    "ERR_HTTP_REQUEST_TIMEOUT",
    {
      status: "408 Request Timeout",
      code: "request_timeout",
      message: "The request did not arrive in time.",
    },
  ],
]);

/** For node:http's `clientError`. */
export function refuseBrokenRequest(
  error: Error & { code?: string },
  socket: Duplex,
  observer: Observer,
): void {
  // More of what was refused: see `refuse`.
  if (socket.writableEnded && !socket.destroyed) return;
  // The other side is gone: there is nobody to tell.
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  refuse(socket, observer, REFUSALS.get(error.code ?? "") ?? MALFORMED);
}

/** For CONNECT: this is no forward proxy. */
export function refuseTunnel(socket: Duplex, observer: Observer): void {
  refuse(socket, observer, {
    status: "405 Method Not Allowed",
    code: "method_not_allowed",
    message: "CONNECT is not supported: this is an API server and not a proxy.",
  });
}

/** HTTP/1.1 asks for a Host (RFC 9112, section 3.2). */
export function refuseMissingHost(response: ServerResponse, record: RequestRecord): void {
  answer(response, record, 400, { ...MALFORMED, message: "The request has no Host header." });
}

/** For an `Expect` other than `100-continue` (RFC 9110, section 10.1.1). */
export function refuseExpectation(response: ServerResponse, record: RequestRecord): void {
  answer(response, record, 417, {
    code: "expectation_failed",
    message: "The only expectation that can be met is Expect: 100-continue.",
  });
}

function answer(
  response: ServerResponse,
  record: RequestRecord,
  status: number,
  refusal: Omit<Refusal, "status">,
): void {
  record.settle("refused.http");
  response
    .writeHead(status, {
      "content-type": "application/json",
      "x-request-id": record.requestId,
      [OUTCOME_HEADER]: "refused.http",
      connection: "close",
    })
    .end(toBody(refusal));
}

/** How long a client that has its answer may go on sending. */
const LINGER_MS = 10_000;

/** The socket is read on until the client closes it: closed with unread bytes in it, the answer would be lost. */
function refuse(socket: Duplex, observer: Observer, refusal: Refusal): void {
  const status = Number.parseInt(refusal.status, 10);
  const outcome = status === 408 ? "slow_client.sending" : "refused.http";
  const { requestId } = refused(observer, socket, outcome, status);
  const text = toBody(refusal);
  socket.end(
    `HTTP/1.1 ${refusal.status}\r\ncontent-type: application/json\r\nx-request-id: ${requestId}\r\n` +
      `${OUTCOME_HEADER}: ${outcome}\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  );
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once("close", () => clearTimeout(timer));
}

function toBody({ message, code }: Omit<Refusal, "status">): string {
  const body: ErrorBody = { error: { message, type: "invalid_request_error", param: null, code } };
  return JSON.stringify(body);
}
