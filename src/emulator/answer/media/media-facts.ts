/** What the emulator could read from the bytes of one piece of media. Lengths in seconds, sizes in pixels. */
export interface MediaFacts {
  kind: "image" | "audio" | "video" | "document" | "text" | "unknown";
  /** The format's usual name, for example `PNG` or `MP3`. */
  format: string;
  width?: number;
  height?: number;
  seconds?: number;
  sampleRate?: number;
  channels?: number;
  pages?: number;
  version?: string;
  colour?: Colour;
  /** The beginning of a text file. */
  text?: string;
  lines?: number;
  words?: number;
}

/** 0..255 each. */
export interface Colour {
  red: number;
  green: number;
  blue: number;
}

/** Reads one format; undefined when the bytes are of another. Never throws, whatever the bytes. */
export type MediaReader = (bytes: Buffer) => MediaFacts | undefined;
