/** The URLs of one request: what becomes of each, and the bytes of those that the gateway reads itself. */
import { GatewayError, invalidRequest } from "../errors.ts";
import type { FetchedMedia } from "../media/fetch-media.ts";
import { readerOf } from "../media/media-policy.ts";
import { MediaRefusal } from "../media/media-refusal.ts";
import { withReadMedia } from "../media/openai-media.ts";
import type { ResolveMedia } from "../translate/target.ts";
import type { ActiveCalls } from "./active-calls.ts";
import type { ConnectedUpstream } from "./connected-upstream.ts";
import type { Call } from "./exchange.ts";
import type { Gateway } from "./gateway.ts";

type Requested = Pick<Call, "requestId" | "record" | "ticket">;

const NONE_READ: ReadonlyMap<string, FetchedMedia> = new Map();
const NONE_WANTED: ReadonlyMap<string, string> = new Map();

/** Kept for all attempts at a request, so that a file is read once. */
export class RequestMedia {
  readonly #gateway: Gateway;
  #read = NONE_READ;
  /** URLs still to be read, with where each stands first. Made when needed. */
  #wanted: Map<string, string> | undefined;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** URLs that are still to be read before a call can be made. */
  get wanted(): ReadonlyMap<string, string> {
    return this.#wanted ?? NONE_WANTED;
  }

  /** For a translation to this upstream. What it asks for and is not there yet is `wanted`. */
  resolver(upstream: ConnectedUpstream): ResolveMedia {
    return this.#resolver(this.#gateway.access.open || upstream.at.credentials === "caller");
  }

  /**
   * The body for an upstream that speaks OpenAI's API itself: the caller's own bytes wherever no file is to be read.
   * @throws GatewayError (400) for a URL that may not be read, or could not be
   */
  async bytes(
    call: Requested & Pick<Call, "body">,
    body: Readonly<Record<string, unknown>>,
    upstream: ConnectedUpstream,
    active: ActiveCalls,
  ): Promise<Buffer> {
    const { config, access } = this.#gateway;
    const { fetch, buckets, hosts } = config.media;
    const forGoogle = upstream.kind === "openai" && upstream.at.readsBuckets === true;
    const ownRights = access.open || upstream.at.credentials === "caller" || !forGoogle;
    // Nothing could come of looking.
    if (fetch === "passthrough" && buckets === undefined && hosts === undefined && ownRights)
      return call.body;
    const resolve = this.#resolver(ownRights);
    let read = withReadMedia(body, resolve);
    if (this.wanted.size > 0) {
      await this.read(call, active);
      read = withReadMedia(body, resolve);
    }
    return read === undefined ? call.body : Buffer.from(JSON.stringify(read));
  }

  #resolver(ownRights: boolean): ResolveMedia {
    const rules = this.#gateway.config.media;
    return (url, path) => {
      if (readerOf(url, path, rules, { ownRights }) === "google") return undefined;
      const read = this.#read.get(url);
      if (read === undefined && !this.wanted.has(url)) (this.#wanted ??= new Map()).set(url, path);
      return read;
    };
  }

  /**
   * Reads what is wanted.
   * @throws GatewayError (400), the same whatever went wrong, so that callers cannot map a network by it
   */
  async read({ requestId, record, ticket }: Requested, active: ActiveCalls): Promise<void> {
    const { config, media, admission } = this.#gateway;
    const { wanted } = this;
    const [first] = wanted;
    if (first === undefined) return;
    const { maxFiles } = config.media;
    if (wanted.size > maxFiles) {
      throw invalidRequest(
        first[1],
        `${first[1]}: at most ${maxFiles} URLs are read for one request, and there are ${wanted.size}.`,
      );
    }
    const over = new AbortController();
    const reading = { abort: () => over.abort(active.endedBy), pause() {}, resume() {} };
    active.add(reading, () => {});
    // Beside the bytes themselves there is their base64 for a moment.
    const hold = (bytes: number): void => admission.holdBody(ticket, ticket.heldBytes + 2 * bytes);
    try {
      const urls = [...wanted.keys()];
      this.#read = new Map([
        ...this.#read,
        ...(await media.fetchAll(urls, record.keyId ?? "", over.signal, hold)),
      ]);
      this.#wanted = undefined;
    } catch (error) {
      if (!(error instanceof MediaRefusal)) throw error;
      const path = wanted.get(error.url ?? "") ?? first[1];
      throw new GatewayError(
        { kind: "invalid_request", param: path, code: "media_not_read" },
        `${path}: the gateway could not read this URL. It must lead to a public file of a known type and moderate size; or send the data inline. If it does, quote request id ${requestId} to the gateway's operator.`,
        { cause: error },
      );
    } finally {
      active.delete(reading);
    }
  }
}
