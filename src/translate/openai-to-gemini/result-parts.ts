/**
 * `extra_content.google.parts` of a tool message: media that belongs to the result, in Gemini's own shape.
 * Source: FunctionResponsePart in js-genai.
 */
import { invalidRequest } from "../../errors.ts";
import type { InlineText } from "../../wire/base64-text.ts";
import type { FunctionResponsePart } from "../../wire/gemini.ts";
import { isObject, optionalObject, optionalString, optionalText, wrongType } from "../read-field.ts";
import { isDataUrl } from "./data-url.ts";
import { accountForFields } from "./field-account.ts";
import { toBase64 } from "./media-base64.ts";
import { toMediaPart } from "./media.ts";
import type { MessageScope } from "./message-scope.ts";
import { normalMimeType } from "./mime-type.ts";

const BLOB_KEYS = new Set(["mimeType", "mime_type", "data", "displayName", "display_name"]);
const FILE_KEYS = new Set(["mimeType", "mime_type", "fileUri", "file_uri", "displayName", "display_name"]);
const RESULT_PART_KEYS = new Set(["inlineData", "inline_data", "fileData", "file_data"]);

/** Google's own form, in either spelling: `{inlineData: {mimeType, data}}` or `{fileData: {mimeType, fileUri}}`. @throws GatewayError (400) */
export function readResultPart(part: unknown, path: string, scope: MessageScope): FunctionResponsePart {
  if (!isObject(part)) throw wrongType(path, "an object with inlineData or fileData", part);
  accountForFields(part, path, RESULT_PART_KEYS, scope);
  const blobKey = Object.hasOwn(part, "inlineData") ? "inlineData" : "inline_data";
  const blob = optionalObject(part, blobKey, `${path}.${blobKey}`);
  if (blob !== undefined) {
    const blobPath = `${path}.${blobKey}`;
    accountForFields(blob, blobPath, BLOB_KEYS, scope);
    const data = readData(blob, blobPath, scope);
    return {
      inlineData: {
        mimeType: readMimeType(blob, blobPath, scope),
        data: toBase64(data, `${blobPath}.data`),
        ...readDisplayName(blob, blobPath, scope),
      },
    };
  }
  const fileKey = Object.hasOwn(part, "fileData") ? "fileData" : "file_data";
  const file = optionalObject(part, fileKey, `${path}.${fileKey}`);
  if (file === undefined) throw invalidRequest(path, `${path}: needs inlineData or fileData.`);
  const filePath = `${path}.${fileKey}`;
  accountForFields(file, filePath, FILE_KEYS, scope);
  const uriKey = Object.hasOwn(file, "fileUri") ? "fileUri" : "file_uri";
  const reference = optionalString(file, uriKey, `${filePath}.${uriKey}`) ?? "";
  const declared = readMimeType(file, filePath, scope);
  if (isDataUrl(reference)) {
    throw invalidRequest(
      `${filePath}.${uriKey}`,
      `${filePath}.${uriKey}: must be a gs:// or https:// URL; send data as inlineData.`,
    );
  }
  const { fileData, inlineData } = toMediaPart(
    { reference, path: `${filePath}.${uriKey}`, kind: "file", declared },
    scope,
  );
  const name = readDisplayName(file, filePath, scope);
  return inlineData === undefined
    ? { fileData: { ...fileData, ...name } }
    : { inlineData: { ...inlineData, ...name } };
}

function readData(blob: Record<string, unknown>, blobPath: string, scope: MessageScope): InlineText {
  const path = `${blobPath}.data`;
  const data = optionalText(blob, "data", path);
  if (data !== undefined) scope.notes.used(path, "result-media");
  if (data === undefined || data === "") throw wrongType(path, "a string of base64", undefined);
  return data;
}

function readMimeType(holder: Record<string, unknown>, path: string, scope: MessageScope): string {
  const declared = spelled(holder, "mimeType", "mime_type", path, scope);
  const mimeType = declared === undefined ? undefined : normalMimeType(declared);
  if (mimeType === undefined) {
    throw invalidRequest(
      `${path}.mimeType`,
      `${path}.mimeType: is required and must be a media type such as image/png.`,
    );
  }
  return mimeType;
}

function readDisplayName(
  holder: Record<string, unknown>,
  path: string,
  scope: MessageScope,
): { displayName?: string } {
  const displayName = spelled(holder, "displayName", "display_name", path, scope);
  return displayName === undefined ? {} : { displayName };
}

/** A field in REST's spelling or Python's. */
function spelled(
  holder: Record<string, unknown>,
  camelCase: string,
  snakeCase: string,
  path: string,
  scope: MessageScope,
): string | undefined {
  const key = Object.hasOwn(holder, camelCase) ? camelCase : snakeCase;
  const value = optionalString(holder, key, `${path}.${key}`);
  if (value !== undefined) scope.notes.used(`${path}.${key}`, "result-media");
  return value === "" ? undefined : value;
}
