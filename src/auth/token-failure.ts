import { GatewayError } from "../errors.ts";

/**
 * Why no access token could be had, with the fix. The original error is not kept as `cause`: the library puts the
 * whole request into it, and that holds the refresh token or the signed assertion.
 */
export function tokenFailure(error: unknown, description: string): GatewayError {
  const { status, reason, code, host } = describe(error);
  return new GatewayError(
    {
      kind: "upstream",
      status: 502,
      type: "server_error",
      code: "upstream_auth_error",
      param: null,
      ...(status === undefined || status >= 500 ? {} : { shouldRetry: false }),
      ...(reason === undefined ? {} : { reason }),
    },
    `Google issued no access token (${description}): ${explain(status, reason, code, host, description)}`,
  );
}

function explain(
  status: number | undefined,
  reason: string | undefined,
  code: string | undefined,
  host: string,
  description: string,
): string {
  switch (reason) {
    case "invalid_grant":
      return description.startsWith("service account") && !description.includes("impersonated")
        ? "the key is not accepted (invalid_grant). Check that the account and this key of it still exist, and that this machine's clock is right."
        : "the sign-in is no longer valid (invalid_grant). Sign in again with `gcloud auth application-default login`.";
    case "invalid_client":
    case "unauthorized_client":
      return `the client is not accepted (${reason}). Sign in again with \`gcloud auth application-default login\`.`;
    case "PERMISSION_DENIED":
      return "permission denied. To impersonate a service account, the role roles/iam.serviceAccountTokenCreator on it is needed.";
    default:
      break;
  }
  if (status !== undefined)
    return `${host} answered with status ${status}${reason === undefined ? "" : ` (${reason})`}.`;
  if (code !== undefined) return `${host} could not be reached (${code}).`;
  return `the answer of ${host} could not be used.`;
}

interface Description {
  status: number | undefined;
  reason: string | undefined;
  code: string | undefined;
  host: string;
}

function describe(error: unknown): Description {
  const data = at(error, "response", "data");
  const name = at(data, "error", "status") ?? at(data, "error");
  const code = at(error, "code") ?? at(error, "cause", "code");
  const status = at(error, "response", "status");
  const url = at(error, "config", "url");
  return {
    status: typeof status === "number" ? status : undefined,
    // Only what looks like a code: free text may quote what was sent.
    reason: typeof name === "string" && /^[A-Za-z_]{3,60}$/.test(name) ? name : undefined,
    code: typeof code === "string" && /^[A-Za-z0-9_]{3,60}$/.test(code) ? code : undefined,
    host: URL.canParse(String(url)) ? new URL(String(url)).host : "the token endpoint",
  };
}

function at(value: unknown, ...path: string[]): unknown {
  let here = value;
  for (const key of path) {
    if (typeof here !== "object" || here === null) return undefined;
    here = (here as Record<string, unknown>)[key];
  }
  return here;
}
