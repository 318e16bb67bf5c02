/** A real PNG for image output: coloured blocks that follow from the prompt, in the aspect ratio asked for. */
import { crc32, deflateSync } from "node:zlib";
import type { JsonObject } from "../../wire/gemini.ts";
import { Dice } from "./dice.ts";
import { colourIn } from "./media/colour-name.ts";
import type { Colour } from "./media/media-facts.ts";

/** The longer side for "1K"; small on purpose, since nobody looks at these for long. */
const longestSide = 128;
const sides: Record<string, number> = { "512": 64, "1K": 128, "2K": 192, "4K": 256 };
const blocks = 8;

/** What an output image weighs, whatever its size (https://ai.google.dev/gemini-api/docs/pricing: 1290 tokens up to 1024 x 1024). */
export const imageTokens = 1290;

export interface Picture {
  width: number;
  height: number;
  png: Buffer;
}

/** The same prompt and variant give the same bytes; a colour named in the prompt is the main one. */
export function drawPicture(prompt: string, imageConfig: JsonObject | undefined, variant: string): Picture {
  const { width, height } = sizeOf(imageConfig);
  const dice = new Dice(`${prompt}/${variant}`);
  const base = colourIn(prompt) ?? { red: dice.below(256), green: dice.below(256), blue: dice.below(256) };
  const tiles = Array.from({ length: blocks * blocks }, () => shaded(base, dice.unit()));
  const rows: Buffer[] = [];
  for (let y = 0; y < height; y++) {
    const row = Buffer.alloc(1 + width * 3);
    for (let x = 0; x < width; x++) {
      const tile =
        tiles[Math.floor((y * blocks) / height) * blocks + Math.floor((x * blocks) / width)] ?? base;
      row.set([tile.red, tile.green, tile.blue], 1 + x * 3);
    }
    rows.push(row);
  }
  return { width, height, png: encoded(width, height, Buffer.concat(rows)) };
}

function sizeOf(config: JsonObject | undefined): { width: number; height: number } {
  const size = config?.["imageSize"];
  const longest = (typeof size === "string" ? sides[size.toUpperCase()] : undefined) ?? longestSide;
  const ratio = config?.["aspectRatio"];
  const match = typeof ratio === "string" ? /^(\d{1,3}):(\d{1,3})$/.exec(ratio) : null;
  const [wide, high] = [Number(match?.[1] ?? 1) || 1, Number(match?.[2] ?? 1) || 1];
  const scale = longest / Math.max(wide, high);
  return { width: Math.max(1, Math.round(wide * scale)), height: Math.max(1, Math.round(high * scale)) };
}

function shaded(base: Colour, unit: number): Colour {
  const shift = Math.round((unit - 0.5) * 48);
  const shade = (value: number): number => Math.min(255, Math.max(0, value + shift));
  return { red: shade(base.red), green: shade(base.green), blue: shade(base.blue) };
}

function encoded(width: number, height: number, rows: Buffer): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits a channel, three channels.
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
