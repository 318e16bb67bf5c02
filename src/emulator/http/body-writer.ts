/** Puts bytes on a response, paced, with backpressure, and with the faults that live at the level of bytes. */
import type { ServerResponse } from "node:http";
import { once } from "node:events";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { FaultPlan } from "../faults.ts";

/** Thrown when the body must go no further: the connection was cut on purpose, or the client left. */
export class BodyEnded extends Error {
  override readonly name = "BodyEnded";
}

export class BodyWriter {
  readonly #response: ServerResponse;
  readonly #faults: FaultPlan;
  readonly #gone = new AbortController();
  #written = 0;
  #flushed: Promise<void> = Promise.resolve();

  constructor(response: ServerResponse, faults: FaultPlan) {
    this.#response = response;
    this.#faults = faults;
    response.once("close", () => this.#gone.abort());
  }

  /** Aborted once the client has left or the answer has ended. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Headers that describe the bytes, to be added before the first write. */
  static headers(faults: FaultPlan): Record<string, string> {
    return faults.gzip === true || faults.wrongEncoding === true ? { "content-encoding": "gzip" } : {};
  }

  /** @throws {BodyEnded} when nothing more can or may be sent. */
  async write(text: string): Promise<void> {
    let bytes: Buffer = Buffer.from(text, "utf8");
    const cutAt = this.#cutPosition(bytes);
    if (cutAt !== undefined) bytes = bytes.subarray(0, cutAt);
    // Every event its own gzip member: members may follow each other in one stream (RFC 1952, 2.2).
    if (this.#faults.gzip === true) bytes = gzipSync(bytes);
    const size = this.#faults.splitBytes ?? bytes.length;
    for (let from = 0; from < bytes.length; from += size) {
      await this.#push(bytes.subarray(from, from + size));
      // Separate writes may still share a packet; a turn of the event loop keeps them apart.
      if (this.#faults.splitBytes !== undefined) await nextTurn();
    }
    if (cutAt !== undefined) await this.cut();
  }

  /** Waits, ending early when the client leaves. @throws {BodyEnded} then. */
  async pause(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) return;
    await sleep(milliseconds, undefined, { signal: this.signal }).catch(() => {
      throw new BodyEnded("the client left");
    });
  }

  /** Sends nothing more and keeps the connection until the client gives up. @throws {BodyEnded} always. */
  async stall(): Promise<never> {
    if (!this.signal.aborted) await once(this.signal, "abort");
    throw new BodyEnded("stalled on purpose");
  }

  /** Drops the connection. @throws {BodyEnded} always. */
  async cut(): Promise<never> {
    // What was written must reach the client first; the missing last chunk then shows the cut.
    if (!this.signal.aborted) await Promise.race([this.#flushed, once(this.signal, "abort")]);
    const socket = this.#response.socket;
    socket?.end(() => socket.destroy());
    throw new BodyEnded("cut on purpose");
  }

  async end(): Promise<void> {
    if (this.#faults.cutInUtf8 === true || this.#faults.cutAfterBytes !== undefined) await this.cut();
    this.#response.end();
  }

  #cutPosition(bytes: Buffer): number | undefined {
    const before = this.#written;
    this.#written += bytes.length;
    const limit = this.#faults.cutAfterBytes;
    if (limit !== undefined && before + bytes.length >= limit) return Math.max(0, limit - before);
    if (this.#faults.cutInUtf8 !== true) return undefined;
    const lead = bytes.findIndex((byte) => byte >= 0xc0);
    return lead < 0 ? undefined : lead + 1;
  }

  async #push(bytes: Buffer): Promise<void> {
    if (this.signal.aborted) throw new BodyEnded("the client left");
    let ready = true;
    this.#flushed = new Promise((resolve) => {
      // Called with an error too, when the client has left.
      ready = this.#response.write(bytes, () => resolve());
    });
    if (ready) return;
    await once(this.#response, "drain", { signal: this.signal }).catch(() => {
      throw new BodyEnded("the client left");
    });
  }
}
