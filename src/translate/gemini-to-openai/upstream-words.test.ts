import { expect, test } from "vitest";
import { toFailure } from "./error.ts";
import { upstreamWords } from "./upstream-words.ts";

const NUMBER = "123456789012";

test.each([
  [
    `Vertex AI API has not been used in project ${NUMBER} before. Enable it by visiting https://console.developers.google.com/apis/api/aiplatform.googleapis.com/overview?project=${NUMBER} then retry.`,
    "Vertex AI API has not been used in project PROJECT before. Enable it by visiting URL then retry.",
  ],
  [
    "Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/projects/secret-tides/locations/eu/publishers/google/models/gemini-3.5-flash' (or it may not exist).",
    "Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/projects/PROJECT/locations/eu/publishers/google/models/gemini-3.5-flash' (or it may not exist).",
  ],
  [`Quota exceeded for project_number:${NUMBER}.`, "Quota exceeded for project_number:PROJECT."],
  ["caller@secret-tides.iam.gserviceaccount.com may not.", "ACCOUNT may not."],
  [`${NUMBER}-compute@developer.gserviceaccount.com may not.`, "ACCOUNT may not."],
  ["connect to http://vllm.internal:8000/v1/x failed", "connect to URL failed"],
  ["dial tcp 10.11.12.13:8000: refused", "dial tcp ADDRESS: refused"],
  ["Boom.\n    at Object.run (/srv/app/secret.js:1:2)\n    at next", "Boom."],
  ['Boom.\nTraceback (most recent call last):\n  File "/srv/app.py", line 3', "Boom."],
])("S-47 %s", (said, told) => {
  expect(upstreamWords(said, false)).toEqual({ told, said });
});

test.each([
  "The project has reached its monthly spending limit.",
  "Your project does not have access to it.",
  "See https://cloud.google.com/vertex-ai/docs for the limits of projects in preview.",
  "The input token count (1049000) exceeds the maximum number of tokens allowed (1048576).",
])("words that name nothing stay: %s", (message) => {
  expect(upstreamWords(message, false)).toEqual({ told: message, said: undefined });
});

test("a caller's own project is the caller's to know; a stack is not", () => {
  expect(upstreamWords("No projects/mine here.\n    at f (x.js:1:1)", true)).toEqual({
    told: "No projects/mine here.",
    said: "No projects/mine here.\n    at f (x.js:1:1)",
  });
});

test("S-47 an answer's error tells the caller what to do, and keeps the rest for the operator", () => {
  const body = JSON.stringify({
    error: { code: 403, status: "PERMISSION_DENIED", message: `Denied on project ${NUMBER}.` },
  });
  const error = toFailure(403, {}, body, { credentials: "own" });
  expect(error.message).toContain("Denied on project PROJECT.");
  expect(error.message).not.toContain(NUMBER);
  expect(error.failure).toMatchObject({ said: `Denied on project ${NUMBER}.` });
  expect(toFailure(403, {}, body, { credentials: "caller" }).message).toContain(NUMBER);
  expect(toFailure(403, {}, body, { reader: "operator" }).message).toContain(NUMBER);
});
