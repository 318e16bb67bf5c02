import { staticTokenCredentials } from "../auth/credentials.ts";
import type { Settings } from "../settings.ts";
import { createGeminiApiUpstream } from "../upstreams/gemini-api.ts";
import type { GoogleUpstream } from "../upstreams/google-upstream.ts";
import { createVertexUpstream } from "../upstreams/vertex.ts";

/** Stands where no project is configured, so that the printed address is one to fill in. */
const UNKNOWN_PROJECT = "your-project";

/** The upstream of the settings, for its addresses only: nothing is signed in to, started or called. */
export function dryUpstream({ upstream, allowedProjects }: Settings): GoogleUpstream {
  const credentials = staticTokenCredentials("");
  if (upstream.kind === "gemini-api") {
    return createGeminiApiUpstream({ baseUrl: upstream.baseUrl, credentials, whose: "own", allowedProjects });
  }
  const vertex = upstream.kind === "vertex" ? upstream : undefined;
  const express = vertex?.apiKey !== undefined;
  return createVertexUpstream({
    project: express ? undefined : (vertex?.project ?? UNKNOWN_PROJECT),
    location: vertex?.location ?? "global",
    baseUrl: vertex?.baseUrl,
    credentials,
    whose: "own",
    express,
    allowedProjects,
    description: "Vertex AI",
  });
}
