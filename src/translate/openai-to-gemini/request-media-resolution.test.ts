import { expect, test } from "vitest";
import { contextFor, noted, usedFields } from "../../../test/support/request-context.ts";
import { readGoogleOptions } from "./extra-body.ts";
import { toRequestMediaResolution } from "./request-media-resolution.ts";

function resolve(option: unknown, fromDetail: string | undefined) {
  const context = contextFor();
  const google = readGoogleOptions({ google: { media_resolution: option } }, context.notes);
  return {
    result: toRequestMediaResolution(google, fromDetail, context),
    accounted: [...noted(context), ...usedFields(context)],
  };
}

const FIELD = "google.media_resolution";
const LOW = "MEDIA_RESOLUTION_LOW";

test.each([
  [undefined, undefined, undefined, []],
  [undefined, LOW, LOW, []],
  ["MEDIA_RESOLUTION_HIGH", undefined, "MEDIA_RESOLUTION_HIGH", [FIELD]],
  ["medium", undefined, "MEDIA_RESOLUTION_MEDIUM", [FIELD]],
  ["low", LOW, LOW, [FIELD]],
  ["high", LOW, "MEDIA_RESOLUTION_HIGH", [`approximated ${FIELD}`]],
  ["MEDIA_RESOLUTION_UNSPECIFIED", LOW, LOW, [FIELD]],
])("%j over detail %j -> %j", (option, fromDetail, result, accounted) => {
  expect(resolve(option, fromDetail)).toEqual({ result, accounted });
});

test.each(["ultra_high", "fine", 5])("%j is refused", (option) => {
  expect(() => resolve(option, undefined)).toThrow(
    expect.objectContaining({ failure: { kind: "invalid_request", param: FIELD } }),
  );
});
