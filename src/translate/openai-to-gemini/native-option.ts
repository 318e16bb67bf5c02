import type { JsonObject } from "../../wire/gemini.ts";
import { optionalObject } from "../read-field.ts";
import type { RuleId } from "../rules.ts";
import type { RequestContext } from "../target.ts";
import type { GoogleOptionName, GoogleOptions } from "./extra-body.ts";
import { copyNativeMessage } from "./native-json.ts";

/**
 * One of Google's options that is an object and goes on as it is, its keys in REST's spelling.
 *
 * @throws GatewayError `invalid_request` when it is no object, or holds what JSON cannot.
 */
export function toNativeOption(
  google: GoogleOptions,
  name: GoogleOptionName,
  rule: RuleId,
  context: RequestContext,
): JsonObject | undefined {
  const option = google.get(name);
  const value = option && optionalObject(option.object, option.key, option.path);
  if (option === undefined || value === undefined) {
    return undefined;
  }
  context.notes.used(option.path, rule);
  return copyNativeMessage(value, option.path) as JsonObject;
}
