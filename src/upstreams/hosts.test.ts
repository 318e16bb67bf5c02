import * as fc from "fast-check";
import { expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import {
  checkEndpoint,
  checkLocation,
  checkModel,
  checkProject,
  GEMINI_API_ORIGIN,
  joinAddress,
  vertexOrigin,
} from "./hosts.ts";

test.each([
  ["global", "https://aiplatform.googleapis.com"],
  ["us", "https://aiplatform.us.rep.googleapis.com"],
  ["eu", "https://aiplatform.eu.rep.googleapis.com"],
  ["us-central1", "https://us-central1-aiplatform.googleapis.com"],
  ["europe-west1", "https://europe-west1-aiplatform.googleapis.com"],
  ["asia", "https://asia-aiplatform.googleapis.com"],
])("the host for %s", (location, origin) => {
  expect(vertexOrigin(location)).toBe(origin);
});

const hostile = [
  "",
  " ",
  "a b",
  "a/b",
  "a#b",
  "a?b",
  "a@b",
  "a%2fb",
  "%2e%2e",
  "..",
  "a..b",
  "../x",
  "a\\b",
  "a\r\nb",
  "a\nb",
  "a\tb",
  "a\0b",
  "é",
  "ａ",
  "a;b",
  "a,b",
  "-a",
  ".a",
  "/a",
  "a/",
  "a&b",
  "a=b",
  "a'b",
  'a"b',
  "x".repeat(100_000),
];

test.each([
  ["project", checkProject, ["my-project-123", "123456", "example.com:app", "PROJECT_ID"]],
  ["location", checkLocation, ["global", "us", "europe-west1"]],
  ["model", checkModel, ["gemini-3.5-flash", "gemini-2.5-pro-preview-05-06", "Gemini_x"]],
  ["endpoint", checkEndpoint, ["1234567890", "ENDPOINT_ID", "mg-endpoint-a1"]],
] as const)("%s: takes what Google issues and refuses everything else", (param, check, good) => {
  for (const value of good) expect(check(value)).toBe(value);
  for (const value of hostile) {
    expect(() => check(value), JSON.stringify(value.slice(0, 20))).toThrow(GatewayError);
    try {
      check(value);
    } catch (error) {
      expect((error as GatewayError).failure).toMatchObject({ kind: "invalid_request", param });
      expect((error as Error).message.length).toBeLessThan(400);
    }
  }
});

test.each([
  "Global",
  "us.",
  "US-central1",
  "us-",
  "a--b",
  "1us",
  "us-central1.evil.example",
  "us-central1:8080",
])("%s is not a location", (location) => {
  expect(() => vertexOrigin(location)).toThrow(GatewayError);
});

test("S-24 whatever the parts, the host is Google's or the request is refused", () => {
  const part = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.webUrl(),
    fc.domain(),
    fc.constantFrom(...hostile),
    fc.constantFrom("my-project", "us-central1", "gemini-3.5-flash", "eu"),
    fc.stringMatching(/^[a-z@#?/\\.:%-]{1,12}$/),
  );
  fc.assert(
    fc.property(part, part, part, (project, location, model) => {
      let address: { origin: string; path: string };
      try {
        const path = `/v1/projects/${encodeURIComponent(checkProject(project))}/locations/${checkLocation(location)}/models/${checkModel(model)}`;
        address = joinAddress(vertexOrigin(location), path);
      } catch (error) {
        expect(error).toBeInstanceOf(GatewayError);
        return;
      }
      const url = new URL(address.origin + address.path);
      expect(url.origin).toBe(address.origin);
      expect(url.hostname.endsWith(".googleapis.com")).toBe(true);
      expect(url.pathname).toBe(address.path);
    }),
    { numRuns: 500 },
  );
});

test("S-24 a path never leaves its base, even unchecked", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.constantFrom(GEMINI_API_ORIGIN, "http://127.0.0.1:9/some/prefix"),
      (text, base) => {
        try {
          const address = joinAddress(base, `/${text}`);
          expect(address.origin).toBe(new URL(base).origin);
          expect(new URL(address.origin + address.path).origin).toBe(address.origin);
          expect(address.path.startsWith(new URL(base).pathname)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("S-24 a path that is accepted is what URL parsing makes of it, also where it is accepted unparsed", () => {
  const piece = fc.constantFrom(..."aZ0._:@~-/?=&%#", ".", "..", "/", "/..", "/.", "%2e");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const path = `/${pieces.join("")}`;
      const url = new URL(`https://a.example/prefix${path}`);
      const unchanged =
        url.pathname + url.search === `/prefix${path}` && url.hash === "" && !path.endsWith("#");
      let accepted: string | undefined;
      try {
        accepted = joinAddress("https://a.example/prefix", path).path;
      } catch (error) {
        expect(error).toBeInstanceOf(GatewayError);
      }
      if (accepted === undefined) expect(unchanged).toBe(false);
      else expect([url.origin, url.pathname + url.search]).toEqual(["https://a.example", accepted]);
    }),
    { numRuns: 3_000 },
  );
});

test.each(["/../x", "/a/../b", "/%2e%2e/x", "//evil.example/x", "/a b", "/a#b", "/a\\b", "/a\nb"])(
  "refuses the path %j",
  (path) => {
    // `//evil.example/x` stays a path on the base; it is the others that URL parsing would rewrite.
    if (path.startsWith("//"))
      expect(joinAddress("https://a.example", path).origin).toBe("https://a.example");
    else expect(() => joinAddress("https://a.example", path)).toThrow(GatewayError);
  },
);

test("a base URL keeps its path", () => {
  expect(joinAddress("https://proxy.example/google/v", "/v1/x?alt=sse")).toEqual({
    origin: "https://proxy.example",
    path: "/google/v/v1/x?alt=sse",
  });
});
