/** Small media files made on the spot, byte by byte, for tests that need to know exactly what is in them. */
import { crc32, deflateSync } from "node:zlib";

export function png(width: number, height: number, colour: readonly [number, number, number]): Buffer {
  const row = Buffer.concat([
    Buffer.from([0]),
    Buffer.from(Array.from({ length: width }, () => colour).flat()),
  ]);
  return pngOf(width, height, 8, 2, deflateSync(Buffer.concat(Array.from({ length: height }, () => row))));
}

export function pngOf(
  width: number,
  height: number,
  depth: number,
  colourType: number,
  data: Buffer,
  palette?: Buffer,
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colourType, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    ...(palette ? [chunk("PLTE", palette)] : []),
    chunk("IDAT", data),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

export function jpeg(width: number, height: number): Buffer {
  const app0 = Buffer.from([0xff, 0xe0, 0, 4, 0, 0]);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    app0,
    Buffer.from([0xff, 0xc0, 0, 11, 8]),
    big16(height),
    big16(width),
    Buffer.from([1, 1, 0x11, 0, 0xff, 0xd9]),
  ]);
}

export function gif(width: number, height: number): Buffer {
  return Buffer.concat([
    Buffer.from("GIF89a"),
    little16(width),
    little16(height),
    Buffer.from([0, 0, 0, 0x3b]),
  ]);
}

export function webpLossless(width: number, height: number): Buffer {
  const packed = (width - 1) | ((height - 1) << 14);
  return Buffer.concat([
    Buffer.from("RIFF"),
    little32(30),
    Buffer.from("WEBPVP8L"),
    little32(10),
    Buffer.from([0x2f]),
    little32(packed),
    Buffer.alloc(8),
  ]);
}

export function webpExtended(width: number, height: number): Buffer {
  return Buffer.concat([
    Buffer.from("RIFF"),
    little32(30),
    Buffer.from("WEBPVP8X"),
    little32(10),
    little32(0),
    little32(width - 1).subarray(0, 3),
    little32(height - 1).subarray(0, 3),
  ]);
}

/** Silence, 16 bit. */
export function wav(sampleRate: number, channels: number, seconds: number): Buffer {
  const data = Buffer.alloc(Math.round(sampleRate * seconds) * channels * 2);
  const format = Buffer.concat([
    little16(1),
    little16(channels),
    little32(sampleRate),
    little32(sampleRate * channels * 2),
    little16(channels * 2),
    little16(16),
  ]);
  return Buffer.concat([
    Buffer.from("RIFF"),
    little32(36 + data.length),
    Buffer.from("WAVEfmt "),
    little32(16),
    format,
    Buffer.from("data"),
    little32(data.length),
    data,
  ]);
}

/** Frames of 128 kbit/s at 44.1 kHz, joint stereo; each lasts 1152 samples. */
export function mp3(frames: number, withTag = false): Buffer {
  const frame = Buffer.alloc(417);
  frame.set([0xff, 0xfb, 0x90, 0x64]);
  const tag = Buffer.concat([Buffer.from("ID3"), Buffer.from([4, 0, 0, 0, 0, 0, 20]), Buffer.alloc(20)]);
  return Buffer.concat([...(withTag ? [tag] : []), ...Array.from({ length: frames }, () => frame)]);
}

export function flac(sampleRate: number, channels: number, samples: number): Buffer {
  const info = Buffer.alloc(34);
  info.set(
    [sampleRate >> 12, (sampleRate >> 4) & 255, ((sampleRate & 15) << 4) | ((channels - 1) << 1), 0xf0],
    10,
  );
  info.writeUInt32BE(samples, 14);
  return Buffer.concat([Buffer.from("fLaC"), Buffer.from([0x80, 0, 0, 34]), info]);
}

export function oggOpus(channels: number, seconds: number): Buffer {
  const head = Buffer.concat([
    Buffer.from("OpusHead"),
    Buffer.from([1, channels]),
    little16(312),
    little32(16000),
    Buffer.alloc(3),
  ]);
  return Buffer.concat([page(0, head), page(seconds * 48000 + 312, Buffer.alloc(10))]);
}

/** ADTS frames at 44.1 kHz, stereo. */
export function aac(frames: number): Buffer {
  const frame = Buffer.alloc(20);
  frame.set([0xff, 0xf1, 0x50, 0x80, 20 >> 3, ((20 & 7) << 5) | 0x1f, 0xfc]);
  return Buffer.concat(Array.from({ length: frames }, () => frame));
}

