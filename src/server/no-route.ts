import { GatewayError } from "../errors.ts";
import { methodsFor } from "./routes.ts";

/** The 405 or 404 for a method and path that no route takes. */
export function noRoute(method: string, path: string): GatewayError {
  const allowed = methodsFor(path);
  if (allowed.length > 0) {
    return new GatewayError(
      { kind: "method_not_allowed", allow: allowed.join(", ") },
      `${method} is not allowed here; use ${allowed.join(" or ")}.`,
    );
  }
  return new GatewayError(
    { kind: "not_found", code: "unknown_url" },
    `Unknown request URL: ${method} ${printable(path)}. GET /openapi.json lists what there is; ` +
      "an OpenAI client's base URL ends in /v1.",
  );
}

function printable(text: string): string {
  return text.slice(0, 200).replace(/[^\x20-\x7e]/g, "?");
}
