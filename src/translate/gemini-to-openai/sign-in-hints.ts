/** What Google's refusals of a credential, a project or a permission mean, and the command that mends them. */
import { readErrorText, type ReadError } from "./google-error.ts";
import { nonEmpty, record, string } from "./lenient.ts";

export interface SignInHint {
  /** One sentence. */
  says: string;
  /** For a shell; capital words stand for what the answer does not tell. */
  command: string;
}

/** What the answer tells, fit to stand in a command. */
interface Facts {
  project: string;
  service: string;
  permission: string | undefined;
}

type Hint = (facts: Facts) => SignInHint;

const missingRole: Hint = ({ project, permission }) => {
  const role = permission?.startsWith("serviceusage.") === true ? QUOTA_ROLE : "roles/aiplatform.user";
  return {
    says: `The account in use lacks the role ${role} in this project, or the project is the wrong one.`,
    command: `gcloud projects add-iam-policy-binding ${project} --member=MEMBER --role=${role}`,
  };
};

const QUOTA_ROLE = "roles/serviceusage.serviceUsageConsumer";

const disabled: Hint = ({ project, service }) => ({
  says: `The API is not enabled in the project.`,
  command: `gcloud services enable ${service} --project=${project}`,
});

const wrongProject: Hint = ({ project }) => ({
  says: "There is no such project for this account: its id may be misspelt.",
  command: project === UNKNOWN_PROJECT ? "gcloud projects list" : `gcloud projects describe ${project}`,
});

const expiredLogin: Hint = () => ({
  says: "The token is no longer valid: sign in again.",
  command: "gcloud auth application-default login",
});

const suspended: Hint = ({ project }) => ({
  says: "The project is suspended or has no billing account.",
  command: `gcloud billing projects describe ${project}`,
});

const keyRestricted: Hint = () => ({
  says: "The API key's restrictions forbid this call.",
  command: "gcloud services api-keys list",
});

/**
 * By `google.rpc.ErrorInfo.reason`; the names are those of
 * https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto
 */
const BY_REASON = new Map<string, Hint>([
  ["SERVICE_DISABLED", disabled],
  ["IAM_PERMISSION_DENIED", missingRole],
  [
    "USER_PROJECT_DENIED",
    ({ project }) => ({
      says: `The account in use may not bill the quota project: it lacks the role ${QUOTA_ROLE} there, or the project is the wrong one.`,
      command: `gcloud projects add-iam-policy-binding ${project} --member=MEMBER --role=${QUOTA_ROLE}`,
    }),
  ],
  ["CONSUMER_INVALID", wrongProject],
  ["RESOURCE_PROJECT_INVALID", wrongProject],
  ["CONSUMER_SUSPENDED", suspended],
  ["BILLING_DISABLED", suspended],
  ["ACCESS_TOKEN_EXPIRED", expiredLogin],
  [
    "ACCESS_TOKEN_TYPE_UNSUPPORTED",
    () => ({
      says: "What was sent is not an access token that Google knows.",
      command: "gcloud auth application-default print-access-token",
    }),
  ],
  [
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    () => ({
      says: "The token lacks the scope cloud-platform; on a virtual machine its access scopes have to be widened.",
      command:
        "gcloud auth application-default login --scopes=https://www.googleapis.com/auth/cloud-platform",
    }),
  ],
  ["API_KEY_SERVICE_BLOCKED", keyRestricted],
  ["API_KEY_HTTP_REFERRER_BLOCKED", keyRestricted],
  ["API_KEY_IP_ADDRESS_BLOCKED", keyRestricted],
]);

/** For answers without a reason. */
const BY_MESSAGE: readonly (readonly [RegExp, Hint])[] = [
  [/has not been used in project \S{1,60} before or it is disabled/, disabled],
  [/\bPermission '?aiplatform\.[\w.]{1,80}'? denied\b/, missingRole],
  [
    /\brequires a quota project\b/,
    () => ({
      says: "A user's login needs a project that is billed for its calls.",
      command: "gcloud auth application-default set-quota-project PROJECT",
    }),
  ],
];

const UNKNOWN_PROJECT = "PROJECT";

/**
 * Undefined: the refusal is not about signing in, or nothing tells what about it.
 * @param naming false: the command does not name the project
 */
export function signInHint(error: ReadError, naming = true): SignInHint | undefined {
  const info = error.details.find((detail) => string(detail["@type"])?.endsWith("ErrorInfo") === true);
  const message = error.message ?? "";
  const byReason = BY_REASON.get(string(info?.["reason"]) ?? "");
  const hint = byReason ?? BY_MESSAGE.find(([pattern]) => pattern.test(message))?.[1];
  const facts = factsOf(record(info?.["metadata"]) ?? {}, message);
  return hint?.(naming ? facts : { ...facts, project: UNKNOWN_PROJECT });
}

/** The same for an answer's body as text. */
export function signInHintIn(body: string): SignInHint | undefined {
  const error = readErrorText(body);
  return error === undefined ? undefined : signInHint(error);
}

function factsOf(metadata: Record<string, unknown>, message: string): Facts {
  const consumer = fit(metadata["consumer"]) ?? "";
  const inMessage = /\bproject[ s/=:'"]{1,3}([a-z0-9][\w:.-]{3,60})/.exec(message)?.[1];
  const resource = /projects\/([\w:.-]{1,100})/;
  return {
    project:
      resource.exec(consumer)?.[1] ??
      resource.exec(fit(metadata["resource"]) ?? "")?.[1] ??
      resource.exec(message)?.[1] ??
      inMessage ??
      UNKNOWN_PROJECT,
    service:
      fit(metadata["service"]) ??
      /\b([a-z]+\.googleapis\.com)\b/.exec(message)?.[1] ??
      "aiplatform.googleapis.com",
    permission: fit(metadata["permission"]),
  };
}

/** Only what cannot be anything but a name: people will paste the command. */
function fit(value: unknown): string | undefined {
  const text = nonEmpty(value);
  return text !== undefined && /^[\w./:-]{1,300}$/.test(text) ? text : undefined;
}
