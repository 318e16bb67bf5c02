import { invalidRequest } from "../../errors.ts";
import type { JsonObject, SafetySetting } from "../../wire/gemini.ts";
import { isObject, optionalArray, optionalString, requiredString, wrongType } from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import type { GoogleOptions } from "./extra-body.ts";
import { toNativeOption } from "./native-option.ts";
import { noteUnknownKeys } from "./unknown-fields.ts";

/** There are seven categories; a few more may come. */
const MAX_SAFETY_SETTINGS = 64;
/** The sets of categories, thresholds and methods grow, so any enum-like word goes through. */
const ENUM_WORD = /^[A-Za-z][A-Za-z_]{0,63}$/;

export interface Safety {
  safetySettings?: SafetySetting[];
  modelArmorConfig?: JsonObject;
}

/**
 * `extra_body.google.safety_settings` and `model_armor_config`, which exclude each other.
 *
 * @throws GatewayError `invalid_request` naming the entry that is wrong.
 */
export function toSafety(google: GoogleOptions, context: RequestContext): Safety {
  const safetySettings = toSafetySettings(google, context);
  const modelArmorConfig = toModelArmor(google, context);
  if (safetySettings !== undefined && modelArmorConfig !== undefined) {
    const armor = google.get("model_armor_config")?.path ?? "model_armor_config";
    throw invalidRequest(armor, `${armor}: takes the place of safety_settings; send only one of them.`);
  }
  const safety: Safety = {};
  if (safetySettings !== undefined) safety.safetySettings = safetySettings;
  if (modelArmorConfig !== undefined) safety.modelArmorConfig = modelArmorConfig;
  return safety;
}

function toSafetySettings(google: GoogleOptions, context: RequestContext): SafetySetting[] | undefined {
  const option = google.get("safety_settings");
  const entries =
    option && optionalArray(option.object, option.key, option.path, { maxItems: MAX_SAFETY_SETTINGS });
  if (option === undefined || entries === undefined || entries.length === 0) {
    return undefined;
  }
  return entries.map((entry, index) => toSafetySetting(entry, `${option.path}[${index}]`, context));
}

function toSafetySetting(entry: unknown, path: string, context: RequestContext): SafetySetting {
  if (!isObject(entry)) {
    throw wrongType(path, "an object with category and threshold", entry);
  }
  const setting: SafetySetting = {
    category: enumWord(requiredString(entry, "category", `${path}.category`), `${path}.category`),
    threshold: enumWord(requiredString(entry, "threshold", `${path}.threshold`), `${path}.threshold`),
  };
  context.notes.used(`${path}.category`, "safety-settings");
  context.notes.used(`${path}.threshold`, "safety-settings");
  const method = optionalString(entry, "method", `${path}.method`);
  if (method !== undefined && context.target.surface === "vertex") {
    setting.method = enumWord(method, `${path}.method`);
    context.notes.used(`${path}.method`, "safety-settings");
  } else if (method !== undefined) {
    context.notes.add("ignored", "safety-settings", `${path}.method`, "Only Vertex AI has safety methods.");
  }
  noteUnknownKeys(entry, ["category", "threshold", "method"], path, context.notes, "safety-settings");
  return setting;
}

function enumWord(written: string, path: string): string {
  if (!ENUM_WORD.test(written)) {
    throw invalidRequest(
      path,
      `${path}: must be one of Gemini's names, such as HARM_CATEGORY_HARASSMENT or BLOCK_ONLY_HIGH.`,
    );
  }
  return written.toUpperCase();
}

function toModelArmor(google: GoogleOptions, context: RequestContext): JsonObject | undefined {
  const option = google.get("model_armor_config");
  if (option !== undefined && context.target.surface !== "vertex") {
    context.notes.add("ignored", "model-armor", option.path, "Only Vertex AI has Model Armor.");
    return undefined;
  }
  return toNativeOption(google, "model_armor_config", "model-armor", context);
}
