/**
 * For requests that are wrong: builders of small ones around one field, and a gateway that must refuse them at once,
 * with nothing sent upstream, and stay as it was.
 */
import { expect } from "vitest";
import { post, startGateway } from "./running-gateway.ts";

export const MODEL = "gemini-3.5-flash";
export const HELLO = { model: MODEL, messages: [{ role: "user", content: "Hello there" }] };
/** Generous: each takes a few milliseconds alone, and machines that run tests are busy. */
const SOON_MS = 5_000;
const PROTOTYPE = Object.getOwnPropertyNames(Object.prototype).toSorted();

export interface ErrorBody {
  error: { message: string; type: string; param: string | null; code: string | null };
}

export interface TriedGateway {
  url: string;
  /** Requests that reached the emulator. */
  sent(): number;
  /** The body of the last one. */
  lastSent(): Record<string, unknown>;
  /** Posts a body, JSON text or a value, and expects a 400 that names `param`. */
  expectRefused(body: unknown, param: string | RegExp | null): Promise<void>;
  /** Posts a body and expects an answer. */
  expectAnswered(body: unknown): Promise<void>;
  /** Expects that nothing was taken for a bug, and no prototype changed. */
  expectUnharmed(): void;
  close(): Promise<void>;
}

export async function tryGateway(): Promise<TriedGateway> {
  const gateway = await startGateway();
  const emulator = gateway.composed.emulator!;
  const expectAnswered = async (body: unknown): Promise<void> => {
    const start = performance.now();
    const response = await post(gateway, body);
    expect([response.status, await response.text()]).toEqual([
      200,
      expect.stringContaining("chat.completion"),
    ]);
    expect(performance.now() - start).toBeLessThan(SOON_MS);
  };
  return {
    url: gateway.url,
    sent: () => emulator.requestCount,
    lastSent: () => emulator.requests.at(-1)!.body as Record<string, unknown>,
    expectAnswered,
    expectRefused: async (body, param) => {
      const { requestCount } = emulator;
      const start = performance.now();
      const response = await post(gateway, body);
      const { error } = (await response.json()) as ErrorBody;
      const took = performance.now() - start;
      expect(response.status).toBe(400);
      expect(error).toEqual({
        message: expect.any(String),
        type: "invalid_request_error",
        param:
          param === null ? null : expect.stringMatching(param instanceof RegExp ? param : exactly(param)),
        code: error.code,
      });
      // It says where, and fits on a screen.
      if (error.param !== null) expect(error.message).toContain(error.param);
      expect(error.message.length).toBeLessThan(1000);
      expect(emulator.requestCount).toBe(requestCount);
      expect(took).toBeLessThan(SOON_MS);
    },
    expectUnharmed: () => {
      expect(gateway.bugs).toEqual([]);
      expect(Object.getOwnPropertyNames(Object.prototype).toSorted()).toEqual(PROTOTYPE);
    },
    close: async () => {
      await expectAnswered(HELLO);
      await gateway.close();
    },
  };
}

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.[\]$()]/g, "\\$&")}$`);
}

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
export const keyed = (count: number, make: (index: number) => unknown): Record<string, unknown> =>
  Object.fromEntries(times(count, (index) => [`k${index}`, make(index)]));
export const asks = (fields: object): object => ({ ...HELLO, ...fields });
export const says = (...messages: unknown[]): object => ({ model: MODEL, messages });
export const user = (content: unknown): object => ({ role: "user", content });
export const google = (fields: unknown): object => asks({ extra_body: { google: fields } });
export const functions = (...declared: object[]): object =>
  asks({ tools: declared.map((one) => ({ type: "function", function: one })) });
export const schema = (parameters: unknown): object => functions({ name: "f", parameters });
export const picture = (url: unknown): object =>
  says(
    user([
      { type: "text", text: "x" },
      { type: "image_url", image_url: { url } },
    ]),
  );
export const sound = (input_audio: object): object => says(user([{ type: "input_audio", input_audio }]));
export const called = (text: string, result = "x"): object =>
  says(
    user("x"),
    {
      role: "assistant",
      tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: text } }],
    },
    { role: "tool", tool_call_id: "c", content: result },
  );
/** Where the builders put what they are given. */
export const PICTURE = "messages[0].content[1].image_url.url";
export const SCHEMA = "tools[0].function.parameters";
