/** What `serve` prints when it is ready. */
export interface BannerFacts {
  url: string;
  version: string;
  /** Which upstream answers. */
  upstream: string;
  /** Why this one was chosen. */
  reason: string;
  emulated: boolean;
  /** An access key is needed; the printed command then says where it goes. */
  needsKey: boolean;
  /** How many processes serve; undefined: this one. */
  workers?: number;
  readyMs: number;
}

export function banner(facts: BannerFacts): string {
  const key = facts.needsKey ? ` -H "authorization: Bearer $POLLUX_API_KEY"` : "";
  const body = `{"model": "google/gemini-3.5-flash", "messages": [{"role": "user", "content": "Hello!"}]}`;
  const lines = [
    `pollux ${facts.version} is ready in ${Math.round(facts.readyMs)} ms: ${facts.url}`,
    "",
    `  answers    ${facts.upstream}`,
    `  because    ${facts.reason}`,
    `  base URL   ${facts.url}/v1`,
    ...(facts.workers === undefined ? [] : [`  workers    ${facts.workers} processes`]),
    "",
    `  curl ${facts.url}/v1/chat/completions${key} -d '${body}'`,
    "",
  ];
  if (facts.emulated) {
    lines.push(
      "  Real Gemini: stop this, set one of these, start again:",
      "    GEMINI_API_KEY=…                                  a Gemini API key, or",
      "    GOOGLE_CLOUD_PROJECT=…                            Vertex AI, signed in by `gcloud auth application-default login`",
      "    GOOGLE_APPLICATION_CREDENTIALS=key.json           Vertex AI, with a service account",
      "",
    );
  }
  return lines.join("\n");
}
