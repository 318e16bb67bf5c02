/** Google as a case wants it: answers what is scripted, on loopback, and keeps what reached it. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { GoogleAnswer } from "./case-schema.ts";
import { writeAnswer } from "./google-answer.ts";
import { camelCased } from "./google-names.ts";
import { parseJson } from "./json-value.ts";

/** A call as facts under `sent` see it. */
export interface RecordedCall {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  /** Parsed where it is JSON; Google's field names in lower camel case. */
  body: unknown;
  /** From the call to the end of its connection, where the caller ended it before the answer was whole. */
  aborted_after_ms?: number;
}

/** Long enough for a gateway to let go of a call, once its own client is gone. */
const SETTLE_MS = 3_000;

const MODELS = ["gemini-3.5-flash", "gemini-3.1-pro-preview", "gemini-2.5-flash", "gemini-2.5-pro"];

interface OpenCall {
  recorded: RecordedCall;
  response: ServerResponse;
  abort: AbortController;
  ended: Promise<void>;
}

export class ScriptedGoogle {
  readonly url: string;
  readonly #server: Server;
  readonly #open = new Set<OpenCall>();
  #answers: readonly GoogleAnswer[] = [];
  #calls: RecordedCall[] = [];
  #listening = false;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      void this.#receive(request, response);
    });
  }

  /** @param port 0: any free one */
  static async start(port = 0, host = "127.0.0.1"): Promise<ScriptedGoogle> {
    const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 });
    server.listen(port, host);
    await once(server, "listening");
    return new ScriptedGoogle(server);
  }

  /** What is answered from now on. Undefined: every call is one too many, and is refused. */
  begin(answers: readonly GoogleAnswer[] | undefined): void {
    this.#answers = answers ?? [];
    this.#calls = [];
    this.#listening = true;
  }

  /** Waits for the calls under way to end, ends those that do not, and gives back all that came since `begin`. */
  async settle(): Promise<RecordedCall[]> {
    const ended = Promise.all([...this.#open].map((call) => call.ended));
    await Promise.race([ended, pause(SETTLE_MS, undefined, { ref: false })]);
    this.#listening = false;
    for (const call of this.#open) {
      call.abort.abort();
      call.response.destroy();
    }
    return this.#calls;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now();
    const url = new URL(request.url ?? "/", "http://google");
    const text = await bodyOf(request);
    if (text === undefined) return;
    if (url.pathname === "/token")
      return sendJson(response, 200, {
        access_token: "ya29.conform",
        expires_in: 3600,
        token_type: "Bearer",
      });
    const toModels = request.method === "GET" && url.pathname.endsWith("/models");
    const answers = this.#answers.filter((answer) => (answer.to === "models") === toModels);
    if (toModels && answers.length === 0) return sendJson(response, 200, modelList(url.pathname));
    const recorded: RecordedCall = {
      method: request.method ?? "",
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: plainHeaders(request),
      body: bodyAsSeen(url.pathname, text),
    };
    // A call after its exchange has ended is no part of the next one.
    if (!this.#listening) return sendJson(response, 400, refusal("This call came after its exchange."));
    const count = this.#calls.filter((call) => (call.method === "GET") === toModels).length;
    this.#calls.push(recorded);
    const answer = answers[Math.min(count, answers.length - 1)];
    if (answer === undefined) return sendJson(response, 400, refusal("No call was expected."));
    await this.#answer(recorded, response, answer, url, began);
  }

  async #answer(
    recorded: RecordedCall,
    response: ServerResponse,
    answer: GoogleAnswer,
    url: URL,
    began: number,
  ): Promise<void> {
    const abort = new AbortController();
    const ended = Promise.withResolvers<void>();
    const call: OpenCall = { recorded, response, abort, ended: ended.promise };
    let ours = false;
    this.#open.add(call);
    response.once("close", () => {
      this.#open.delete(call);
      if (!ours && !response.writableFinished && this.#listening) {
        recorded.aborted_after_ms = Math.round(performance.now() - began);
      }
      abort.abort();
      ended.resolve();
    });
    const bodyStreams = (recorded.body as { stream?: unknown } | undefined)?.stream === true;
    const native = url.pathname.includes("streamGenerateContent");
    try {
      await writeAnswer(response, answer, {
        streamed: native ? url.searchParams.get("alt") === "sse" : bodyStreams,
        asList: native && url.searchParams.get("alt") !== "sse",
        signal: abort.signal,
        breaking: () => (ours = true),
      });
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    }
  }
}

/** Undefined where it never came whole. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of request) pieces.push(piece as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(pieces).toString("utf8");
}

function bodyAsSeen(path: string, text: string): unknown {
  const body = parseJson(text);
  if (body === undefined) return text;
  return /:(?:stream)?generateContent$/i.test(path) ? camelCased(body) : body;
}

function plainHeaders(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=UTF-8" });
  response.end(JSON.stringify(body));
}

function refusal(message: string): unknown {
  return { error: { code: 400, status: "INVALID_ARGUMENT", message } };
}

function modelList(path: string): unknown {
  if (path.includes("/publishers/"))
    return { publisherModels: MODELS.map((name) => ({ name: `publishers/google/models/${name}` })) };
  return {
    models: MODELS.map((name) => ({
      name: `models/${name}`,
      displayName: name,
      inputTokenLimit: 1_048_576,
      outputTokenLimit: 65_536,
      supportedGenerationMethods: ["generateContent", "countTokens"],
    })),
  };
}
