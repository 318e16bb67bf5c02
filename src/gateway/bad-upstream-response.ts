import { GatewayError } from "../errors.ts";

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
