import { expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { connectFailure, exchangeFailure } from "./transport-error.ts";

const withCode = (code: string): Error => Object.assign(new Error("low-level text"), { code });
const origin = "https://us-east1-aiplatform.googleapis.com";

test.each<[string, string, number, boolean | undefined, RegExp]>([
  ["ECONNREFUSED", "upstream_unreachable", 503, true, /ECONNREFUSED/],
  ["EHOSTUNREACH", "upstream_unreachable", 503, true, /EHOSTUNREACH/],
  ["EAI_AGAIN", "upstream_unreachable", 502, true, /looked up.*EAI_AGAIN/],
  ["ECONNRESET", "upstream_unreachable", 503, true, /ECONNRESET/],
  ["ENOTFOUND", "upstream_unreachable", 502, false, /does not exist.*location/],
  ["CERT_HAS_EXPIRED", "upstream_tls_error", 502, false, /not valid today/],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "upstream_tls_error", 502, false, /another host/],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "upstream_tls_error", 502, false, /NODE_EXTRA_CA_CERTS/],
  ["EPROTO", "upstream_tls_error", 502, false, /handshake/],
])("no connection: %s", (code, expected, status, shouldRetry, message) => {
  const error = connectFailure(origin, withCode(code));
  expect(error).toBeInstanceOf(GatewayError);
  expect(error).toMatchObject({
    failure: { kind: "upstream", status, type: "server_error", code: expected, param: null, shouldRetry },
    message: expect.stringMatching(message),
  });
  expect(error.message).toContain("us-east1-aiplatform.googleapis.com");
  expect(error.message).not.toContain("low-level");
});

test.each<[string, boolean, string]>([
  ["UND_ERR_SOCKET", false, "upstream_reset"],
  ["ECONNRESET", true, "upstream_reset"],
  ["EPIPE", false, "upstream_reset"],
  ["HPE_INVALID_CONSTANT", false, "bad_upstream_response"],
  ["UND_ERR_HEADERS_OVERFLOW", false, "bad_upstream_response"],
  ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", true, "bad_upstream_response"],
])("a broken exchange: %s", (code, insideAnswer, expected) => {
  const error = exchangeFailure(origin, withCode(code), insideAnswer);
  expect(error).toMatchObject({ failure: { kind: "upstream", status: 502, code: expected } });
  if (expected === "upstream_reset") {
    expect(error.message).toMatch(insideAnswer ? /before its answer was complete/ : /without an answer/);
  }
});

test("a mistake of the program's own is left as it is", () => {
  const mistake = new TypeError("x is not a function");
  expect(connectFailure(origin, mistake)).toBe(mistake);
  expect(exchangeFailure(origin, mistake, true)).toBe(mistake);
});
