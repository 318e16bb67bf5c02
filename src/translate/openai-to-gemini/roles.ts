/** Who speaks: OpenAI's roles, by the place their messages take in a Gemini request. */
import { invalidRequest } from "../../errors.ts";
import { ownField } from "../../wire/own-field.ts";
import { isObject, requiredString, wrongType } from "../read-field.ts";

/**
 * - `system`: text for `systemInstruction`
 * - `user`: a content of role `user`
 * - `model`: a content of role `model`
 * - `result`: a function response, in a content of role `user`
 */
export type Side = "system" | "user" | "model" | "result";

const SIDES = new Map<string, Side>([
  ["system", "system"],
  ["developer", "system"],
  ["user", "user"],
  ["assistant", "model"],
  // Gemini's own word, which Google's samples use in this API too.
  ["model", "model"],
  ["tool", "result"],
  ["function", "result"],
]);

/** One message and where it stood. */
export interface PlacedMessage {
  message: Record<string, unknown>;
  /** `messages[3]`. */
  path: string;
  side: Side;
}

/** @throws GatewayError (400) for a message that is not an object, or a role nobody has. */
export function placeMessage(message: unknown, index: number): PlacedMessage {
  const path = `messages[${index}]`;
  if (!isObject(message)) throw wrongType(path, "an object with a role and content", message);
  const role = ownField(message, "role");
  const side = typeof role === "string" ? SIDES.get(role) : undefined;
  if (side === undefined) {
    requiredString(message, "role", `${path}.role`);
    throw invalidRequest(`${path}.role`, `${path}.role: must be one of ${[...SIDES.keys()].join(", ")}.`);
  }
  return { message, path, side };
}