export function aiff(sampleRate: number, channels: number, frames: number): Buffer {
  const exponent = Math.floor(Math.log2(sampleRate));
  const extended = Buffer.concat([
    big16(16383 + exponent),
    big32(sampleRate * 2 ** (31 - exponent)),
    big32(0),
  ]);
  const common = Buffer.concat([big16(channels), big32(frames), big16(16), extended]);
  return Buffer.concat([
    Buffer.from("FORM"),
    big32(4 + 8 + common.length),
    Buffer.from("AIFFCOMM"),
    big32(common.length),
    common,
  ]);
}

export function mp4(
  brand: string,
  seconds: number,
  handler: "vide" | "soun",
  width: number,
  height: number,
): Buffer {
  const mvhd = Buffer.alloc(100);
  mvhd.writeUInt32BE(1000, 12);
  mvhd.writeUInt32BE(Math.round(seconds * 1000), 16);
  const tkhd = Buffer.alloc(84);
  tkhd.writeUInt16BE(width, 76);
  tkhd.writeUInt16BE(height, 80);
  const entry = Buffer.alloc(28);
  entry.writeUInt16BE(2, 16);
  entry.writeUInt16BE(44100, 24);
  const stsd = box("stsd", Buffer.concat([big32(0), big32(1), box("mp4a", entry)]));
  const hdlr = box("hdlr", Buffer.concat([Buffer.alloc(8), Buffer.from(handler), Buffer.alloc(13)]));
  const media = box("mdia", Buffer.concat([hdlr, box("minf", box("stbl", stsd))]));
  return Buffer.concat([
    box("ftyp", Buffer.from(`${brand}\0\0\0\0`)),
    box("mdat", Buffer.alloc(50)),
    box("moov", Buffer.concat([box("mvhd", mvhd), box("trak", Buffer.concat([box("tkhd", tkhd), media]))])),
  ]);
}

export function heic(width: number, height: number): Buffer {
  const ipco = box("ipco", Buffer.concat([extents(64, 64), extents(width, height)]));
  return Buffer.concat([
    box("ftyp", Buffer.from("heic\0\0\0\0")),
    box("meta", Buffer.concat([big32(0), box("iprp", ipco)])),
  ]);
}

export function webm(seconds: number, width: number, height: number): Buffer {
  const duration = Buffer.alloc(8);
  duration.writeDoubleBE(seconds * 1000);
  const video = element(
    [0xe0],
    Buffer.concat([element([0xb0], big16(width)), element([0xba], big16(height))]),
  );
  const body = Buffer.concat([
    element(
      [0x15, 0x49, 0xa9, 0x66],
      Buffer.concat([
        element([0x2a, 0xd7, 0xb1], Buffer.from([0x0f, 0x42, 0x40])),
        element([0x44, 0x89], duration),
      ]),
    ),
    element([0x16, 0x54, 0xae, 0x6b], element([0xae], video)),
  ]);
  return Buffer.concat([
    element([0x1a, 0x45, 0xdf, 0xa3], element([0x42, 0x82], Buffer.from("webm"))),
    element([0x18, 0x53, 0x80, 0x67], body),
  ]);
}

export function pdf(pages: number): Buffer {
  const leaves = Array.from(
    { length: pages },
    (_, index) => `${index + 3} 0 obj << /Type /Page /Parent 2 0 R >> endobj\n`,
  ).join("");
  return Buffer.from(
    `%PDF-1.7\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n2 0 obj << /Type /Pages /Count ${pages} >> endobj\n${leaves}%%EOF`,
  );
}

/** The page objects hidden in a compressed object stream, as PDF 1.5 writers do it. */
export function compressedPdf(pages: number): Buffer {
  const data = deflateSync(Buffer.from("<< /Type /Page >> ".repeat(pages)));
  return Buffer.concat([
    Buffer.from(`%PDF-1.5\n1 0 obj << /Type /ObjStm /N ${pages} /Filter /FlateDecode >>\nstream\n`),
    data,
    Buffer.from("\nendstream endobj\n%%EOF"),
  ]);
}

function box(type: string, body: Buffer): Buffer {
  return Buffer.concat([big32(body.length + 8), Buffer.from(type), body]);
}

function big16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function big32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

function little16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function little32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

function chunk(type: string, body: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type), body]);
  return Buffer.concat([big32(body.length), typed, big32(crc32(typed))]);
}

function page(granule: number, body: Buffer): Buffer {
  const header = Buffer.alloc(28);
  header.write("OggS", 0);
  header.writeUInt32LE(granule, 6);
  header[26] = 1;
  header[27] = body.length;
  return Buffer.concat([header, body]);
}

function extents(w: number, h: number): Buffer {
  return box("ispe", Buffer.concat([big32(0), big32(w), big32(h)]));
}

function element(id: number[], body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([...id, 0x80 | body.length]), body]);
}
