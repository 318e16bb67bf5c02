/** One file from the internet, for someone who must not be able to reach anything else through us. */
import type { Socket } from "node:net";
import { buildConnector, Client } from "undici";
import type { MediaConfig } from "../config/media-schema.ts";
import { GatewayError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { Base64Text } from "../wire/base64-text.ts";
import { MediaRefusal } from "./media-refusal.ts";
import { MAGIC_BYTES, mediaTypeOf } from "./media-type.ts";
import { parseMediaUrl } from "./media-url.ts";
import { publicLookup, type Resolve, resolveByDns } from "./public-lookup.ts";
import { isPublicAddress } from "./public-address.ts";
import { type ByteAllowance, readBody } from "./read-body.ts";

/** The network, for tests to put another in its place. */
export interface Network {
  resolve: Resolve;
  isPublic: (address: string) => boolean;
}

export const INTERNET: Network = { resolve: resolveByDns, isPublic: isPublicAddress };

export interface FetchedMedia {
  /** By the bytes themselves. */
  mimeType: string;
  /** Standard base64. */
  data: Base64Text;
}

const MAX_HEADER_BYTES = 16 * 1024;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Nothing of the caller's or of ours goes along: no cookie, no key, no header that came in. */
const HEADERS = {
  "user-agent": `pollux/${VERSION}`,
  accept: "image/*, audio/*, video/*, application/pdf",
  "accept-encoding": "identity",
};

/**
 * Each redirect is a new address, held to every rule again.
 * @param signal ends it, with its reason
 * @throws MediaRefusal, and a GatewayError of the allowance
 */
export async function fetchMedia(
  address: string,
  rules: MediaConfig,
  allowance: ByteAllowance,
  signal: AbortSignal,
  network: Network = INTERNET,
): Promise<FetchedMedia> {
  let url = parseMediaUrl(address, rules, network.isPublic);
  for (let hops = 0; ; hops += 1) {
    const answer = await new Visit(url, rules, network).run(allowance, signal);
    if (typeof answer !== "string") return answer;
    if (hops === rules.maxRedirects) throw new MediaRefusal("redirect");
    url = parseMediaUrl(answer, rules, network.isPublic, url);
  }
}

/** One request on a connection of its own, so that what was checked of its address holds for all of it. */
class Visit {
  readonly #url: URL;
  readonly #rules: MediaConfig;
  readonly #client: Client;
  readonly #broken = Promise.withResolvers<never>();
  #opening: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(url: URL, rules: MediaConfig, { resolve, isPublic }: Network) {
    this.#url = url;
    this.#rules = rules;
    // Our own timers do the timing.
    const connect = buildConnector({ allowH2: false, timeout: 0, lookup: publicLookup(resolve, isPublic) });
    this.#client = new Client(url.origin, {
      connect: (options, callback) => {
        // The declaration says void; the socket is returned all the same, and closing it early needs it.
        this.#opening = connect(options, (...result) => {
          const [error, socket] = result;
          // A second look at the address that was dialled, whatever chose it, before anything is said there.
          if (error === null && !isPublic(socket.remoteAddress ?? "")) {
            socket.destroy();
            callback(new MediaRefusal("address"), null);
          } else callback(...result);
        }) as unknown as Socket;
      },
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    this.#broken.promise.catch(() => {});
    this.#client.on("connect", () => this.#within(rules.firstByteMs));
  }

  /** The file, or where it is said to be instead. */
  async run(allowance: ByteAllowance, signal: AbortSignal): Promise<FetchedMedia | string> {
    const abort = (): void => this.#end(signal.reason);
    try {
      signal.throwIfAborted();
      signal.addEventListener("abort", abort);
      this.#within(this.#rules.connectMs);
      return await Promise.race([this.#ask(allowance), this.#broken.promise]);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error instanceof MediaRefusal || error instanceof GatewayError
        ? error
        : new MediaRefusal("connection", { cause: error });
    } finally {
      signal.removeEventListener("abort", abort);
      this.#end(new MediaRefusal("connection"));
    }
  }

  async #ask(allowance: ByteAllowance): Promise<FetchedMedia | string> {
    const path = this.#url.pathname + this.#url.search;
    const { statusCode, headers, body } = await this.#client.request({
      method: "GET",
      path,
      headers: HEADERS,
    });
    clearTimeout(this.#timer);
    // Whatever becomes of it, nobody waits for it any more.
    body.on("error", () => {});
    if (REDIRECTS.has(statusCode)) {
      const { location } = headers;
      if (typeof location !== "string") throw new MediaRefusal("redirect");
      return location;
    }
    if (statusCode !== 200) throw new MediaRefusal("status");
    const encoding = headers["content-encoding"] ?? "";
    if (typeof encoding !== "string") throw new MediaRefusal("encoding");
    const { maxBytes, types } = this.#rules;
    let mimeType = "";
    const bytes = await readBody(
      body,
      encoding,
      { maxBytes, allowance },
      {
        bytes: MAGIC_BYTES,
        check: (start) => {
          mimeType = mediaTypeOf(start) ?? "";
          if (mimeType === "" || types?.some((type) => type === mimeType) === false)
            throw new MediaRefusal("type");
        },
      },
    );
    return { mimeType, data: new Base64Text("", Buffer.from(bytes.toString("base64"), "latin1")) };
  }

  #within(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(new MediaRefusal("timeout")), ms);
  }

  #end(reason: unknown): void {
    clearTimeout(this.#timer);
    this.#broken.reject(reason);
    this.#client.destroy(null, () => {});
    // undici would let the opening go on to its end first.
    this.#opening?.destroy();
  }
}
