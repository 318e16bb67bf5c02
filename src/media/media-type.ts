/** What a file is, by its first bytes: neither its name nor its server's word counts. */

/** As many bytes from the start as any of the tests looks at. */
export const MAGIC_BYTES = 64;

/** ISO base media files by their major brand. Source: the registered brands, mp4ra.org. */
const BRANDS: readonly [RegExp, string][] = [
  [/^(?:heic|heix|heim|heis)$/, "image/heic"],
  [/^(?:mif1|msf1|hevc|hevx)$/, "image/heif"],
  [/^avi[fs]$/, "image/avif"],
  [/^M4[AB] $/, "audio/m4a"],
  [/^qt {2}$/, "video/quicktime"],
  [/^3g[a-z0-9]{2}$/, "video/3gpp"],
  [/^(?:iso[m2-9]|mp4[12v]|avc1|dash|M4V |MSNV|f4v |mmp4)$/, "video/mp4"],
];

// oxlint-disable no-control-regex -- signatures are bytes, and control characters among them

/** The first test that holds counts. The text has one character for each byte. */
const SIGNATURES: readonly [RegExp, string][] = [
  [/^\x89PNG\r\n\x1a\n/, "image/png"],
  [/^\xff\xd8\xff/, "image/jpeg"],
  [/^RIFF[^]{4}WEBP/, "image/webp"],
  [/^GIF8[79]a/, "image/gif"],
  [/^BM[^]{4}\0\0\0\0[^]{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0/, "image/bmp"],
  [/^%PDF-\d/, "application/pdf"],
  [/^RIFF[^]{4}WAVE/, "audio/wav"],
  [/^RIFF[^]{4}AVI /, "video/avi"],
  [/^fLaC/, "audio/flac"],
  [/^OggS\0/, "audio/ogg"],
  [/^FORM[^]{4}AIF[FC]/, "audio/aiff"],
  [/^ID3[\x02-\x04]/, "audio/mp3"],
  // A frame header: eleven bits set, then version, layer, bit rate and sample rate that are not reserved.
  [/^\xff[\xf0\xf1\xf8\xf9]/, "audio/aac"],
  [/^\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]/, "audio/mp3"],
  [/^\x1aE\xdf\xa3[^]{0,48}webm/, "video/webm"],
  [/^\0\0\x01\xba/, "video/mpeg"],
  [/^\0\0\x01\xb3/, "video/mpeg"],
  [/^FLV\x01/, "video/x-flv"],
  [/^\x30\x26\xb2\x75\x8e\x66\xcf\x11/, "video/wmv"],
];

/** Undefined for what is none of the known types: text, markup and programs among them. */
export function mediaTypeOf(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.subarray(0, MAGIC_BYTES)).toString("latin1");
  const brand = /^[^]{4}ftyp([^]{4})/.exec(text)?.[1];
  const list = brand === undefined ? SIGNATURES : BRANDS;
  return list.find(([signature]) => signature.test(brand ?? text))?.[1];
}
