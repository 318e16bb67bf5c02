/** A gateway with low limits, in front of a Gemini that does what the prompt says. */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { onTestFinished } from "vitest";
import type { ProcessLoad } from "../../src/gateway/process-load.ts";
import { serve } from "../../src/serve.ts";
import { configFrom } from "./gateway-from-yaml.ts";
import type { RunningGateway } from "./running-gateway.ts";

export interface ObedientUpstream {
  url: string;
  /** The prompt of each call, in order. */
  prompts: string[];
  /** Calls that are not yet answered in full. */
  readonly open: number;
  /** Bytes of endless answers that were handed to the system. */
  readonly flooded: number;
  /** Answers all calls of `hang`, those to come too. */
  release(): void;
}

/**
 * Prompts: `hang` is not answered until released, `large` by 4 KB at once, `stall` by an event and silence, `slow` by
 * an event every 50 ms, `flood` by events without end, `busy` by a 503; anything else by a word.
 */
export async function obedientUpstream(): Promise<ObedientUpstream> {
  const prompts: string[] = [];
  const open = new Set<ServerResponse>();
  let hanging: (() => void)[] | undefined = [];
  let flooded = 0;
  const obey = async (prompt: string, stream: boolean, response: ServerResponse): Promise<void> => {
    if (prompt === "hang" && hanging !== undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      hanging.push(resolve);
      await promise;
    }
    if (prompt === "busy") {
      const error = { code: 503, status: "UNAVAILABLE", message: "The model is overloaded." };
      response.writeHead(503, { "content-type": "application/json" }).end(JSON.stringify({ error }));
      return;
    }
    if (prompt === "silent") return;
    response.writeHead(200, { "content-type": stream ? "text/event-stream" : "application/json" });
    const frame = (text: string, finishReason?: string): string =>
      stream ? `data: ${answer(text, finishReason)}\r\n\r\n` : answer(text, finishReason);
    if (prompt === "stall") response.write(frame("Well"));
    else if (prompt === "slow") {
      while (!response.destroyed) {
        response.write(frame("and "));
        await delay(50);
      }
    } else if (prompt === "flood") {
      const event = frame("a".repeat(64_000));
      while (!response.destroyed) {
        flooded += event.length;
        if (!response.write(event)) await drained(response);
      }
    } else response.end(frame(prompt === "large" ? "a".repeat(4_000) : "Hello", "STOP"));
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as {
        contents: { parts: { text: string }[] }[];
      };
      const prompt = body.contents.at(-1)?.parts.at(-1)?.text ?? "";
      prompts.push(prompt);
      open.add(response);
      response.on("close", () => open.delete(response));
      obey(prompt, request.url?.includes("stream") === true, response).catch(() => response.destroy());
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    prompts,
    get open() {
      return open.size;
    },
    get flooded() {
      return flooded;
    },
    release: () => {
      for (const resolve of hanging ?? []) resolve();
      hanging = undefined;
    },
  };
}

/** Or closed. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off("drain", go).off("close", go);
      resolve();
    };
    response.on("drain", go).on("close", go);
  });
}

function answer(text: string, finishReason?: string): string {
  const candidate = {
    content: { role: "model", parts: [{ text }] },
    ...(finishReason === undefined ? {} : { finishReason }),
  };
  return JSON.stringify({ candidates: [candidate] });
}

export interface LimitedGateway extends RunningGateway {
  upstream: ObedientUpstream;
}

/** Closed when the test ends. Retries are off, so that each request is one call. */
export async function limitedGateway(
  limits: object,
  options: { apiKeys?: readonly string[]; processLoad?: ProcessLoad } = {},
): Promise<LimitedGateway> {
  const upstream = await obedientUpstream();
  const config = {
    server: { apiKeys: options.apiKeys ?? [] },
    limits: { retryBudget: 0, drainMs: 0, ...limits },
    upstreams: { gemini: { kind: "gemini-api", apiKeys: ["key"], baseUrl: upstream.url } },
  };
  const bugs: unknown[] = [];
  const server = await serve(configFrom(JSON.stringify(config)).config, {
    reportBug: (error) => bugs.push(error),
    ...(options.processLoad === undefined ? {} : { processLoad: options.processLoad }),
  });
  onTestFinished(async () => {
    upstream.release();
    await server.close();
  });
  return { ...server, bugs, upstream };
}
