/**
 * Thought signatures as the emulator makes them: opaque bytes that it can later recognise as its own, as belonging to
 * one part and as unaltered. The rules they serve are Google's: docs.cloud.google.com, "Thought signatures".
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Json, JsonObject, Part } from "../wire/gemini.ts";

/** Google's documented values for a history that has no signatures; taken raw, or as the base64 of the words. */
export const BYPASS_SIGNATURES: readonly string[] = [
  "skip_thought_signature_validator",
  "context_engineering_is_the_way_to_go",
].flatMap((words) => [words, Buffer.from(words).toString("base64")]);

export type SignatureVerdict = "valid" | "bypass" | "corrupted" | "foreign";

const FIRST_BYTE = 0x0a;
const NONCE_BYTES = 12;
const MAC_BYTES = 16;
const SHORTEST = 1 + NONCE_BYTES + MAC_BYTES * 2;

/** Signs parts and recognises its signatures again; two signers with the same secret accept each other's. */
export class SignatureSigner {
  readonly #secret: string;

  constructor(secret: string) {
    this.#secret = secret;
  }

  /**
   * Base64 bytes bound to the model and to what the part holds. `uniqueness` makes two signatures of equal parts
   * differ, as Google's do; the same value gives the same bytes.
   */
  sign(model: string, part: Part, uniqueness: string): string {
    const nonce = this.#hmac(`nonce ${uniqueness}`).subarray(0, NONCE_BYTES);
    const binding = this.#binding(model, part, nonce);
    const filler = this.#filler(nonce);
    const body = Buffer.concat([Buffer.of(FIRST_BYTE), nonce, binding, filler]);
    return Buffer.concat([body, this.#hmac(body).subarray(0, MAC_BYTES)]).toString("base64");
  }

  /**
   * "corrupted": bytes this emulator never made. "foreign": its own bytes, but made for another part or model.
   * Text parts are bound by kind alone, because the text may come back joined with its neighbours.
   */
  verify(model: string, part: Part, signature: string): SignatureVerdict {
    if (BYPASS_SIGNATURES.includes(signature)) return "bypass";
    const bytes = Buffer.from(signature, "base64");
    if (bytes.length < SHORTEST || bytes[0] !== FIRST_BYTE) return "corrupted";
    const body = bytes.subarray(0, bytes.length - MAC_BYTES);
    const mac = bytes.subarray(bytes.length - MAC_BYTES);
    if (!timingSafeEqual(mac, this.#hmac(body).subarray(0, MAC_BYTES))) return "corrupted";
    const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
    const binding = bytes.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + MAC_BYTES);
    return timingSafeEqual(binding, this.#binding(model, part, nonce)) ? "valid" : "foreign";
  }

  #binding(model: string, part: Part, nonce: Buffer): Buffer {
    const hash = createHash("sha256").update(nonce).update(`\n${model}\n`).update(describe(part)).digest();
    return this.#hmac(hash).subarray(0, MAC_BYTES);
  }

  /** 80 to 335 bytes that look like nothing in particular: real signatures are long. */
  #filler(nonce: Buffer): Buffer {
    const length = 80 + (nonce[0] ?? 0);
    const blocks: Buffer[] = [];
    for (let block = 0; block * 32 < length; block += 1) {
      blocks.push(this.#hmac(Buffer.concat([nonce, Buffer.from(`filler ${block}`)])));
    }
    return Buffer.concat(blocks).subarray(0, length);
  }

  #hmac(data: string | Buffer): Buffer {
    return createHmac("sha256", this.#secret).update(data).digest();
  }
}

function describe(part: Part): string {
  if (part.functionCall !== undefined) {
    const args: JsonObject = part.functionCall.args ?? {};
    return `functionCall\n${part.functionCall.name ?? ""}\n${canonicalJson(args)}`;
  }
  if (part.inlineData !== undefined) {
    return `inlineData\n${createHash("sha256")
      .update((part.inlineData.data ?? "").toString())
      .digest("hex")}`;
  }
  return "text";
}

/** JSON with keys sorted: clients may hand arguments back in another order. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`);
  return `{${members.join(",")}}`;
}
