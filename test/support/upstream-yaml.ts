/** Configurations for tests of what befalls upstreams. */

import type { HttpClientKind } from "../../src/settings.ts";

export interface YamlOptions {
  /** Lines of `limits`. */
  limits?: string;
  /** Default: the gateway's. */
  httpClient?: HttpClientKind;
}

/** Each address an upstream of its own; the model `fast` asks them one after the other. */
export function upstreamsAt(urls: readonly string[], options: YamlOptions = {}): string {
  const { limits = "{}", httpClient } = options;
  const upstreams = urls.map(
    (url, at) => `
  u${at + 1}:
    kind: vertex
    project: my-project
    location: us-central1
    baseUrl: ${url}
    credentials: { kind: token, token: secret-token }`,
  );
  const targets = urls.map(
    (_, at) => `
      - { upstream: u${at + 1}, model: gemini-2.5-flash, priority: ${at + 1} }`,
  );
  const client = httpClient === undefined ? "" : `httpClient: ${httpClient}\n`;
  return `${client}limits: ${limits}
upstreams:${upstreams.join("")}
models:
  fast:
    targets:${targets.join("")}
`;
}

/** What `x-pollux-attempts` calls the target of that number. */
export const targetAt = (number: number): string => `u${number}/gemini-2.5-flash@us-central1`;
