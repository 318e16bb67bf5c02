/** Who may call. */
import { createHash, timingSafeEqual } from "node:crypto";
import { GatewayError } from "../errors.ts";
import { header, type RequestHeaders } from "./exchange.ts";

export interface Admitted {
  /** The caller's bearer token, where it is not an access key of ours. */
  callerToken: string | undefined;
  /** Which access key it came with, by its SHA-256 in hexadecimal digits; undefined where none is asked for. */
  key: string | undefined;
}

export class Access {
  readonly #keys: readonly { digest: Buffer; name: string }[];
  readonly #onWrongKey: (address: string) => void;

  /**
   * @param apiKeys Access keys of the gateway itself; with none, any caller that can reach it may use it.
   * @param onWrongKey is told the address that a wrong key came from, and throws when there were too many
   */
  constructor(apiKeys: readonly string[], onWrongKey: (address: string) => void = () => {}) {
    this.#keys = apiKeys.map((key) => ({ digest: digest(key), name: digest(key).toString("hex") }));
    this.#onWrongKey = onWrongKey;
  }

  get open(): boolean {
    return this.#keys.length === 0;
  }

  /**
   * The caller's bearer token, for an upstream that needs it. Where access keys are configured one of them must
   * come as the bearer, or as `x-pollux-api-key` when the bearer is the caller's Google token.
   * @param address of the connection; undefined for a caller in this process
   * @throws GatewayError `unauthenticated`, the same for every wrong key; `rate_limited` after too many of them.
   */
  admit(headers: RequestHeaders, address: string | undefined): Admitted {
    const bearer = bearerOf(header(headers, "authorization"));
    if (this.open) return { callerToken: bearer, key: undefined };
    const own = header(headers, "x-pollux-api-key");
    const key = this.#find(own ?? bearer);
    if (key !== undefined) return { callerToken: own === undefined ? undefined : bearer, key };
    // Only now: a good key is let in however many wrong ones come from the same address.
    if (address !== undefined) this.#onWrongKey(address);
    throw new GatewayError(
      { kind: "unauthenticated" },
      bearer === undefined && own === undefined
        ? "An access key is required: send it as `Authorization: Bearer <key>`."
        : "The access key is not valid.",
    );
  }

  /** Every key is compared, whole digests at a time, so that the time taken tells nothing about any of them. */
  #find(candidate: string | undefined): string | undefined {
    if (candidate === undefined) return undefined;
    const candidateDigest = digest(candidate);
    let found: string | undefined;
    for (const key of this.#keys) {
      if (timingSafeEqual(key.digest, candidateDigest)) found = key.name;
    }
    return found;
  }
}

function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

function bearerOf(authorization: string | undefined): string | undefined {
  const token =
    authorization === undefined ? undefined : /^bearer +([\x21-\x7e]+)[\t ]*$/i.exec(authorization)?.[1];
  return token === "" ? undefined : token;
}
