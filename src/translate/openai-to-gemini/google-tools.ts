import { invalidRequest } from "../../errors.ts";
import type { FunctionDeclaration, Json, JsonObject, Tool } from "../../wire/gemini.ts";
import type { ChatCompletionRequest } from "../../wire/openai.ts";
import { isObject, optionalArray, optionalObject, wrongType } from "../read-field.ts";
import type { RequestContext } from "../target.ts";
import type { GoogleOptions } from "./extra-body.ts";
import { copyNative, copyNativeMessage, toCamelCase } from "./native-json.ts";
import { memberPath } from "./member-path.ts";

const MAX_TOOLS = 64;
/** Their insides hold maps whose keys are the caller's own: property names, header names. */
const TOOLS_WITH_MAPS = ["functionDeclarations", "mcpServers"];

export interface GoogleTools {
  /** Functions declared natively: they belong in one tool with all others. */
  declarations: FunctionDeclaration[];
  /** Tools that Google runs. */
  hosted: Tool[];
}

/**
 * Gemini's own tools: those of `extra_body.google.tools`, and Google Search for `web_search_options`.
 *
 * @throws GatewayError `invalid_request` for entries that are not objects.
 */
export function toGoogleTools(
  request: ChatCompletionRequest,
  google: GoogleOptions,
  context: RequestContext,
): GoogleTools {
  const found: GoogleTools = { declarations: [], hosted: [] };
  for (const { functionDeclarations, ...hosted } of nativeTools(google, context)) {
    found.declarations.push(...(functionDeclarations ?? []));
    if (Object.keys(hosted).length > 0) {
      found.hosted.push(hosted);
    }
  }
  const search = toSearch(request, context);
  if (search !== undefined && !found.hosted.some((tool) => Object.hasOwn(tool, "googleSearch"))) {
    found.hosted.push(search);
  }
  return found;
}

function nativeTools(google: GoogleOptions, context: RequestContext): Tool[] {
  const option = google.get("tools");
  const entries = option && optionalArray(option.object, option.key, option.path, { maxItems: MAX_TOOLS });
  if (option === undefined || entries === undefined) {
    return [];
  }
  context.notes.used(option.path, "google-tools");
  return entries.map((entry, index) => nativeTool(entry, `${option.path}[${index}]`));
}

function nativeTool(entry: unknown, path: string): Tool {
  if (!isObject(entry) || Object.keys(entry).length === 0) {
    throw isObject(entry)
      ? invalidRequest(path, `${path}: is empty; write a tool such as {"google_search": {}}.`)
      : wrongType(path, 'an object such as {"google_search": {}}', entry);
  }
  return Object.fromEntries(
    Object.entries(entry).map(([key, value]): [string, Json] => {
      const name = toCamelCase(key);
      const field = memberPath(path, key);
      return [
        name,
        TOOLS_WITH_MAPS.includes(name) ? copyEntries(value, field) : copyNativeMessage(value, field),
      ];
    }),
  );
}

/** Keys of the entries in camelCase, everything below as it is. */
function copyEntries(value: unknown, path: string): Json {
  if (!Array.isArray(value)) {
    throw wrongType(path, "an array", value);
  }
  return value.map((entry, index) => {
    const field = `${path}[${index}]`;
    if (!isObject(entry)) {
      throw wrongType(field, "an object", entry);
    }
    return Object.fromEntries(
      Object.entries(entry).map(([key, inner]) => [
        toCamelCase(key),
        copyNative(inner, memberPath(field, key)),
      ]),
    ) as JsonObject;
  });
}

function toSearch(request: ChatCompletionRequest, context: RequestContext): Tool | undefined {
  const options = optionalObject(request, "web_search_options", "web_search_options");
  if (options === undefined) {
    return undefined;
  }
  for (const [key, value] of Object.entries(options)) {
    if (value !== null && value !== undefined) {
      context.notes.add(
        "ignored",
        "web-search",
        memberPath("web_search_options", key),
        "Google Search takes no such option here.",
      );
    }
  }
  context.notes.used("web_search_options", "web-search");
  return { googleSearch: {} };
}
