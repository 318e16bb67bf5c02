/** Servers of open models that listen on this machine. */

/** A server that answered `GET /v1/models` as OpenAI does. */
export interface LocalServer {
  /** For people: `Ollama`. By the port, unless the answer says otherwise. */
  product: string;
  /** For the configuration: `ollama`. */
  name: string;
  /** With `/v1`. */
  baseUrl: string;
  models: readonly string[];
}

/** The ports these servers choose when nobody says otherwise. */
const USUAL_PORTS: readonly { port: number; product: string }[] = [
  { port: 11434, product: "Ollama" },
  { port: 8000, product: "vLLM" },
  { port: 8080, product: "llama.cpp" },
  { port: 1234, product: "LM Studio" },
  { port: 3000, product: "TGI" },
];

/** What some put into `owned_by`. */
const OWNERS = new Map([
  ["vllm", "vLLM"],
  ["llamacpp", "llama.cpp"],
  ["library", "Ollama"],
]);

const TIMEOUT_MS = 700;
const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_MODELS = 100;

export interface FindOptions {
  ports?: readonly { port: number; product: string }[];
  timeoutMs?: number;
}

/** Asks all of them at once; what does not answer in time, or not as OpenAI does, is not there. */
export async function findLocalServers(options: FindOptions = {}): Promise<LocalServer[]> {
  const found = await Promise.all(
    (options.ports ?? USUAL_PORTS).map(({ port, product }) =>
      ask(port, product, options.timeoutMs ?? TIMEOUT_MS).catch(() => undefined),
    ),
  );
  const names = new Map<string, number>();
  return found
    .filter((server) => server !== undefined)
    .map((server) => {
      const times = (names.get(server.name) ?? 0) + 1;
      names.set(server.name, times);
      return times === 1 ? server : { ...server, name: `${server.name}-${times}` };
    });
}

async function ask(port: number, product: string, timeoutMs: number): Promise<LocalServer | undefined> {
  const baseUrl = `http://127.0.0.1:${port}/v1`;
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(`${baseUrl}/models`, { signal, redirect: "error" });
  if (!response.ok) {
    await response.body?.cancel();
    return undefined;
  }
  const entries = modelEntries(JSON.parse(await boundedText(response)));
  if (entries === undefined) return undefined;
  const owner = entries
    .map(({ owned_by: name }) => OWNERS.get(String(name)))
    .find((name) => name !== undefined);
  const named = owner ?? product;
  return {
    product: named,
    name: named.toLowerCase().replace(/[^a-z0-9]+/g, "-"),
    baseUrl,
    models: entries
      .map(({ id }) => id)
      .filter((id) => typeof id === "string" && isModelId(id))
      .slice(0, MAX_MODELS) as string[],
  };
}

/** What may stand in a route as it is: no `*`, no `${`. */
function isModelId(id: string): boolean {
  return /^[A-Za-z0-9][\w.:/@+-]{0,199}$/.test(id);
}

function modelEntries(body: unknown): { id?: unknown; owned_by?: unknown }[] | undefined {
  if (typeof body !== "object" || body === null || !("data" in body) || !Array.isArray(body.data)) {
    return undefined;
  }
  return body.data.filter((entry) => typeof entry === "object" && entry !== null);
}

/** @throws Error for a larger answer: whatever listens there is no such server. */
async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new RangeError("the answer is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
