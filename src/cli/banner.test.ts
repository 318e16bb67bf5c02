import { expect, test } from "vitest";
import { banner, type BannerFacts } from "./banner.ts";

const FACTS: BannerFacts = {
  url: "http://127.0.0.1:4364",
  version: "1.2.3",
  upstream: "Gemini emulator at http://127.0.0.1:41234",
  reason: "no Google project, credential file or API key is set",
  emulated: true,
  needsKey: false,
  readyMs: 123.4,
};

test("offline: where, who answers, a command to try, and how to get to real Gemini", () => {
  expect(banner(FACTS)).toMatchInlineSnapshot(`
    "pollux 1.2.3 is ready in 123 ms: http://127.0.0.1:4364

      answers    Gemini emulator at http://127.0.0.1:41234
      because    no Google project, credential file or API key is set
      base URL   http://127.0.0.1:4364/v1

      curl http://127.0.0.1:4364/v1/chat/completions -d '{"model": "google/gemini-3.5-flash", "messages": [{"role": "user", "content": "Hello!"}]}'

      Real Gemini: stop this, set one of these, start again:
        GEMINI_API_KEY=…                                  a Gemini API key, or
        GOOGLE_CLOUD_PROJECT=…                            Vertex AI, signed in by \`gcloud auth application-default login\`
        GOOGLE_APPLICATION_CREDENTIALS=key.json           Vertex AI, with a service account
    "
  `);
});

test("with credentials and access keys: the command has a place for the key, and no more advice", () => {
  expect(
    banner({
      ...FACTS,
      upstream: "Vertex AI (project p, location global; service account a@p)",
      reason: "GOOGLE_CLOUD_PROJECT is set",
      emulated: false,
      needsKey: true,
    }),
  ).toMatchInlineSnapshot(`
    "pollux 1.2.3 is ready in 123 ms: http://127.0.0.1:4364

      answers    Vertex AI (project p, location global; service account a@p)
      because    GOOGLE_CLOUD_PROJECT is set
      base URL   http://127.0.0.1:4364/v1

      curl http://127.0.0.1:4364/v1/chat/completions -H "authorization: Bearer $POLLUX_API_KEY" -d '{"model": "google/gemini-3.5-flash", "messages": [{"role": "user", "content": "Hello!"}]}'
    "
  `);
});
