/** What an official SDK saw, in the same words for Node and Python. */
import { addressOf } from "./address.ts";
import type { CaseRequest } from "./case-schema.ts";
import type { OpenGateway } from "./gateway-under-test.ts";
import { accumulate } from "./accumulate.ts";

export interface Thrown {
  class: string;
  message: string;
  status?: number;
  code?: string;
  type?: string;
  param?: string;
}

/** What a driver reports: a whole answer, or the chunks of a stream, and what was thrown, if anything was. */
export interface SdkReport {
  completion?: unknown;
  chunks?: unknown[];
  thrown?: Thrown;
  /** Nothing more came in time. */
  late?: true;
}

/** What facts under `sdk` see. `body` and `message` are for captures, whose paths are those of a plain client. */
export function sdkView({ completion, chunks, thrown, late }: SdkReport): object {
  const message = chunks === undefined ? undefined : accumulate(chunks);
  const whole = chunks === undefined ? completion : { chunks, message };
  return {
    ok: thrown === undefined && late === undefined,
    ...(late === undefined ? {} : { late }),
    ...(whole === undefined ? {} : { completion: whole }),
    ...(completion === undefined ? {} : { body: completion }),
    ...(message === undefined ? {} : { chunks, message }),
    ...(thrown === undefined ? {} : { thrown }),
  };
}

/** The method of the SDKs that makes a request. */
export type SdkCall =
  | { method: "chat"; baseUrl: string; body: object }
  | { method: "models"; baseUrl: string }
  | { method: "model"; baseUrl: string; model: string };

/** @throws Error for a request that the SDKs have no method for */
export function sdkCall({ path, method, json }: CaseRequest, gateway: OpenGateway): SdkCall {
  const address = addressOf(gateway, path);
  const chat = /^(.*)\/chat\/completions$/.exec(address)?.[1];
  if (chat !== undefined && method === "POST" && typeof json === "object" && json !== null) {
    return { method: "chat", baseUrl: chat, body: json };
  }
  const [, models, model] = /^(.*)\/models(?:\/(.+))?$/.exec(address) ?? [];
  if (models !== undefined && method === "GET") {
    return model === undefined
      ? { method: "models", baseUrl: models }
      : { method: "model", baseUrl: models, model: decodeURIComponent(model) };
  }
  throw new Error(`The SDKs have no method for ${method} ${path}.`);
}

/** The access key apart from the other headers, as the SDKs want it. */
export function keyAndHeaders(headers: Readonly<Record<string, string>>): {
  key: string;
  headers: Record<string, string>;
} {
  const { authorization = "", ...others } = headers;
  return { key: authorization.replace(/^Bearer /, "") || "none", headers: others };
}
