import { describe, expect, test } from "vitest";
import { apiKeyCredentials, callerCredentials, staticTokenCredentials } from "../auth/credentials.ts";
import { GatewayError } from "../errors.ts";
import type { Failure } from "../errors.ts";
import { createGeminiApiUpstream } from "./gemini-api.ts";
import type { GoogleRoute, GoogleUpstream } from "./google-upstream.ts";
import { createVertexUpstream, type VertexOptions } from "./vertex.ts";

const generate = (
  model: string,
  stream = false,
  scope?: { project: string; location: string },
): GoogleRoute => ({
  kind: "generate",
  model,
  stream,
  ...(scope === undefined ? {} : { scope }),
});
const endpoint = (endpointId: string, project = "own"): GoogleRoute => ({
  kind: "endpoint",
  endpointId,
  version: "v1",
  scope: { project, location: "europe-west1" },
});

function vertex(options: Partial<VertexOptions> = {}): GoogleUpstream {
  return createVertexUpstream({
    project: "own",
    location: "global",
    baseUrl: undefined,
    credentials: staticTokenCredentials("t"),
    whose: "own",
    express: false,
    allowedProjects: undefined,
    description: "Vertex AI",
    ...options,
  });
}

const geminiApi = (allowedProjects?: { project: string; location: undefined }[]): GoogleUpstream =>
  createGeminiApiUpstream({
    baseUrl: undefined,
    credentials: apiKeyCredentials("k"),
    whose: "own",
    allowedProjects,
  });

const url = (upstream: GoogleUpstream, route: GoogleRoute): string => {
  const { origin, path } = upstream.address(route);
  return origin + path;
};

