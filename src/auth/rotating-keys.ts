import type { Credentials } from "./credentials.ts";

/** Several API keys, each used in its turn, so that their quotas add up. One key is always the same headers. */
export function rotatingKeyCredentials(apiKeys: readonly string[]): Credentials {
  const each = apiKeys.map((key) => ({ "x-goog-api-key": key }));
  let turn = 0;
  return {
    headers() {
      const headers = each[turn % each.length] ?? {};
      turn = (turn + 1) % each.length;
      return headers;
    },
    // A refused key is not mended by asking again, but another one may be good.
    renew: () => Promise.resolve(each.length > 1),
  };
}
