/** `GET …/models` of a server with OpenAI's API. */
import { joinAddress } from "./hosts.ts";
import type { FoundModel, ModelListing } from "./openai-upstream.ts";

/** @param base where `/models` follows */
export function openaiModelListing(base: string): ModelListing {
  const address = joinAddress(base, "/models");
  return { address: () => address, read: (body) => entries(body, "data").flatMap(model) };
}

/** The objects of a list in a parsed answer; none if it has no such list. */
export function entries(body: unknown, key: string): Record<string, unknown>[] {
  if (typeof body !== "object" || body === null || !Object.hasOwn(body, key)) return [];
  const list = (body as Record<string, unknown>)[key];
  if (!Array.isArray(list)) return [];
  return list.filter(
    (entry): entry is Record<string, unknown> => typeof entry === "object" && entry !== null,
  );
}

/** What callers can ask for: the rule of the configuration's model ids. */
export function isModelId(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]{1,200}$/.test(value);
}

function model({ id }: Record<string, unknown>): FoundModel[] {
  return isModelId(id) ? [{ id }] : [];
}
