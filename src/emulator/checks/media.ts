/**
 * Media types and addresses. Types: the model pages of docs.cloud.google.com and ai.google.dev/gemini-api/docs
 * (image-understanding, audio, document-processing). Texts: public issues (charmbracelet/crush 995, agno-agi/agno 3964,
 * google-gemini/gemini-cli 27724).
 */
import type { Blob, Content, FileData, Part } from "../../wire/gemini.ts";
import { bullet, refusal, unable, type CheckContext } from "./check-context.ts";
import { checkResultReferences } from "./result-references.ts";

const MEDIA_TYPES = new Set([
  ...["png", "jpeg", "webp", "heic", "heif"].map((type) => `image/${type}`),
  ...["x-aac", "flac", "mp3", "m4a", "mpeg", "mpga", "mp4", "ogg", "pcm", "wav", "webm"].map(
    (type) => `audio/${type}`,
  ),
  ...["x-flv", "quicktime", "mpeg", "mpegs", "mpg", "mp4", "webm", "wmv", "3gpp"].map(
    (type) => `video/${type}`,
  ),
  "application/pdf",
  "text/plain",
]);

/** What the Gemini API's pages list beyond these. */
const GEMINI_API_TYPES = new Set([
  ...["aac", "aiff"].map((type) => `audio/${type}`),
  ...["mov", "avi", "flv"].map((type) => `video/${type}`),
  ...["html", "css", "csv", "xml", "rtf", "md", "javascript", "x-python"].map((type) => `text/${type}`),
]);

/** Per prompt, on Vertex. */
const MOST_VIDEOS = 10;
const MOST_IMAGES = 3_000;

/** @throws {GoogleApiError} */
export function checkMedia(contents: readonly Content[], context: CheckContext): void {
  const counts = { image: 0, video: 0 };
  for (const [index, content] of contents.entries()) {
    for (const [position, part] of (content.parts ?? []).entries()) {
      const path = `contents[${index}].parts[${position}]`;
      checkPart(part, path, context);
      const type = part.inlineData?.mimeType ?? part.fileData?.mimeType ?? "";
      if (type.startsWith("image/")) counts.image += 1;
      if (type.startsWith("video/")) counts.video += 1;
    }
  }
  for (const [kind, most] of [["image", MOST_IMAGES] as const, ["video", MOST_VIDEOS] as const]) {
    if (counts[kind] <= most) continue;
    const because = `it has ${counts[kind]} ${kind} files but the model only supports up to ${most}.`;
    throw refusal(context, { vertex: unable(because), geminiApi: unable(because) });
  }
}

function checkPart(part: Part, path: string, context: CheckContext): void {
  checkBlob(part.inlineData, `${path}.inline_data`, context);
  checkFile(part.fileData, `${path}.file_data`, context);
  for (const [index, inner] of (part.functionResponse?.parts ?? []).entries()) {
    const at = `${path}.function_response.parts[${index}]`;
    if (context.model.generation < 3) {
      const text = "Multimodal function responses are not supported for this model.";
      throw refusal(context, { vertex: unable(text), geminiApi: text });
    }
    checkBlob(inner.inlineData, `${at}.inline_data`, context);
    checkFile(inner.fileData, `${at}.file_data`, context);
  }
  if (part.functionResponse !== undefined) checkResultReferences(part.functionResponse, context);
  if (part.mediaResolution !== undefined && context.model.generation < 3) {
    const text = "media resolution for a single part is not supported for this model.";
    throw refusal(context, { vertex: unable(text), geminiApi: bullet(`${path}.media_resolution`, text) });
  }
}

function checkBlob(blob: Blob | undefined, path: string, context: CheckContext): void {
  if (blob === undefined) return;
  if (blob.data === undefined || blob.data === "") {
    throw refusal(context, {
      vertex: unable("it has an empty inlineData parameter. Add a value to the parameter and try again."),
      geminiApi: bullet(`${path}.data`, "data must not be empty"),
    });
  }
  checkType(blob.mimeType, context);
}

function checkFile(file: FileData | undefined, path: string, context: CheckContext): void {
  if (file === undefined) return;
  const uri = file.fileUri ?? "";
  if (uri === "") {
    throw refusal(context, {
      vertex: unable("it has an empty fileUri parameter. Add a value to the parameter and try again."),
      geminiApi: bullet(`${path}.file_uri`, "file_uri must not be empty"),
    });
  }
  const isWeb = /^https?:\/\/[^/\s]/i.test(uri);
  const isFilesApi = uri.startsWith("https://generativelanguage.googleapis.com/");
  const isBucket = /^gs:\/\/[^/\s]+\/./.test(uri);
  if (context.surface === "gemini-api" ? !isWeb : !(isBucket || (isWeb && !isFilesApi))) {
    throw refusal(context, {
      vertex: isFilesApi
        ? "Cannot fetch content from the provided URL. Please ensure the URL is valid and accessible by Vertex AI. Vertex respects robots.txt rules, so confirm the URL is allowed to be crawled. Status: URL_ERROR-ERROR_NOT_FOUND"
        : unable(`it has an invalid fileUri parameter: ${uri}.`),
      geminiApi: `Invalid or unsupported file uri: ${uri}`,
    });
  }
  // The Gemini API knows the type of its own files, and YouTube's.
  if (context.surface === "gemini-api" && file.mimeType === undefined) return;
  checkType(file.mimeType, context);
}

/** Parameters after the type (`audio/L16;rate=16000`) do not count. */
function checkType(mimeType: string | undefined, context: CheckContext): void {
  const type = (mimeType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (MEDIA_TYPES.has(type)) return;
  if (context.surface === "gemini-api" && GEMINI_API_TYPES.has(type)) return;
  throw refusal(context, {
    vertex: unable(
      `it has a mimeType parameter with value ${mimeType ?? ""}, which is not supported. Update the mimeType and try again.`,
    ),
    geminiApi: `Unsupported MIME type: ${mimeType ?? ""}`,
  });
}
