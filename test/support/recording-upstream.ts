/** An upstream that writes down the very bytes it is sent, and answers with the very bytes it is told. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { onTestFinished } from "vitest";

export interface RecordedCall {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface ScriptedResponse {
  status?: number;
  type?: string;
  headers?: Record<string, string>;
  /** Each is written by itself. */
  pieces: readonly (Uint8Array | string)[];
  /** The connection breaks after them. */
  breaks?: boolean;
}

export interface RecordingUpstream {
  url: string;
  calls: RecordedCall[];
  answer: (call: RecordedCall) => ScriptedResponse;
}

/** Closed when the test ends. */
export async function recordingUpstream(answer: RecordingUpstream["answer"]): Promise<RecordingUpstream> {
  const upstream: RecordingUpstream = { url: "", calls: [], answer };
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const call = { method, url, headers, body: Buffer.concat(pieces) };
      upstream.calls.push(call);
      void (async () => {
        const { status = 200, type = "application/json", headers: more, ...rest } = upstream.answer(call);
        response.writeHead(status, { "content-type": type, ...more });
        for (const piece of rest.pieces) {
          response.write(piece);
          await turn();
        }
        if (rest.breaks === true) response.destroy();
        else response.end();
      })();
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  upstream.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return upstream;
}
