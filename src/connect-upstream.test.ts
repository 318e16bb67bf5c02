import { afterAll, describe, expect, test } from "vitest";
import { readConfig } from "./config/config.ts";
import { connectUpstream } from "./connect-upstream.ts";
import type { GoogleRoute, GoogleUpstream } from "./upstreams/google-upstream.ts";
import { createUndiciClient } from "./upstreams/undici-client.ts";

const generate = (
  model: string,
  stream = false,
  scope?: { project: string; location: string },
): GoogleRoute => ({ kind: "generate", model, stream, ...(scope === undefined ? {} : { scope }) });

const url = (upstream: GoogleUpstream, route: GoogleRoute): string => {
  const { origin, path } = upstream.address(route);
  return origin + path;
};

const closing: (() => Promise<void>)[] = [];

afterAll(async () => {
  for (const close of closing) await close();
});

/** The upstream that an environment alone makes. */
async function choose(env: Record<string, string>): Promise<GoogleUpstream> {
  const [entry] = Object.entries(readConfig(env).config.upstreams);
  if (entry === undefined) throw new Error("no upstream");
  const client = createUndiciClient();
  const connected = await connectUpstream(entry[0], entry[1], {
    client,
    credentials: { env, hasMetadataServer: () => Promise.resolve(false) },
  });
  closing.push(async () => {
    await client.close();
    await connected.close?.();
  });
  if (connected.upstream.kind !== "gemini") throw new Error("not a Gemini upstream");
  return connected.upstream.at;
}

describe("chosen by the settings", () => {
  test("the emulator takes any project", async () => {
    const upstream = await choose({});
    expect(upstream).toMatchObject({ surface: "vertex", credentials: "own" });
    expect(url(upstream, generate("m", false, { project: "PROJECT_ID", location: "us-central1" }))).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/v1beta1\/projects\/PROJECT_ID\/locations\/us-central1\/publishers\/google\/models\/m:generateContent$/,
    );
    expect(await upstream.authorize("anything")).toEqual({ authorization: "Bearer emulated-token" });
    expect(upstream.description).toContain("emulator");
  });

  test("a Gemini key", async () => {
    const upstream = await choose({ GEMINI_API_KEY: "secret-key" });
    expect(upstream).toMatchObject({ surface: "gemini-api", credentials: "own" });
    expect(await upstream.authorize(undefined)).toEqual({ "x-goog-api-key": "secret-key" });
    expect(upstream.description).not.toContain("secret");
  });

  test("the Gemini API without a key passes the caller's on", async () => {
    const upstream = await choose({ POLLUX_UPSTREAM: "gemini-api" });
    expect(upstream.credentials).toBe("caller");
    expect(await upstream.authorize("AIza-x")).toEqual({ "x-goog-api-key": "AIza-x" });
    expect(await upstream.authorize("ya29.x")).toEqual({ authorization: "Bearer ya29.x" });
    await expect(upstream.authorize(undefined)).rejects.toMatchObject({
      message: expect.stringMatching(/GEMINI_API_KEY/),
    });
  });

  test("Vertex AI with an API key", async () => {
    const upstream = await choose({ GOOGLE_GENAI_USE_VERTEXAI: "true", GOOGLE_API_KEY: "secret-key" });
    expect(url(upstream, generate("m"))).toBe(
      "https://aiplatform.googleapis.com/v1beta1/publishers/google/models/m:generateContent",
    );
    expect(await upstream.authorize(undefined)).toEqual({ "x-goog-api-key": "secret-key" });
    expect(upstream.description).not.toContain("secret");
  });

  test("Vertex AI without credentials passes the caller's on, and says how to get one", async () => {
    const upstream = await choose({ GOOGLE_CLOUD_PROJECT: "p" });
    expect(upstream).toMatchObject({ surface: "vertex", credentials: "caller" });
    expect(await upstream.authorize("ya29.x")).toEqual({ authorization: "Bearer ya29.x" });
    await expect(upstream.authorize(undefined)).rejects.toMatchObject({
      failure: { kind: "unauthenticated" },
      message: expect.stringMatching(/gcloud auth application-default/),
    });
  });

  test("a credential file that is not there is an error, not a reason to look elsewhere", async () => {
    await expect(choose({ GOOGLE_APPLICATION_CREDENTIALS: "/nowhere/key.json" })).rejects.toMatchObject({
      name: "SettingsError",
      message: expect.stringMatching(/GOOGLE_APPLICATION_CREDENTIALS.*\/nowhere\/key\.json/),
    });
  });
});
