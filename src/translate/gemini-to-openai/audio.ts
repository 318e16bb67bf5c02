/**
 * Audio the model made. Gemini sends signed 16-bit little-endian mono PCM in pieces, `audio/L16;codec=pcm;rate=24000`
 * (Gemini API, speech generation), which is exactly OpenAI's `pcm16`; speech models since 3.8 send a WAV file where
 * the answer is not streamed (Google's page text-to-speech/migration-guide).
 */

/**
 * Six bytes are whole samples (2) and whole base64 groups (3), so pieces of a multiple of six can be played one by
 * one, and their base64 can be joined as text, which is what the OpenAI SDKs' accumulators do.
 */
const ALIGNMENT = 6;

/** Cuts pieces of base64 anew so that each but the last has no padding. Keeps at most five bytes. */
export class AudioPieces {
  #left: Buffer = Buffer.alloc(0);

  /** Base64 that can go out now; may be empty. */
  push(base64: string): string {
    const bytes = Buffer.concat([this.#left, Buffer.from(base64, "base64")]);
    const whole = bytes.length - (bytes.length % ALIGNMENT);
    // A copy: a slice would keep the whole piece alive for its last few bytes.
    this.#left = Buffer.from(bytes.subarray(whole));
    return bytes.toString("base64", 0, whole);
  }

  end(): string {
    const rest = this.#left.toString("base64");
    this.#left = Buffer.alloc(0);
    return rest;
  }
}

/** Raw samples, which need a header before a player can read them. */
export function isPcm(mimeType: string): boolean {
  return /^audio\/(l16|pcm)\b/i.test(mimeType);
}

/** A whole file, which speech models since 3.8 give where the answer is not streamed. */
export function isWav(mimeType: string): boolean {
  return /^audio\/(x-wav|wav|wave|vnd\.wave)\b/i.test(mimeType);
}

/** The samples of a WAV file, without the RIFF chunks around them; base64 in, base64 out. What is none stays as it is. */
export function samplesOfWav(wavBase64: string): string {
  const file = Buffer.from(wavBase64, "base64");
  if (file.toString("latin1", 0, 4) !== "RIFF" || file.toString("latin1", 8, 12) !== "WAVE") return wavBase64;
  for (let at = 12; at + 8 <= file.length;) {
    const length = file.readUInt32LE(at + 4);
    const start = at + 8;
    // A length beyond the file is how a writer that could not go back leaves it: all the rest is meant.
    if (file.toString("latin1", at, at + 4) === "data") return file.toString("base64", start, start + length);
    at = start + length + (length % 2);
  }
  return wavBase64;
}

/** Puts the 44-byte RIFF header for 16-bit mono PCM before the samples; base64 in, base64 out. */
export function toWav(pcmBase64: string, mimeType: string): string {
  const samples = Buffer.from(pcmBase64, "base64");
  const rate = Number(/;\s*rate=(\d{1,6})\b/i.exec(mimeType)?.[1] ?? 24_000);
  const header = Buffer.alloc(44);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(36 + samples.length, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]).toString("base64");
}
