/** PNG: size from IHDR, average colour from the pixels (https://www.w3.org/TR/png-3/). */
import { inflateSync } from "node:zlib";
import { ascii, uint32Big, uint8 } from "./byte-access.ts";
import type { Colour, MediaFacts } from "./media-facts.ts";

const signature = "\x89PNG\r\n\x1a\n";
const mostPixels = 4_000_000;
const channelsByColourType: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

interface Header {
  width: number;
  height: number;
  depth: number;
  colourType: number;
  interlaced: boolean;
}

export function readPng(bytes: Buffer): MediaFacts | undefined {
  if (ascii(bytes, 0, 8) !== signature) return undefined;
  if (ascii(bytes, 12, 4) !== "IHDR") return { kind: "image", format: "PNG" };
  const header: Header = {
    width: uint32Big(bytes, 16),
    height: uint32Big(bytes, 20),
    depth: uint8(bytes, 24),
    colourType: uint8(bytes, 25),
    interlaced: uint8(bytes, 28) !== 0,
  };
  const colour = averageColour(bytes, header);
  return {
    kind: "image",
    format: "PNG",
    width: header.width,
    height: header.height,
    ...(colour !== undefined && { colour }),
  };
}

function averageColour(bytes: Buffer, header: Header): Colour | undefined {
  const channels = channelsByColourType[header.colourType];
  const { width, height, depth } = header;
  if (channels === undefined || ![1, 2, 4, 8, 16].includes(depth) || header.interlaced) return undefined;
  if (width === 0 || height === 0 || width * height > mostPixels) return undefined;
  const rowBytes = Math.ceil((width * channels * depth) / 8);
  const { compressed, palette } = chunks(bytes);
  const pixels = inflated(compressed, (rowBytes + 1) * height);
  if (pixels === undefined || pixels.length < (rowBytes + 1) * height) return undefined;
  if (header.colourType === 3 && palette === undefined) return undefined;

  const sums = { red: 0, green: 0, blue: 0, weight: 0 };
  const bytesPerPixel = Math.max(1, (channels * depth) >> 3);
  let above: Uint8Array = new Uint8Array(rowBytes);
  for (let y = 0; y < height; y++) {
    const start = y * (rowBytes + 1);
    const row = pixels.subarray(start + 1, start + 1 + rowBytes);
    unfilter(row, above, pixels[start] ?? 0, bytesPerPixel);
    addRow(row, header, channels, palette, sums);
    above = row;
  }
  if (sums.weight === 0) return undefined;
  return {
    red: Math.round(sums.red / sums.weight),
    green: Math.round(sums.green / sums.weight),
    blue: Math.round(sums.blue / sums.weight),
  };
}

function chunks(bytes: Buffer): { compressed: Buffer; palette?: Buffer } {
  const data: Buffer[] = [];
  let palette: Buffer | undefined;
  for (let at = 8; at + 8 <= bytes.length;) {
    const length = uint32Big(bytes, at);
    const type = ascii(bytes, at + 4, 4);
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (type === "IDAT") data.push(body);
    else if (type === "PLTE") palette = body;
    else if (type === "IEND") break;
    at += 12 + length;
  }
  return { compressed: Buffer.concat(data), ...(palette !== undefined && { palette }) };
}

function inflated(compressed: Buffer, most: number): Buffer | undefined {
  try {
    return inflateSync(compressed, { maxOutputLength: most + 1024 });
  } catch {
    return undefined;
  }
}

function unfilter(row: Uint8Array, above: Uint8Array, filter: number, step: number): void {
  for (let x = 0; x < row.length; x++) {
    const left = x >= step ? (row[x - step] ?? 0) : 0;
    const up = above[x] ?? 0;
    const corner = x >= step ? (above[x - step] ?? 0) : 0;
    row[x] = (row[x] ?? 0) + predicted(filter, left, up, corner);
  }
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  if (filter !== 4) return 0;
  const estimate = left + up - corner;
  const [byLeft, byUp, byCorner] = [left, up, corner].map((value) => Math.abs(estimate - value)) as [
    number,
    number,
    number,
  ];
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}

function addRow(
  row: Uint8Array,
  header: Header,
  channels: number,
  palette: Buffer | undefined,
  sums: { red: number; green: number; blue: number; weight: number },
): void {
  const { depth, colourType, width } = header;
  const largest = 2 ** Math.min(depth, 8) - 1;
  const sample = (index: number): number => {
    if (depth === 8) return row[index] ?? 0;
    if (depth === 16) return row[index * 2] ?? 0;
    const bit = index * depth;
    return ((row[bit >> 3] ?? 0) >> (8 - depth - (bit & 7))) & largest;
  };
  for (let x = 0; x < width; x++) {
    const first = sample(x * channels);
    let [red, green, blue, weight] = [first, first, first, 1];
    if (colourType === 3) {
      [red, green, blue] = [0, 1, 2].map((offset) => palette?.[first * 3 + offset] ?? 0) as [
        number,
        number,
        number,
      ];
    } else if (channels >= 3) {
      green = sample(x * channels + 1);
      blue = sample(x * channels + 2);
    } else {
      red = green = blue = (first * 255) / largest;
    }
    // What is transparent is not seen.
    if (colourType === 4 || colourType === 6) weight = sample(x * channels + channels - 1) / 255;
    sums.red += red * weight;
    sums.green += green * weight;
    sums.blue += blue * weight;
    sums.weight += weight;
  }
}
