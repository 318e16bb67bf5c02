import { describe, expect, test } from "vitest";
import { toFailure } from "./error.ts";
import { signInHintIn } from "./sign-in-hints.ts";

const INFO = "type.googleapis.com/google.rpc.ErrorInfo";

function refusal(message: string, reason?: string, metadata: object = {}): string {
  const details = reason === undefined ? [] : [{ "@type": INFO, reason, domain: "googleapis.com", metadata }];
  return JSON.stringify({ error: { code: 403, status: "PERMISSION_DENIED", message, details } });
}

describe("a refusal told by its reason", () => {
  test.each<[reason: string, metadata: object, says: RegExp, command: string]>([
    [
      "SERVICE_DISABLED",
      { service: "aiplatform.googleapis.com", consumer: "projects/123456" },
      /not enabled/,
      "gcloud services enable aiplatform.googleapis.com --project=123456",
    ],
    [
      "SERVICE_DISABLED",
      { service: "generativelanguage.googleapis.com", consumer: "projects/tides" },
      /not enabled/,
      "gcloud services enable generativelanguage.googleapis.com --project=tides",
    ],
    [
      "IAM_PERMISSION_DENIED",
      { permission: "aiplatform.endpoints.predict", resource: "projects/tides/locations/global/x" },
      /lacks the role roles\/aiplatform\.user/,
      "gcloud projects add-iam-policy-binding tides --member=MEMBER --role=roles/aiplatform.user",
    ],
    [
      "IAM_PERMISSION_DENIED",
      { permission: "serviceusage.services.use", resource: "projects/tides" },
      /lacks the role roles\/serviceusage/,
      "gcloud projects add-iam-policy-binding tides --member=MEMBER --role=roles/serviceusage.serviceUsageConsumer",
    ],
    [
      "USER_PROJECT_DENIED",
      { consumer: "projects/billed" },
      /quota project/,
      "gcloud projects add-iam-policy-binding billed --member=MEMBER --role=roles/serviceusage.serviceUsageConsumer",
    ],
    ["CONSUMER_INVALID", { consumer: "projects/nowhere" }, /misspelt/, "gcloud projects describe nowhere"],
    ["CONSUMER_INVALID", {}, /misspelt/, "gcloud projects list"],
    ["BILLING_DISABLED", { consumer: "projects/poor" }, /billing/, "gcloud billing projects describe poor"],
    ["ACCESS_TOKEN_EXPIRED", {}, /sign in again/, "gcloud auth application-default login"],
    [
      "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
      {},
      /scope/,
      "gcloud auth application-default login --scopes=https://www.googleapis.com/auth/cloud-platform",
    ],
    ["API_KEY_SERVICE_BLOCKED", {}, /restrictions/, "gcloud services api-keys list"],
  ])("%s %j", (reason, metadata, says, command) => {
    const hint = signInHintIn(refusal("No.", reason, metadata));
    expect(hint?.says).toMatch(says);
    expect(hint?.command).toBe(command);
  });
});

describe("a refusal told by its words", () => {
  test.each([
    [
      "Vertex AI API has not been used in project 98765 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/aiplatform.googleapis.com/overview?project=98765 then retry.",
      "gcloud services enable aiplatform.googleapis.com --project=98765",
    ],
    [
      "Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/projects/tides/locations/global/publishers/google/models/gemini-3.5-flash' (or it may not exist).",
      "gcloud projects add-iam-policy-binding tides --member=MEMBER --role=roles/aiplatform.user",
    ],
    [
      "Your application is authenticating by using local Application Default Credentials. The aiplatform.googleapis.com API requires a quota project, which is not set by default.",
      "gcloud auth application-default set-quota-project PROJECT",
    ],
  ])("%s", (message, command) => {
    expect(signInHintIn(refusal(message))?.command).toBe(command);
  });
});

test("what Google says cannot get into the command unless it is a name", () => {
  const hint = signInHintIn(
    refusal("No.", "SERVICE_DISABLED", { service: "x; rm -rf ~", consumer: "projects/$(id)" }),
  );
  expect(hint?.command).toBe("gcloud services enable aiplatform.googleapis.com --project=PROJECT");
});

test.each([
  ["another refusal", refusal("You may not.", "SOMETHING_ELSE")],
  ["a name that every object has", refusal("You may not.", "constructor")],
  ["no JSON", "<html>"],
  ["nothing", ""],
])("%s has no hint", (_, body) => {
  expect(signInHintIn(body)).toBeUndefined();
});

test("request errors end with the hint", () => {
  const body = refusal("Denied.", "IAM_PERMISSION_DENIED", { resource: "projects/tides" });
  const { message, failure } = toFailure(403, {}, body);
  expect(message).toBe(
    "Denied. The account in use lacks the role roles/aiplatform.user in this project, or the project is the wrong one. " +
      "To mend it: `gcloud projects add-iam-policy-binding PROJECT --member=MEMBER --role=roles/aiplatform.user`.",
  );
  expect(failure).toMatchObject({ status: 403, code: "permission_denied" });
});
