import { joinAddress } from "./hosts.ts";
import { openaiModelListing } from "./model-listing.ts";
import type { OpenaiUpstream } from "./openai-upstream.ts";

export interface OpenaiCompatibleOptions {
  /** Up to and without `/chat/completions`, for example `http://127.0.0.1:8000/v1`. */
  baseUrl: string;
  apiKey: string | undefined;
  repair: boolean;
}

/** Any server with OpenAI's API: vLLM, TGI, Ollama, llama.cpp, LM Studio, another gateway. */
export function createOpenaiCompatibleUpstream(options: OpenaiCompatibleOptions): OpenaiUpstream {
  const base = options.baseUrl.replace(/\/+$/, "");
  const address = joinAddress(base, "/chat/completions");
  const headers: Record<string, string> =
    options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` };
  return {
    description: `OpenAI-compatible server at ${base}`,
    credentials: "own",
    repair: options.repair,
    address: () => address,
    listing: openaiModelListing(base),
    authorize: () => headers,
    renew: () => Promise.resolve(false),
  };
}
