/** An upstream whose answers a test writes piece by piece, when it likes. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface HeldRequest {
  request: IncomingMessage;
  response: ServerResponse;
  /** Status 200 and the head of an event stream, at once. */
  begin(headers?: Record<string, string>): void;
  /** One event of text; `last` ends the stream as Gemini does. */
  event(text: string, last?: boolean): void;
}

export interface StreamingUpstream {
  url: string;
  /** The next request, with its body read. */
  next(): Promise<HeldRequest>;
}

/** Closed when the test ends. */
export async function streamingUpstream(): Promise<StreamingUpstream> {
  const arrived: HeldRequest[] = [];
  const waiting: ((held: HeldRequest) => void)[] = [];
  const server = createServer((request, response) => {
    const begin = (headers: Record<string, string> = {}): void => {
      response.writeHead(200, { "content-type": "text/event-stream", ...headers }).flushHeaders();
    };
    const event = (text: string, last = false): void => {
      const data = {
        candidates: [
          { content: { role: "model", parts: [{ text }] }, ...(last ? { finishReason: "STOP" } : {}) },
        ],
        usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
      };
      response.write(`data: ${JSON.stringify(data)}\r\n\r\n`);
      if (last) response.end();
    };
    request.resume().on("end", () => {
      const held = { request, response, begin, event };
      const next = waiting.shift();
      if (next === undefined) arrived.push(held);
      else next(held);
    });
  });
  server.requestTimeout = 0;
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: () => {
      const held = arrived.shift();
      return held === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(held);
    },
  };
}
