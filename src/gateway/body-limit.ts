import { GatewayError } from "../errors.ts";

/** The refusal of a body, whichever way it came. */
export function bodyTooLarge(maxBytes: number): GatewayError {
  return new GatewayError(
    { kind: "payload_too_large", maxBytes },
    `The request body is larger than ${maxBytes} bytes. Send large media by reference (a gs:// or https URL), or raise POLLUX_MAX_BODY_BYTES.`,
  );
}
