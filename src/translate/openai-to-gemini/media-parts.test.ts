import { describe, expect, test } from "vitest";
import {
  type MessageSettings,
  refusalOf,
  translateMessages,
} from "../../../test/support/translate-messages.ts";

const PNG = "data:image/png;base64,iVBORw==";
const image = (image_url: unknown) => ({ type: "image_url", image_url });
const audio = (input_audio: unknown) => ({ type: "input_audio", input_audio });
const file = (value: unknown) => ({ type: "file", file: value });
const video = (video_url: unknown) => ({ type: "video_url", video_url });
const inline = (mimeType: string, data: string, more: object = {}) => ({
  inlineData: { mimeType, data, ...more },
});
const uri = (mimeType: string, fileUri: string, more: object = {}) => ({
  fileData: { mimeType, fileUri, ...more },
});

function partsOf(content: object[], settings: MessageSettings = {}) {
  const { contents, notes, mediaResolution } = translateMessages([{ role: "user", content }], settings);
  return { parts: contents[0]?.parts, notes, mediaResolution };
}

describe("media", () => {
  test.each([
    [image({ url: PNG }), inline("image/png", "iVBORw==")],
    [image(PNG), inline("image/png", "iVBORw==")],
    [image("data:audio/mpeg;base64,QUJD"), inline("audio/mpeg", "QUJD")],
    [image("data:application/pdf;base64,QUJD"), inline("application/pdf", "QUJD")],
    [image("data:image/jpg;base64,QUJD"), inline("image/jpeg", "QUJD")],
    [image("data:png;base64,QUJD"), inline("image/png", "QUJD")],
    [image("data:text/plain;charset=utf-8;base64,QUJD"), inline("text/plain", "QUJD")],
    [image("data:audio/L16;rate=24000;base64,QUJD"), inline("audio/l16;rate=24000", "QUJD")],
    [
      image("data:image/svg+xml,%3Csvg/%3E"),
      inline("image/svg+xml", Buffer.from("<svg/>").toString("base64")),
    ],
    [image("gs://bucket/slide.png"), uri("image/png", "gs://bucket/slide.png")],
    [
      image({ url: "https://example.org/a.webp?size=2" }),
      uri("image/webp", "https://example.org/a.webp?size=2"),
    ],
    [image("https://www.youtube.com/watch?v=x"), uri("video/mp4", "https://www.youtube.com/watch?v=x")],
    [video({ url: "gs://bucket/film.mov" }), uri("video/quicktime", "gs://bucket/film.mov")],
    [video("https://youtu.be/x"), uri("video/mp4", "https://youtu.be/x")],
    [audio({ data: "QUJD", format: "wav" }), inline("audio/wav", "QUJD")],
    [audio({ data: "QUJD", format: "mp3" }), inline("audio/mp3", "QUJD")],
    [audio({ data: "QUJD", format: "audio/mp3" }), inline("audio/mp3", "QUJD")],
    [audio({ data: "QUJD", format: "application/pdf" }), inline("application/pdf", "QUJD")],
    [audio({ data: "gs://b/talk", format: "audio/mp3" }), uri("audio/mp3", "gs://b/talk")],
    [audio({ data: "https://example.org/talk.flac" }), uri("audio/flac", "https://example.org/talk.flac")],
    [audio({ data: "data:audio/mpeg;base64,QUJD", format: "mp3" }), inline("audio/mpeg", "QUJD")],
    [audio({ data: "QUJD", format: "aac" }), inline("audio/x-aac", "QUJD")],
    [audio({ data: "data:;base64,QUJD", format: "wav" }), inline("audio/wav", "QUJD")],
    [file({ file_data: "data:application/pdf;base64,QUJD" }), inline("application/pdf", "QUJD")],
    [
      file({ file_data: "QUJD", filename: "a.pdf" }),
      inline("application/pdf", "QUJD", { displayName: "a.pdf" }),
    ],
    [file({ file_id: "gs://b/a.pdf" }), uri("application/pdf", "gs://b/a.pdf")],
  ])("%j", (part, expected) => {
    const { parts, notes } = partsOf([part]);
    expect(parts).toEqual([expected]);
    expect(notes).toEqual([]);
  });

  test.each([
    [
      image("https://example.org/picture"),
      uri("image/jpeg", "https://example.org/picture"),
      "approximated messages[0].content[0].image_url",
    ],
    [
      video({ url: "gs://b/film" }),
      uri("video/mp4", "gs://b/film"),
      "approximated messages[0].content[0].video_url.url",
    ],
    [
      file({ file_id: "gs://b/doc" }),
      uri("application/pdf", "gs://b/doc"),
      "approximated messages[0].content[0].file.file_id",
    ],
    [
      file({ file_data: "data:text/csv;base64,QUJD" }),
      inline("text/plain", "QUJD"),
      "approximated messages[0].content[0].file.file_data",
    ],
    [
      image("data:image/png;name=x;base64,QUJD"),
      inline("image/png", "QUJD"),
      "approximated messages[0].content[0].image_url",
    ],
    [
      audio({ data: "data:audio/flac;base64,QUJD", format: "wav" }),
      inline("audio/flac", "QUJD"),
      "ignored messages[0].content[0].input_audio.format",
    ],
    [
      image({ url: PNG, alt: "x" }),
      inline("image/png", "iVBORw=="),
      "ignored messages[0].content[0].image_url.alt",
    ],
  ])("noted: %j", (part, expected, note) => {
    const { parts, notes } = partsOf([part]);
    expect(parts).toEqual([expected]);
    expect(notes).toEqual([note]);
  });
});

