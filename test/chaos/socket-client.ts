/** One request by hand on a socket of its own: every way to be a bad client, and every byte of the answer. */
import { connect, type Socket } from "node:net";
import { EventLines } from "./event-lines.ts";
import { HttpAnswerReader } from "./http-answer.ts";
import { endObservation, type Ending, type Observation } from "./observation.ts";
import { requestBody } from "./request-body.ts";

/** A slow reader takes this much, */
const SIP_BYTES = 16_384;
/** this often, */
const SIP_EVERY_MS = 40;
/** for so long, and then all the rest at once. */
const SIPPING_MS = 2_500;

export interface SocketClientOptions {
  port: number;
  key: string;
  /** When the driver gives up on an answer. */
  giveUpMs: number;
}

/** Resolves when it is over, whatever became of it; the observation says what. */
export function askBySocket(
  observation: Observation,
  { port, key, giveUpMs }: SocketClientOptions,
): Promise<void> {
  const { plan } = observation;
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let connected = false;
  let over = false;
  let failure: string | undefined;

  const finish = (ending: Ending, error?: string): void => {
    if (over) return;
    over = true;
    clearTimeout(givingUp);
    clearTimeout(leaving);
    endObservation(observation, ending, error ?? failure);
    socket.destroy();
    resolve();
  };
  const leave = (): void => {
    if (over) return;
    observation.leftAt = performance.now();
    if (plan.reset) socket.resetAndDestroy();
    finish("left");
  };
  const givingUp = setTimeout(() => finish("gave-up"), giveUpMs);
  let leaving: NodeJS.Timeout | undefined;

  const lines = new EventLines((data) => {
    observation.events.push(data);
    if (plan.conduct === "leave-in-answer" && observation.events.length === plan.leaveAfter) leave();
  });
  const text = new TextDecoder("utf-8", { fatal: true });
  let streamed = false;
  const reader = new HttpAnswerReader({
    onHead: ({ status, headers }) => {
      if (observation.status !== undefined) {
        // Only nonsense behind a request is answered a second time.
        if (plan.conduct !== "long-body") failure = "a second answer";
        return;
      }
      observation.status = status;
      observation.headers = headers;
      streamed = headers["content-type"]?.startsWith("text/event-stream") === true;
    },
    onBody: (bytes) => {
      if (over) return;
      if (streamed) lines.push(bytes);
      else observation.body += text.decode(bytes, { stream: true });
    },
    onEnd: () => {
      if (streamed) lines.end();
      finish("complete");
    },
  });

  socket.on("connect", () => {
    connected = true;
    if (plan.conduct === "leave-before-head") leaving = setTimeout(leave, plan.leaveAfter);
    sendRequest(observation, socket, key, leave);
  });
  socket.on("data", (bytes: Buffer) => {
    observation.bytes += bytes.length;
    try {
      reader.push(bytes);
    } catch (error) {
      finish("broken", `WRONG BYTES: ${(error as Error).message}`);
    }
    if (plan.conduct === "slow-reader" && !over) sip(socket, observation.startedAt, bytes.length);
  });
  socket.on("end", () => {
    try {
      reader.close();
    } catch (error) {
      finish("broken", `WRONG BYTES: ${(error as Error).message}`);
    }
    finish("broken", "the connection ended");
  });
  socket.on("error", (error: NodeJS.ErrnoException) => finish(connected ? "broken" : "refused", error.code));
  socket.on("close", () => finish("broken", "the connection closed"));
  return promise;
}

function sip(socket: Socket, startedAt: number, bytes: number): void {
  if (performance.now() - startedAt > SIPPING_MS) return;
  socket.pause();
  setTimeout(() => socket.resume(), Math.min(400, (bytes / SIP_BYTES) * SIP_EVERY_MS));
}

function sendRequest(observation: Observation, socket: Socket, key: string, leave: () => void): void {
  const { plan } = observation;
  if (plan.conduct === "not-http") {
    socket.write(`GARBAGE ${plan.id}\r\n\r\n`);
    return;
  }
  const json = JSON.stringify(requestBody(plan));
  const body = Buffer.from(plan.conduct === "bad-json" ? json.slice(0, -2) : json);
  const announced = { "short-body": body.length + 500, "long-body": body.length - 20 };
  const length = announced[plan.conduct as keyof typeof announced] ?? body.length;
  const path = plan.conduct === "unknown-path" ? "/v1/nowhere" : "/v1/chat/completions";
  socket.write(
    [
      `POST ${path} HTTP/1.1`,
      "host: 127.0.0.1",
      `authorization: Bearer ${plan.conduct === "wrong-key" ? "wrong" : key}`,
      "content-type: application/json",
      `content-length: ${length}`,
      "",
      "",
    ].join("\r\n"),
  );
  if (plan.conduct === "leave-in-body") {
    socket.write(body.subarray(0, body.length >> 1));
    setTimeout(leave, plan.leaveAfter);
    return;
  }
  const size = Math.ceil(body.length / plan.pieces);
  let sent = 0;
  const write = (): void => {
    if (socket.destroyed) return;
    socket.write(body.subarray(sent, sent + size));
    sent += size;
    if (sent < body.length) setTimeout(write, 2);
    else if (plan.conduct === "half-close" || plan.conduct === "short-body") socket.end();
  };
  write();
}
