/** A request as it goes over the wire. */
import { isIP } from "node:net";
import { FIELD_VALUE, TOKEN } from "../wire/http1-fields.ts";
import { isList, lengthOf } from "./sent-body.ts";
import type { UpstreamBody, UpstreamRequest } from "./upstream.ts";

const PATH = /^\/[\x21-\x7e]*$/;

/** What says how a message is framed, or what becomes of the connection, is for this client to say. */
const OWN_HEADERS = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Names that were found good. Callers use the same few. */
const goodNames = new Set<string>();
const MAX_GOOD_NAMES = 256;

/** A request that cannot be sent as it is: a mistake of this program, as everything from outside was checked before. */
export class UnsendableRequest extends TypeError {
  readonly code = "ERR_UNSENDABLE_REQUEST";
}

/** Host and port of an origin, taken apart once. */
export interface OriginAddress {
  secure: boolean;
  /** Without the brackets of an IPv6 address. */
  hostname: string;
  port: number;
  /** The `host` header. */
  host: string;
  /** The name to ask the certificate for; undefined for an IP address, which has none (RFC 6066, 3). */
  servername: string | undefined;
}

export function addressOf(origin: string): OriginAddress {
  const url = new URL(origin);
  const secure = url.protocol === "https:";
  if (!secure && url.protocol !== "http:") throw new UnsendableRequest(`no HTTP origin: ${url.protocol}`);
  const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return {
    secure,
    hostname,
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    host: url.host,
    servername: isIP(hostname) === 0 ? hostname : undefined,
  };
}

export interface RequestText {
  /** Request line and headers up to the empty line, in Latin-1. */
  head: string;
  body: UpstreamBody | undefined;
  /** Of the body, in bytes. */
  length: number;
}

/** @throws UnsendableRequest */
export function requestText(request: UpstreamRequest, host: string): RequestText {
  const { body } = request;
  const length = byteLength(body);
  return { head: headOf(request, host, length), body, length };
}

function headOf({ method, path, headers }: UpstreamRequest, host: string, length: number): string {
  if (!PATH.test(path)) throw new UnsendableRequest("the path of a request cannot be sent");
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  let hasAgent = false;
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    const lower = checkedName(name);
    if (lower === "accept-encoding") continue;
    if (lower === "user-agent") hasAgent = true;
    if (!FIELD_VALUE.test(value)) {
      throw new UnsendableRequest(`the header ${name} of a request cannot be sent`);
    }
    head += `${name}: ${value}\r\n`;
  }
  if (!hasAgent) head += "user-agent: pollux\r\n";
  // No body of a GET is not an empty one (RFC 9110, 8.6).
  return length > 0 || method === "POST"
    ? `${head}accept-encoding: identity\r\ncontent-length: ${length}\r\n\r\n`
    : `${head}accept-encoding: identity\r\n\r\n`;
}

function byteLength(body: UpstreamBody | undefined): number {
  if (body === undefined) return 0;
  if (typeof body === "string") return Buffer.byteLength(body);
  return isList(body) ? lengthOf(body) : body.length;
}

/** The name in lower case. */
function checkedName(name: string): string {
  if (goodNames.has(name)) return name;
  const lower = name.toLowerCase();
  if (!TOKEN.test(name) || OWN_HEADERS.has(lower)) {
    throw new UnsendableRequest(
      `the header ${JSON.stringify(name.slice(0, 64))} of a request cannot be sent`,
    );
  }
  if (lower === name && name.length <= 64 && goodNames.size < MAX_GOOD_NAMES) goodNames.add(name);
  return lower;
}
