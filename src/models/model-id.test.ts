import fc from "fast-check";
import { expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { parseModelId } from "./model-id.ts";

test.each([
  { written: "google/gemini-3.5-flash", publisher: "google", model: "gemini-3.5-flash" },
  { written: "gemini-2.0-flash-001", publisher: undefined, model: "gemini-2.0-flash-001" },
  { written: "models/gemini-2.5-pro", publisher: undefined, model: "gemini-2.5-pro" },
  { written: "publishers/google/models/gemini-2.5-pro", publisher: "google", model: "gemini-2.5-pro" },
  {
    written: "projects/p-1/locations/eu/publishers/google/models/gemini-3.8-flash",
    publisher: "google",
    model: "gemini-3.8-flash",
  },
  { written: "projects/p-1/locations/global/models/123", publisher: undefined, model: "123" },
  { written: "endpoints/4567890", publisher: undefined, model: "endpoints/4567890" },
  { written: "projects/p-1/locations/eu/endpoints/4567", publisher: undefined, model: "endpoints/4567" },
  { written: "toString", publisher: undefined, model: "toString" },
])("$written -> $model", ({ written, publisher, model }) => {
  expect(parseModelId(written)).toEqual({ publisher, model });
});

test.each([
  "",
  "google/",
  "/gemini",
  "google//gemini",
  "..",
  "google/..",
  "google/../gemini",
  "gemini..flash",
  "gemini?x",
  "gemini&x",
  "gemini#x",
  "gemini%2fx",
  "gemini\\x",
  "gemini\r\nx",
  "gemini\u0000",
  "gemini:predict",
  "user@host",
  "gemini flash",
  "gémini",
  "google/a/b",
  "publishers/google/gemini/x",
  "projects/p/locations/l",
  "projects/p/locations/l/endpoints",
  "projects/p/locations/l/google/gemini",
  "g".repeat(257),
])("%j is refused as a bad model", (written) => {
  expect(() => parseModelId(written)).toThrow(
    expect.objectContaining({ name: "GatewayError", failure: { kind: "invalid_request", param: "model" } }),
  );
});

test.each(["meta/llama-4-maas", "publishers/anthropic/models/x", "deepseek-ai/deepseek-r1-maas"])(
  "%s belongs to another publisher",
  (written) => {
    expect(() => parseModelId(written)).toThrow(
      expect.objectContaining({
        failure: { kind: "model_not_found", model: written },
        message: expect.stringContaining("vertex-openapi"),
      }),
    );
  },
);

test("an accepted id never changes the URL it is put in", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.webPath(), fc.domain()), (written) => {
      let model: string;
      try {
        model = parseModelId(written).model;
      } catch (error) {
        expect(error).toBeInstanceOf(GatewayError);
        return;
      }
      const url = new URL(`https://host.example/v1/models/${model}:generateContent`);
      expect(url.pathname).toBe(`/v1/models/${model}:generateContent`);
      expect(url.host).toBe("host.example");
    }),
  );
});
