/** A Gemini API whose streams stop after their first event until the test lets them go on. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export const SIGNATURE = Buffer.from("signed by the model").toString("base64");

export interface HeldGemini {
  url: string;
  /** Bodies of all requests, as they came. */
  readonly bodies: readonly string[];
  /** Streams that are held now. */
  readonly held: number;
  /** Lets every stream that is held go on to its end. */
  release(): void;
  close(): Promise<void>;
}

/** Calls the function `tide`, signed, where it is offered and has not answered; otherwise it says `Ahoy`. */
export async function startHeldGemini(): Promise<HeldGemini> {
  const bodies: string[] = [];
  const held = new Set<ServerResponse>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    bodies.push(body);
    const part =
      body.includes('"functionDeclarations"') && !body.includes('"functionResponse"')
        ? { functionCall: { name: "tide", args: {} }, thoughtSignature: SIGNATURE }
        : { text: "Ahoy" };
    if (request.url?.includes("streamGenerateContent") !== true) {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ candidates: [{ content: { parts: [part] }, finishReason: "STOP" }] }));
      return;
    }
    response.setHeader("content-type", "text/event-stream");
    response.write(event({ content: { parts: [part] } }));
    held.add(response);
    response.once("close", () => held.delete(response));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    get held() {
      return held.size;
    },
    release: () => {
      for (const response of held) {
        response.end(event({ content: { parts: [{ text: " there." }] }, finishReason: "STOP" }));
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function event(candidate: object): string {
  return `data: ${JSON.stringify({ candidates: [{ role: "model", ...candidate }] })}\r\n\r\n`;
}
