/** A Gemini that never comes to an end: it streams for as long as it is read, and says who still reads. */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface EndlessUpstream {
  url: string;
  /** Streams that are being read, or would be if the reader had not paused. */
  readonly open: number;
  /** Streams there have ever been. */
  readonly opened: number;
  /** Bytes that were written in all. */
  readonly written: number;
  close(): void;
}

/** @param eventBytes of text in each event */
export async function endlessUpstream(eventBytes = 16_000): Promise<EndlessUpstream> {
  const candidate = { content: { role: "model", parts: [{ text: "a".repeat(eventBytes) }] } };
  const event = Buffer.from(`data: ${JSON.stringify({ candidates: [candidate] })}\r\n\r\n`);
  const responses = new Set<ServerResponse>();
  let opened = 0;
  let written = 0;
  const server = createServer((request, response) => {
    request.resume();
    opened += 1;
    responses.add(response);
    response.on("error", () => {});
    response.on("close", () => responses.delete(response));
    response.writeHead(200, { "content-type": "text/event-stream" });
    const write = (): void => {
      do {
        if (response.destroyed) return;
        written += event.length;
      } while (response.write(event));
      response.once("drain", write);
    };
    write();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get open() {
      return responses.size;
    },
    get opened() {
      return opened;
    },
    get written() {
      return written;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