describe("files on the Gemini API", () => {
  const FILES = "https://generativelanguage.googleapis.com/v1beta/files/abc-1";

  test.each([
    [file({ file_id: "files/abc-1" }), { fileData: { fileUri: FILES } }, []],
    [file({ file_id: FILES, filename: "a.pdf" }), uri("application/pdf", FILES), []],
    [image(FILES), { fileData: { fileUri: FILES } }, []],
    [file({ file_data: "QUJD", filename: "a.pdf" }), inline("application/pdf", "QUJD"), []],
    [
      file({ file_data: "data:application/pdf;base64,QUJD", filename: "a.pdf" }),
      inline("application/pdf", "QUJD"),
      ["ignored messages[0].content[0].file.filename"],
    ],
  ])("%j", (part, expected, noted) => {
    const { parts, notes } = partsOf([part], { surface: "gemini-api" });
    expect(parts).toEqual([expected]);
    expect(notes).toEqual(noted);
  });

  test.each(["file-abc123", "abc", "files/../x", "files/a?b", "https://example.org/files/abc", ""])(
    "%j is no such file",
    (file_id) => {
      const { param } = refusalOf([{ role: "user", content: [file({ file_id })] }], {
        surface: "gemini-api",
      });
      expect(param).toBe(
        file_id === "" ? "messages[0].content[0].file" : "messages[0].content[0].file.file_id",
      );
    },
  );
});

describe("detail", () => {
  test.each([
    ["low", "MEDIA_RESOLUTION_LOW"],
    ["medium", "MEDIA_RESOLUTION_MEDIUM"],
    ["high", "MEDIA_RESOLUTION_HIGH"],
    ["ultra_high", "MEDIA_RESOLUTION_ULTRA_HIGH"],
  ])("%s belongs to the part from Gemini 3 on", (detail, level) => {
    const result = partsOf([image({ url: PNG, detail }), image({ url: PNG })]);
    expect(result.parts?.map((part) => part.mediaResolution)).toEqual([{ level }, undefined]);
    expect(result.mediaResolution).toBeUndefined();
    expect(result.notes).toEqual([]);
  });

  test("original comes nearest as the finest there is", () => {
    const result = partsOf([image({ url: PNG, detail: "original" })]);
    expect(result.parts?.[0]?.mediaResolution).toEqual({ level: "MEDIA_RESOLUTION_ULTRA_HIGH" });
    expect(result.notes).toEqual(["approximated messages[0].content[0].image_url.detail"]);
  });

  test.each([
    { details: ["low"], sent: "MEDIA_RESOLUTION_LOW", notes: [] },
    { details: ["high"], sent: "MEDIA_RESOLUTION_HIGH", notes: [] },
    { details: ["auto"], sent: undefined, notes: [] },
    { details: [undefined, undefined], sent: undefined, notes: [] },
    {
      details: ["low", "high"],
      sent: "MEDIA_RESOLUTION_HIGH",
      notes: [
        "approximated messages[0].content[0].image_url.detail",
        "approximated messages[0].content[1].image_url.detail",
      ],
    },
    {
      details: ["low", undefined],
      sent: "MEDIA_RESOLUTION_LOW",
      notes: ["approximated messages[0].content[0].image_url.detail"],
    },
    {
      details: ["ultra_high"],
      sent: "MEDIA_RESOLUTION_HIGH",
      notes: ["clamped messages[0].content[0].image_url.detail"],
    },
    {
      details: ["original"],
      sent: "MEDIA_RESOLUTION_HIGH",
      notes: ["clamped messages[0].content[0].image_url.detail"],
    },
  ])("$details is the request's before Gemini 3: $sent", ({ details, sent, notes }) => {
    const content = details.map((detail) =>
      image(detail === undefined ? { url: PNG } : { url: PNG, detail }),
    );
    const result = partsOf(content, { model: "gemini-2.5-flash" });
    expect(result.parts?.some((part) => part.mediaResolution !== undefined)).toBe(false);
    expect(result.mediaResolution).toBe(sent);
    expect(result.notes).toEqual(notes);
  });
});

