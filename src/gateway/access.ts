/** Who may call. */
import { createHash, timingSafeEqual } from "node:crypto";
import { GatewayError } from "../errors.ts";
import { header, type RequestHeaders } from "./exchange.ts";

export class Access {
  readonly #keyDigests: Buffer[];

  /** @param apiKeys Access keys of the gateway itself; with none, any caller that can reach it may use it. */
  constructor(apiKeys: readonly string[]) {
    this.#keyDigests = apiKeys.map(digest);
  }

  get open(): boolean {
    return this.#keyDigests.length === 0;
  }

  /**
   * The caller's bearer token, for an upstream that needs it. Where access keys are configured one of them must
   * come as the bearer, or as `x-pollux-api-key` when the bearer is the caller's Google token.
   * @throws GatewayError `unauthenticated`, the same for every wrong key.
   */
  admit(headers: RequestHeaders): { callerToken: string | undefined } {
    const bearer = bearerOf(header(headers, "authorization"));
    if (this.open) return { callerToken: bearer };
    const own = header(headers, "x-pollux-api-key");
    if (own !== undefined && this.#matches(own)) return { callerToken: bearer };
    if (own === undefined && bearer !== undefined && this.#matches(bearer)) return { callerToken: undefined };
    throw new GatewayError(
      { kind: "unauthenticated" },
      bearer === undefined && own === undefined
        ? "An access key is required: send it as `Authorization: Bearer <key>`."
        : "The access key is not valid.",
    );
  }

  /** Every key is compared, whole digests at a time, so that the time taken tells nothing about any of them. */
  #matches(candidate: string): boolean {
    const candidateDigest = digest(candidate);
    let found = false;
    for (const key of this.#keyDigests) {
      if (timingSafeEqual(key, candidateDigest)) found = true;
    }
    return found;
  }
}

function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

function bearerOf(authorization: string | undefined): string | undefined {
  const token = authorization === undefined ? undefined : /^bearer +(\S+)\s*$/i.exec(authorization)?.[1];
  return token === "" ? undefined : token;
}
