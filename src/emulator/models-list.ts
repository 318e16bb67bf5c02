/** The model lists of both services, in each one's own shape. */
import type { JsonObject } from "../wire/gemini.ts";
import type { EmulatedModel } from "./emulated-model.ts";
import { GoogleApiError, invalidArgument } from "./google-error.ts";
import { EMULATED_MODELS, findEmulatedModel } from "./models.ts";
import type { Surface } from "./surface.ts";

const DEFAULT_PAGE = { vertex: 50, "gemini-api": 50 } as const;
const LARGEST_PAGE = 1000;

/** One page of the list. @throws {GoogleApiError} on a page size or token that is none. */
export function listModels(surface: Surface, query: URLSearchParams): JsonObject {
  const size = pageSize(query.get("pageSize"), DEFAULT_PAGE[surface]);
  const from = pageStart(query.get("pageToken"));
  const page = EMULATED_MODELS.slice(from, from + size);
  const more = from + size < EMULATED_MODELS.length;
  const entries = page.map((model) => (surface === "vertex" ? publisherModel(model) : geminiApiModel(model)));
  return {
    [surface === "vertex" ? "publisherModels" : "models"]: entries,
    ...(more ? { nextPageToken: Buffer.from(String(from + size)).toString("base64url") } : {}),
  };
}

/** One model. @throws {GoogleApiError} 404 when there is none. */
export function getModel(surface: Surface, modelId: string): JsonObject {
  const model = findEmulatedModel(modelId);
  if (model !== undefined) return surface === "vertex" ? publisherModel(model) : geminiApiModel(model);
  throw new GoogleApiError(
    "NOT_FOUND",
    surface === "vertex"
      ? `Publisher Model \`publishers/google/models/${modelId}\` is not found.`
      : `Model is not found: models/${modelId} for api version v1beta`,
  );
}

function pageSize(text: string | null, byDefault: number): number {
  if (text === null || text === "" || text === "0") return byDefault;
  const size = Number(text);
  if (!Number.isInteger(size) || size < 0)
    throw invalidArgument(`Invalid value at 'page_size' (TYPE_INT32), "${text}"`);
  return Math.min(size, LARGEST_PAGE);
}

function pageStart(token: string | null): number {
  if (token === null || token === "") return 0;
  const from = Number(Buffer.from(token, "base64url").toString());
  if (!Number.isInteger(from) || from <= 0 || from >= EMULATED_MODELS.length) {
    throw invalidArgument("Invalid page token.");
  }
  return from;
}

function publisherModel(model: EmulatedModel): JsonObject {
  return {
    name: `publishers/google/models/${model.id}`,
    versionId: "default",
    openSourceCategory: "PROPRIETARY",
    launchStage: model.id.includes("preview") ? "PUBLIC_PREVIEW" : "GA",
    publisherModelTemplate: `projects/{user-project}/locations/{location}/publishers/google/models/${model.id}`,
  };
}

function geminiApiModel(model: EmulatedModel): JsonObject {
  return {
    name: `models/${model.id}`,
    version: String(model.generation),
    displayName: model.displayName,
    description: `${model.displayName}, emulated`,
    inputTokenLimit: model.inputTokenLimit,
    outputTokenLimit: model.outputTokenLimit,
    supportedGenerationMethods: ["generateContent", "countTokens"],
    temperature: 1,
    topP: 0.95,
    topK: 64,
    maxTemperature: 2,
    ...(model.thinking.kind === "none" ? {} : { thinking: true }),
  };
}
