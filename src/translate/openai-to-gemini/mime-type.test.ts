import { expect, test } from "vitest";
import { mimeTypeOfName, mimeTypeOnHost, normalMimeType } from "./mime-type.ts";

test.each([
  ["image/png", "image/png"],
  ["IMAGE/PNG ", "image/png"],
  ["image/jpg", "image/jpeg"],
  ["image/pjpeg", "image/jpeg"],
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["pdf", "application/pdf"],
  ["audio/x-wav", "audio/wav"],
  ["audio/mpeg", "audio/mpeg"],
  [
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  ],
  ["webm", "video/webm"],
  ["", undefined],
  ["picture", undefined],
  ["image/", undefined],
  ["image/png; charset=x", undefined],
  ["image/png\r\nx-header: y", undefined],
  ["constructor", undefined],
  [`image/${"x".repeat(300)}`, undefined],
])("%j is %j", (declared, expected) => {
  expect(normalMimeType(declared)).toBe(expected);
});

test.each([
  ["wav", "audio/wav"],
  ["mp3", "audio/mp3"],
  ["webm", "audio/webm"],
  ["mp4", "audio/mp4"],
  ["flac", "audio/flac"],
  ["video/mp4", "video/mp4"],
])("where audio is expected, %j is %j", (declared, expected) => {
  expect(normalMimeType(declared, "audio")).toBe(expected);
});

test.each([
  ["a.png", "image/png"],
  ["A.JPG", "image/jpeg"],
  ["gs://bucket/dir.v2/talk.mp3", "audio/mp3"],
  ["https://example.org/film.mov?x=a.png#b.jpg", "video/quicktime"],
  ["https://example.org/", undefined],
  ["https://example.org/a.", undefined],
  ["gs://bucket/archive.zip", undefined],
  ["noextension", undefined],
  ["a.__proto__", undefined],
])("the name %j tells %j", (name, expected) => {
  expect(mimeTypeOfName(name)).toBe(expected);
});

test.each([
  ["image/png", "image/png", "image/png"],
  ["text/plain", "text/plain", "text/plain"],
  ["text/csv", "text/plain", "text/csv"],
  ["text/markdown", "text/plain", "text/md"],
  ["text/x-java", "text/plain", "text/plain"],
  ["application/json", "text/plain", "text/plain"],
  ["application/pdf", "application/pdf", "application/pdf"],
  ["audio/aac", "audio/x-aac", "audio/aac"],
  ["audio/x-aac", "audio/x-aac", "audio/aac"],
])("%s is %s on Vertex AI and %s on the Gemini API", (mimeType, vertex, geminiApi) => {
  expect(mimeTypeOnHost(mimeType, "vertex")).toBe(vertex);
  expect(mimeTypeOnHost(mimeType, "gemini-api")).toBe(geminiApi);
});
