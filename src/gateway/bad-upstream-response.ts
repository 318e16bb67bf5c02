import { GatewayError } from "../errors.ts";

/**
 * What an upstream sent where JSON was due.
 * @param otherwise completes "The upstream answered with a body that …"
 * @throws GatewayError `bad_upstream_response`
 */
export function parseUpstreamJson(text: string, otherwise = "is not JSON"): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badUpstreamResponse(otherwise, error);
  }
}

/** The upstream answered 200 with something that is no Gemini answer; its text is not passed on. */
export function badUpstreamResponse(what: string, cause?: unknown): GatewayError {
  return new GatewayError(
    {
      kind: "upstream",
      status: 502,
      type: "server_error",
      code: "bad_upstream_response",
      param: null,
    },
    `The upstream answered with a body that ${what}.`,
    cause === undefined ? undefined : { cause },
  );
}
