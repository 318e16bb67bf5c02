/** One record for each request that reaches the server, also for those that are no HTTP. */
import { header } from "../gateway/exchange.ts";
import { mintRequestId } from "../gateway/ids.ts";
import type { Observer } from "../observe/observer.ts";
import { RequestRecord } from "../observe/request-record.ts";
import type { HttpRequest } from "./http-request.ts";

/** @param request undefined for what never became one */
export function newRecord(observer: Observer, request: HttpRequest | undefined): RequestRecord {
  const record = new RequestRecord(mintRequestId(), performance.now(), observer);
  if (request !== undefined) record.traceparent = header(request.headers, "traceparent");
  return record;
}
