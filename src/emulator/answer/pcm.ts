/** Speech output as Gemini sends it: 16-bit little-endian PCM, 24 kHz, mono; one tone for each word. */

export const pcmMimeType = "audio/L16;codec=pcm;rate=24000";
/** https://ai.google.dev/gemini-api/docs/tokens: audio output weighs 25 tokens a second. */
const tokensPerSecond = 25;
const sampleRate = 24_000;
const secondsPerCharacter = 0.05;
const shortestWord = 0.1;
const pause = 0.04;
const longest = 8;
const amplitude = 8000;

/** Length follows the text, up to eight seconds; pitch follows each word. */
export function speak(text: string): { pcm: Buffer; seconds: number; tokens: number } {
  const tones: Buffer[] = [];
  let seconds = 0;
  for (const word of text.split(/\s+/)) {
    if (word === "" || seconds >= longest) continue;
    const length = Math.min(Math.max(shortestWord, word.length * secondsPerCharacter), longest - seconds);
    tones.push(
      tone(200 + (word.charCodeAt(0) % 32) * 12, length),
      Buffer.alloc(Math.round(pause * sampleRate) * 2),
    );
    seconds += length + pause;
  }
  if (tones.length === 0) tones.push(Buffer.alloc(Math.round(shortestWord * sampleRate) * 2));
  const pcm = Buffer.concat(tones);
  const total = pcm.length / 2 / sampleRate;
  return { pcm, seconds: total, tokens: Math.ceil(total * tokensPerSecond) };
}

function tone(hertz: number, seconds: number): Buffer {
  const samples = Math.round(seconds * sampleRate);
  const pcm = Buffer.alloc(samples * 2);
  for (let index = 0; index < samples; index++) {
    // Faded in and out, so that words do not click.
    const fade = Math.min(1, index / 480, (samples - index) / 480);
    pcm.writeInt16LE(
      Math.round(Math.sin((2 * Math.PI * hertz * index) / sampleRate) * amplitude * fade),
      index * 2,
    );
  }
  return pcm;
}
