/** Google's own SDK as a client, and what it saw. */
import type { GoogleGenAI, HttpOptions } from "@google/genai";
import type { GoogleStep } from "./google-fact-schema.ts";
import { parseJson } from "./json-value.ts";

/** What facts are about. */
export interface GoogleView {
  ok: boolean;
  response?: unknown;
  /** Of a stream. */
  chunks?: unknown[];
  /** All parts of the first candidate, of all chunks. */
  parts?: unknown[];
  /** The texts of those parts that are no thoughts, joined. */
  text?: string;
  error?: { http: number; code?: unknown; status?: unknown; message?: unknown; details?: unknown };
  /** The SDK itself refused, before any call. */
  thrown?: string;
}

/** Where the client looks, and how it signs in. */
export type ClientOptions = ConstructorParameters<typeof GoogleGenAI>[0];

export type Ask = (step: GoogleStep, model: string) => Promise<GoogleView>;

/** @throws Error where the package is not installed */
export async function googleSdk(options: ClientOptions): Promise<Ask> {
  const sdk = await import("@google/genai").catch(() => undefined);
  if (sdk === undefined)
    throw new Error("The package @google/genai is not installed: npm install @google/genai");
  const { GoogleGenAI: Client, ApiError } = sdk;
  const usual = silently(() => new Client(options));
  return async (step, model) => {
    const { key: apiKey } = step;
    const client = apiKey === undefined ? usual : silently(() => new Client({ ...options, apiKey }));
    try {
      return await call(client, step, model);
    } catch (error) {
      if (error instanceof ApiError) return { ok: false, error: readError(error.status, error.message) };
      return { ok: false, thrown: error instanceof Error ? error.message : String(error) };
    }
  };
}

/** The SDK's constructor writes about credentials to standard output. */
function silently<Made>(make: () => Made): Made {
  const { debug } = console;
  console.debug = () => undefined;
  try {
    return make();
  } finally {
    console.debug = debug;
  }
}

async function call(client: GoogleGenAI, step: GoogleStep, model: string): Promise<GoogleView> {
  // What a fact sends may be wrong on purpose.
  const params = { model, ...withBody(step) } as never;
  switch (step.method) {
    case "generateContent":
      return viewOf([plain(await client.models.generateContent(params))], false);
    case "generateContentStream": {
      const chunks: unknown[] = [];
      for await (const chunk of await client.models.generateContentStream(params)) chunks.push(plain(chunk));
      return viewOf(chunks, true);
    }
    case "countTokens":
      return { ok: true, response: plain(await client.models.countTokens(params)) };
    case "models.get":
      return { ok: true, response: plain(await client.models.get(params)) };
    case "models.list": {
      const page = await client.models.list({ config: { pageSize: 100 } });
      return { ok: true, response: { models: plain(page.page) } };
    }
    default:
      return step.method satisfies never;
  }
}

/** Fields without a place in the SDK go into the body by its `extraBody`. */
function withBody({ params, body }: GoogleStep): Record<string, unknown> {
  if (body === undefined) return params;
  const { config = {} } = params as { config?: { httpOptions?: HttpOptions } };
  return { ...params, config: { ...config, httpOptions: { ...config.httpOptions, extraBody: body } } };
}

interface Chunk {
  candidates?: { content?: { parts?: { text?: string; thought?: boolean }[] } }[];
}

function viewOf(answers: unknown[], streamed: boolean): GoogleView {
  const parts = answers.flatMap((answer) => (answer as Chunk).candidates?.[0]?.content?.parts ?? []);
  const text = parts.map((part) => (part.thought === true ? "" : (part.text ?? ""))).join("");
  return { ok: true, ...(streamed ? { chunks: answers } : { response: answers[0] }), parts, text };
}

/** As JSON, without what the SDK adds of its own. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => (key === "sdkHttpResponse" ? undefined : inner)),
  );
}

/** The SDK gives the body of an error as text. */
function readError(http: number, text: string): NonNullable<GoogleView["error"]> {
  const body = parseJson(text.slice(Math.max(0, text.search(/[[{]/))));
  const [first] = Array.isArray(body) ? (body as unknown[]) : [body];
  const error = (first as { error?: object } | undefined)?.error;
  return error === undefined ? { http, message: text } : { http, ...error };
}