describe("video metadata", () => {
  test.each([
    [{ start_offset: "10s", end_offset: "12.5s", fps: 2 }],
    [{ startOffset: "10s", endOffset: "12.5s", fps: 2 }],
  ])("%j", (video_metadata) => {
    const { parts, notes } = partsOf([
      { ...video("gs://b/a.mp4"), extra_content: { google: { video_metadata } } },
    ]);
    expect(parts).toEqual([
      {
        ...uri("video/mp4", "gs://b/a.mp4"),
        videoMetadata: { startOffset: "10s", endOffset: "12.5s", fps: 2 },
      },
    ]);
    expect(notes).toEqual([]);
  });

  test("means nothing on text", () => {
    const text = { type: "text", text: "x", extra_content: { google: { video_metadata: { fps: 1 } } } };
    expect(partsOf([text]).notes).toEqual([
      "ignored messages[0].content[0].extra_content.google.video_metadata",
    ]);
  });
});

const film = (video_metadata: object) => ({
  ...video("gs://b/a.mp4"),
  extra_content: { google: { video_metadata } },
});

describe("refused, by name", () => {
  test.each([
    [image(undefined), "image_url"],
    [image(5), "image_url"],
    [image(null), "image_url"],
    [image(""), "image_url"],
    [image({}), "image_url.url"],
    [image({ url: 5 }), "image_url.url"],
    [image({ url: "" }), "image_url.url"],
    [image({ url: PNG, detail: "huge" }), "image_url.detail"],
    [image({ url: PNG, detail: 2 }), "image_url.detail"],
    [image("iVBORw=="), "image_url"],
    [image("file:///etc/passwd"), "image_url"],
    [image("ftp://example.org/a.png"), "image_url"],
    [image("javascript:alert(1)"), "image_url"],
    [image("gs://"), "image_url"],
    [image("gs://bucket"), "image_url"],
    [image("https://"), "image_url"],
    [image(`https://example.org/${"a".repeat(9_000)}.png`), "image_url"],
    [image("data:image/png;base64,"), "image_url"],
    [image("data:image/png;base64,iVB"), "image_url"],
    [image("data:image/png;base64,iVBO Rw=="), "image_url"],
    [image("data:;base64,QUJD"), "image_url"],
    [image("data:pic\u0000ture;base64,QUJD"), "image_url"],
    [audio("QUJD"), "input_audio"],
    [audio({ format: "wav" }), "input_audio.data"],
    [audio({ data: "QUJD" }), "input_audio.format"],
    [audio({ data: "QUJD", format: "sound" }), "input_audio.format"],
    [audio({ data: "", format: "wav" }), "input_audio.data"],
    [audio({ data: "not base64", format: "wav" }), "input_audio.data"],
    [file({}), "file"],
    [file("a.pdf"), "file"],
    [file({ file_data: "QUJD" }), "file.file_data"],
    [file({ file_data: "QUJD", filename: "a.unknown" }), "file.file_data"],
    [file({ file_data: "QUJD", filename: "a.pdf", file_id: "gs://b/c" }), "file.file_id"],
    [file({ file_id: "files/abc" }), "file.file_id"],
    [film({ start_offset: "ten" }), "extra_content.google.video_metadata.start_offset"],
    [film({ endOffset: 5 }), "extra_content.google.video_metadata.endOffset"],
    [film({ fps: 0 }), "extra_content.google.video_metadata.fps"],
    [film({ fps: 25 }), "extra_content.google.video_metadata.fps"],
  ])("%j", (part, field) => {
    const refusal = refusalOf([{ role: "user", content: [{ type: "text", text: "x" }, part] }]);
    expect(refusal.param).toBe(`messages[0].content[1].${field}`);
    expect(refusal.message.startsWith(`messages[0].content[1].${field}: `)).toBe(true);
  });
});
