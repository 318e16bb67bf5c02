/** How many of everything a request may hold, whoever answers it. */
import { invalidRequest, type GatewayError } from "../errors.ts";
import { Base64Text } from "../wire/base64-text.ts";
import { ownField } from "../wire/own-field.ts";
import type { Limits } from "./gateway.ts";

export type CountLimits = Pick<
  Limits,
  "maxMessages" | "maxParts" | "maxTools" | "maxStopSequences" | "maxInlineMediaBytes"
>;

/**
 * Only counts: what the fields hold is for whoever reads them.
 * @param bodyBytes of the text that `body` was parsed from
 * @throws GatewayError `invalid_request` that names the field
 */
export function checkCounts(
  body: Readonly<Record<string, unknown>>,
  bodyBytes: number,
  limits: CountLimits,
): void {
  const { messages } = body;
  checkLength("messages", messages, limits.maxMessages);
  checkLength("tools", body["tools"], limits.maxTools);
  checkLength("functions", body["functions"], limits.maxTools);
  checkLength("stop", body["stop"], limits.maxStopSequences);
  if (!Array.isArray(messages)) return;
  for (let index = 0; index < messages.length; index += 1) {
    const content: unknown = ownField(messages[index], "content");
    if (Array.isArray(content) && content.length > limits.maxParts) {
      throw tooLong(`messages[${index}].content`, content.length, limits.maxParts);
    }
  }
  // Base64 is a third longer than what it stands for: there cannot be as much of it in a shorter body.
  if (bodyBytes * 0.75 > limits.maxInlineMediaBytes) checkMedia(messages, limits.maxInlineMediaBytes);
}

function checkLength(param: string, list: unknown, most: number): void {
  if (Array.isArray(list) && list.length > most) throw tooLong(param, list.length, most);
}

/** As OpenAI says it. */
function tooLong(param: string, length: number, most: number): GatewayError {
  return invalidRequest(
    param,
    `Invalid '${param}': array too long. Expected an array with maximum length ${most}, but got an array with length ${length} instead.`,
    "array_above_max_length",
  );
}

/** Where each kind of content part has its data. */
const DATA_OF = new Map([
  ["image_url", "url"],
  ["video_url", "url"],
  ["input_audio", "data"],
  ["file", "file_data"],
]);

function checkMedia(messages: readonly unknown[], most: number): void {
  let bytes = 0;
  for (const [index, message] of messages.entries()) {
    const content = ownField(message, "content");
    if (!Array.isArray(content)) continue;
    for (const [place, part] of content.entries()) {
      bytes += mediaBytes(part);
      if (bytes <= most) continue;
      const param = `messages[${index}].content[${place}]`;
      throw invalidRequest(
        param,
        `${param}: with this part, more than ${most} bytes of media stand in the request as base64. Send media by reference: a gs:// or https URL.`,
        "inline_media_too_large",
      );
    }
  }
}

/** Of the data that a part holds itself; 0 for what it refers to. */
function mediaBytes(part: unknown): number {
  const type = ownField(part, "type");
  const field = typeof type === "string" ? DATA_OF.get(type) : undefined;
  if (typeof type !== "string" || field === undefined) return 0;
  const holder = ownField(part, type);
  // The bare URL of Google's own samples.
  const data = typeof holder === "string" || holder instanceof Base64Text ? holder : ownField(holder, field);
  if (data instanceof Base64Text) return data.base64.length * 0.75;
  if (typeof data !== "string") return 0;
  if (/^data:/i.test(data)) return (data.length - data.indexOf(",") - 1) * 0.75;
  return /^[a-z][a-z0-9+.-]*:/i.test(data) ? 0 : data.length * 0.75;
}