describe("addresses", () => {
  const own = "/v1beta1/projects/own/locations/global";
  const flash = "publishers/google/models/gemini-3.5-flash";
  test.each<[string, GoogleUpstream, GoogleRoute, string]>([
    [
      "whole",
      vertex(),
      generate("gemini-3.5-flash"),
      `https://aiplatform.googleapis.com${own}/${flash}:generateContent`,
    ],
    [
      "stream",
      vertex(),
      generate("gemini-3.5-flash", true),
      `https://aiplatform.googleapis.com${own}/${flash}:streamGenerateContent?alt=sse`,
    ],
    [
      "region",
      vertex({ location: "us-east1" }),
      generate("m"),
      "https://us-east1-aiplatform.googleapis.com/v1beta1/projects/own/locations/us-east1/publishers/google/models/m:generateContent",
    ],
    [
      "location of the path",
      vertex(),
      generate("m", false, { project: "own", location: "eu" }),
      "https://aiplatform.eu.rep.googleapis.com/v1beta1/projects/own/locations/eu/publishers/google/models/m:generateContent",
    ],
    [
      "domain-scoped project",
      vertex({ project: "example.com:app" }),
      generate("m"),
      "https://aiplatform.googleapis.com/v1beta1/projects/example.com%3Aapp/locations/global/publishers/google/models/m:generateContent",
    ],
    [
      "tuned model",
      vertex(),
      generate("endpoints/42"),
      `https://aiplatform.googleapis.com${own}/endpoints/42:generateContent`,
    ],
    [
      "base URL",
      vertex({ baseUrl: "http://127.0.0.1:9/x", location: "us-east1" }),
      generate("m"),
      "http://127.0.0.1:9/x/v1beta1/projects/own/locations/us-east1/publishers/google/models/m:generateContent",
    ],
    [
      "self-deployed",
      vertex(),
      endpoint("123"),
      "https://europe-west1-aiplatform.googleapis.com/v1/projects/own/locations/europe-west1/endpoints/123/chat/completions",
    ],
    [
      "express",
      vertex({ express: true, project: undefined }),
      generate("m", true),
      "https://aiplatform.googleapis.com/v1beta1/publishers/google/models/m:streamGenerateContent?alt=sse",
    ],
    [
      "caller's project",
      vertex({ whose: "caller" }),
      generate("m", false, { project: "theirs", location: "global" }),
      "https://aiplatform.googleapis.com/v1beta1/projects/theirs/locations/global/publishers/google/models/m:generateContent",
    ],
    [
      "Gemini API",
      geminiApi(),
      generate("gemini-3.5-flash"),
      "https://generativelanguage.googleapis.com/v1beta/models/gemini-3.5-flash:generateContent",
    ],
    [
      "Gemini API stream",
      geminiApi(),
      generate("m", true),
      "https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse",
    ],
    [
      "Gemini API tuned",
      geminiApi(),
      generate("tunedModels/t-1"),
      "https://generativelanguage.googleapis.com/v1beta/tunedModels/t-1:generateContent",
    ],
    [
      "Gemini API, project ignored",
      geminiApi([{ project: "*", location: undefined }]),
      generate("m", false, { project: "p", location: "us" }),
      "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent",
    ],
  ])("%s", (_name, upstream, route, expected) => {
    expect(url(upstream, route)).toBe(expected);
  });

  const foreign = generate("m", false, { project: "theirs", location: "eu" });
  test.each<[string, GoogleUpstream, GoogleRoute, Partial<Failure>, RegExp]>([
    ["foreign project", vertex(), foreign, { kind: "permission_denied" }, /POLLUX_ALLOWED_PROJECTS/],
    [
      "foreign project of an endpoint",
      vertex(),
      endpoint("1", "theirs"),
      { kind: "permission_denied" },
      /theirs/,
    ],
    [
      "own project no longer listed",
      vertex({ allowedProjects: [{ project: "theirs", location: undefined }] }),
      generate("m", false, { project: "own", location: "eu" }),
      { kind: "permission_denied" },
      /own/,
    ],
    [
      "other location",
      vertex({ allowedProjects: [{ project: "theirs", location: "us" }] }),
      foreign,
      { kind: "permission_denied" },
      /eu/,
    ],
    [
      "express with a project",
      vertex({ express: true, project: undefined }),
      foreign,
      { kind: "permission_denied" },
      /theirs/,
    ],
    [
      "express with an endpoint",
      vertex({ express: true, project: undefined }),
      endpoint("1"),
      { kind: "not_found" },
      /GOOGLE_CLOUD_PROJECT/,
    ],
    [
      "Gemini API with a project",
      geminiApi(),
      foreign,
      { kind: "permission_denied" },
      /v1\/chat\/completions/,
    ],
    ["Gemini API with an endpoint", geminiApi(), endpoint("1"), { kind: "not_found" }, /Vertex AI/],
    [
      "no project at all",
      vertex({ project: undefined, whose: "caller" }),
      generate("m"),
      { kind: "invalid_request", param: "project" },
      /GOOGLE_CLOUD_PROJECT/,
    ],
    [
      "hostile project",
      vertex({ whose: "caller" }),
      generate("m", false, { project: "a/../b", location: "us" }),
      { kind: "invalid_request", param: "project" },
      /a\/\.\.\/b/,
    ],
    [
      "hostile location",
      vertex({ whose: "caller" }),
      generate("m", false, { project: "a", location: "us.evil.example/" }),
      { kind: "invalid_request", param: "location" },
      /evil/,
    ],
    ["hostile model", vertex(), generate("m:x?y"), { kind: "invalid_request", param: "model" }, /m:x/],
    [
      "hostile tuned model",
      vertex(),
      generate("endpoints/1/../2"),
      { kind: "invalid_request", param: "endpoint" },
      /\.\./,
    ],
    [
      "hostile model of the Gemini API",
      geminiApi(),
      generate("../files"),
      { kind: "invalid_request", param: "model" },
      /files/,
    ],
    ["hostile endpoint", vertex(), endpoint("1#2"), { kind: "invalid_request", param: "endpoint" }, /1#2/],
  ])("refuses: %s", (_name, upstream, route, failure, message) => {
    let caught: unknown;
    try {
      upstream.address(route);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(GatewayError);
    expect((caught as GatewayError).failure).toMatchObject(failure);
    expect((caught as GatewayError).message).toMatch(message);
  });

  test("a listed project and location are let through", () => {
    const upstream = vertex({
      allowedProjects: [
        { project: "own", location: undefined },
        { project: "theirs", location: "eu" },
      ],
    });
    expect(url(upstream, foreign)).toContain("/projects/theirs/locations/eu/");
  });

  test("a configured project or location that cannot be one is refused at once", () => {
    expect(() => vertex({ project: "a/b" })).toThrow(/project/);
    expect(() => vertex({ location: "US" })).toThrow(/location/);
  });
});

describe("credentials", () => {
  test("the gateway's own ignore what the caller sends", async () => {
    expect(await vertex().authorize("caller-token")).toEqual({ authorization: "Bearer t" });
    expect(await geminiApi().authorize("caller-token")).toEqual({ "x-goog-api-key": "k" });
    expect(await geminiApi().renew({})).toBe(false);
  });

  test.each([undefined, "", "a b", "a\r\nx: y", "é", "x".repeat(20_000)])(
    "a caller must bring a token: %j",
    async (token) => {
      const credentials = callerCredentials("send one.", (value) => ({ authorization: `Bearer ${value}` }));
      const promise = vertex({ credentials, whose: "caller" }).authorize(token);
      await expect(promise).rejects.toMatchObject({
        failure: { kind: "unauthenticated" },
        message: expect.stringMatching(/send one/),
      });
    },
  );
});
