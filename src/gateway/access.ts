/** Who may call. */
import { hash, timingSafeEqual } from "node:crypto";
import { GatewayError } from "../errors.ts";
import { header, type RequestHeaders } from "./exchange.ts";

export interface Admitted {
  /** The caller's bearer token, where it is not an access key of ours. */
  callerToken: string | undefined;
  /** Which access key it came with, by its SHA-256 in hexadecimal digits; undefined where none is asked for. */
  key: string | undefined;
}

export class Access {
  readonly #keys: readonly Key[];
  readonly #adminKeys: readonly Key[];
  readonly #onWrongKey: (address: string) => void;

  /**
   * @param keys `apiKeys`: access keys of the gateway itself; with none, any caller that can reach it may use it.
   *   `adminKeys`: those that open what operators alone may see
   * @param onWrongKey is told the address that a wrong key came from, and throws when there were too many
   */
  constructor(
    keys: { apiKeys?: readonly string[]; adminKeys?: readonly string[] },
    onWrongKey: (address: string) => void = () => {},
  ) {
    this.#keys = (keys.apiKeys ?? []).map(keyOf);
    this.#adminKeys = (keys.adminKeys ?? []).map(keyOf);
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
    const key = find(this.#keys, own ?? bearer);
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

  /**
   * For what operators alone may see. An access key is no admin key; where neither is configured, anyone may who can
   * reach the gateway, which then is this machine.
   * @throws as `admit`
   */
  admitAdmin(headers: RequestHeaders, address: string | undefined): void {
    if (this.#adminKeys.length === 0 && this.open) return;
    const given = header(headers, "x-pollux-api-key") ?? bearerOf(header(headers, "authorization"));
    if (find(this.#adminKeys, given) !== undefined) return;
    if (address !== undefined) this.#onWrongKey(address);
    throw new GatewayError(
      { kind: "unauthenticated" },
      "An admin key is required: send one of `server.adminKeys` (POLLUX_ADMIN_KEYS) as `Authorization: Bearer <key>`. An access key is none.",
    );
  }
}

interface Key {
  /** What is compared: see `comparable`. */
  bytes: Buffer;
  /** Its SHA-256 in hexadecimal digits. */
  name: string;
}

function keyOf(key: string): Key {
  return { bytes: Buffer.from(comparable(key)), name: digest(key).toString("hex") };
}

/** Every key is compared, and all of it, so that the time taken tells nothing about any of them. */
function find(keys: readonly Key[], candidate: string | undefined): string | undefined {
  if (candidate === undefined) return undefined;
  const bytes = comparable(candidate);
  let found: string | undefined;
  for (const key of keys) {
    if (timingSafeEqual(key.bytes, bytes)) found = key.name;
  }
  return found;
}

const COMPARED_BYTES = 256;
const LONGEST_UNHASHED = Math.floor((COMPARED_BYTES - 1) / 3);
const scratch = Buffer.alloc(COMPARED_BYTES);

/**
 * The same bytes for the same key and for no other, and always as many: its length and itself, or for a long one its
 * digest. Hashing each key would take longer than all else that is done to find it. Good until the next call.
 */
function comparable(key: string): Buffer {
  scratch.fill(0);
  if (key.length > LONGEST_UNHASHED) {
    scratch[0] = COMPARED_BYTES - 1;
    digest(key).copy(scratch, 1);
  } else {
    // UTF-8 takes three bytes at most for each unit of the string.
    scratch[0] = scratch.write(key, 1);
  }
  return scratch;
}

function digest(key: string): Buffer {
  return hash("sha256", key, "buffer");
}

function bearerOf(authorization: string | undefined): string | undefined {
  const token =
    authorization === undefined ? undefined : /^bearer +([\x21-\x7e]+)[\t ]*$/i.exec(authorization)?.[1];
  return token === "" ? undefined : token;
}
