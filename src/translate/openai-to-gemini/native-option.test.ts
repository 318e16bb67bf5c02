import { expect, test } from "vitest";
import { contextFor, noted, usedFields } from "../../../test/support/request-context.ts";
import { readGoogleOptions } from "./extra-body.ts";
import { toNativeOption } from "./native-option.ts";

function read(image_config: unknown) {
  const context = contextFor();
  const google = readGoogleOptions({ extra_body: { google: { image_config } } }, context.notes);
  const value = toNativeOption(google, "image_config", "image-config", context);
  return { value, notes: noted(context), used: usedFields(context) };
}

test.each([
  [null, undefined, []],
  [{}, {}, ["extra_body.google.image_config"]],
  [
    { aspect_ratio: "1:1", imageSize: "2K", image_output_options: { mime_type: "image/png" } },
    { aspectRatio: "1:1", imageSize: "2K", imageOutputOptions: { mimeType: "image/png" } },
    ["extra_body.google.image_config"],
  ],
])("%j -> %j", (written, value, used) => {
  expect(read(written)).toEqual({ value, notes: [], used });
});

test.each([
  ["16:9", "extra_body.google.image_config"],
  [[], "extra_body.google.image_config"],
  [{ aspect_ratio: Infinity }, "extra_body.google.image_config.aspect_ratio"],
])("%j names %s", (written, param) => {
  expect(() => read(written)).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param } }),
  );
});
