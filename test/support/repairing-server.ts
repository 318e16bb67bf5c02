/**
 * A server that answers `POST /v1/chat/completions` with the case that `model` names, mended: so that real clients can
 * be shown the repaired answers over a real socket. `/raw/chat/completions` gives the upstream's own bytes, to see what
 * a client makes of those. Run by itself it prints where it listens.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { toErrorAnswer } from "../../src/gateway/error-answer.ts";
import { toFailure } from "../../src/translate/gemini-to-openai/error.ts";
import { repairCompletion } from "../../src/translate/repair/completion.ts";
import { StreamRepair } from "../../src/translate/repair/stream.ts";
import { encodeData, SseReader } from "../../src/wire/sse.ts";
import { REPAIR_CASES, type RepairCase, repairOptions } from "./repair-cases.ts";

export interface RepairingServer {
  /** For example `http://127.0.0.1:41234`. */
  url: string;
  close(): Promise<void>;
}

export async function startRepairingServer(): Promise<RepairingServer> {
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const { model } = JSON.parse(Buffer.concat(parts).toString("utf8")) as { model: string };
  const found = REPAIR_CASES.find(({ name }) => name === model);
  if (found === undefined) {
    response.writeHead(404).end();
  } else if (request.url?.startsWith("/raw/") === true) {
    const type = found.streamed ? "text/event-stream" : "application/json";
    response.writeHead(found.status, { "content-type": type }).end(found.upstream);
  } else if (found.streamed) {
    for (const text of streamFrames(found)) {
      if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(text);
    }
    response.end();
  } else {
    try {
      const { value } = unaryAnswer(found);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
    } catch (error) {
      const { status, headers, body } = toErrorAnswer(error, "req_case");
      response
        .writeHead(status, { "content-type": "application/json", ...headers })
        .end(JSON.stringify(body));
    }
  }
}

/** @throws GatewayError when the case is a refusal */
export function unaryAnswer(given: RepairCase): ReturnType<typeof repairCompletion> {
  const text = given.upstream.toString("utf8");
  if (given.status >= 400) throw toFailure(given.status, {}, text);
  return repairCompletion(JSON.parse(text), repairOptions(given));
}

/** What goes to the client for a streamed case, read in small pieces; a failure is the last frame, without `[DONE]`. */
export function* streamFrames(given: RepairCase): Generator<string> {
  const repair = new StreamRepair(repairOptions(given));
  let pending = "";
  let stray = "";
  const reader = new SseReader({
    maxEventBytes: 1_000_000,
    onEvent: (data, eventName) => {
      pending += repair.push(data, eventName);
    },
    onStray: (text) => {
      stray += text;
    },
  });
  try {
    for (let at = 0; at < given.upstream.length; at += 97) {
      reader.push(given.upstream.subarray(at, at + 97));
      if (pending !== "") yield pending;
      pending = "";
    }
    reader.end();
    yield pending + repair.end(stray);
  } catch (error) {
    yield pending + encodeData(JSON.stringify(toErrorAnswer(error, "req_case").body));
  }
}

if (import.meta.main) {
  const { url } = await startRepairingServer();
  process.stdout.write(`${url}\n`);
}
