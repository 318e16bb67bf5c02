/** What proves to Google who a call is from. */
import { GatewayError } from "../errors.ts";

export interface Credentials {
  /** Headers for one call, at once where nothing has to be waited for. Rejects with a `GatewayError`. */
  headers(callerToken: string | undefined): Record<string, string> | Promise<Record<string, string>>;
  /** After a 401 to a call with `refused`: true when the next `headers()` holds something new. */
  renew(refused?: Record<string, string>): Promise<boolean>;
}

/** An API key in Google's header; it is never put into a URL, where logs would keep it. */
export function apiKeyCredentials(apiKey: string): Credentials {
  const headers = { "x-goog-api-key": apiKey };
  return {
    headers: () => headers,
    renew: () => Promise.resolve(false),
  };
}

/** A token that someone else keeps valid. */
export function staticTokenCredentials(token: string): Credentials {
  const headers = { authorization: `Bearer ${token}` };
  return {
    headers: () => headers,
    renew: () => Promise.resolve(false),
  };
}

/**
 * The caller's own Google credential, passed on as it came. `how` finishes the sentence that tells a caller without one
 * what to send.
 */
export function callerCredentials(
  how: string,
  toHeaders: (token: string) => Record<string, string>,
): Credentials {
  return {
    headers(callerToken) {
      if (callerToken === undefined || !/^[\x21-\x7e]{1,16384}$/.test(callerToken)) {
        return Promise.reject(
          new GatewayError(
            { kind: "unauthenticated" },
            `This gateway has no Google credentials of its own, so each request must bring some: ${how}`,
          ),
        );
      }
      return toHeaders(callerToken);
    },
    renew: () => Promise.resolve(false),
  };
}
