/** The metadata server of Compute Engine and its relatives. Source: docs.cloud.google.com/compute/docs/metadata. */
import type { JsonObject } from "../../wire/gemini.ts";
import type { AccessTokens } from "./access-tokens.ts";
import { bearer } from "./token-endpoints.ts";

export interface MetadataAnswer {
  status: number;
  contentType: string;
  text: string;
  headers: Readonly<Record<string, string>>;
}

const ROOT = "/computeMetadata/v1";
/** The real server keeps handing out one token until it has this long to live. */
const KEPT_UNTIL_MS = 300_000;

/**
 * What the metadata server says to a GET of `path`. Every request must carry `Metadata-Flavor: Google`, which keeps
 * browsers and naive proxies from reading tokens.
 */
export function askMetadataServer(
  path: string,
  flavor: string | undefined,
  context: { tokens: AccessTokens; now: () => number; project: string },
): MetadataAnswer {
  if (path === "/" && flavor === undefined) {
    return plain(
      200,
      "This is Pollux's Gemini emulator. It speaks Vertex AI's and the Gemini API's REST.\n",
      {},
    );
  }
  if (flavor !== "Google") {
    return plain(403, 'Missing required header "Metadata-Flavor": "Google"\n', {});
  }
  const email = `emulated@${context.project}.iam.gserviceaccount.com`;
  const account = `${ROOT}/instance/service-accounts/default`;
  switch (path.replace(/(?<=.)\/$/, "")) {
    case "/":
      return plain(200, "computeMetadata/\n");
    case ROOT:
      return plain(200, "instance/\nproject/\nuniverse/\n");
    case `${ROOT}/instance`:
      return plain(200, "id\nservice-accounts/\nzone\n");
    case `${ROOT}/instance/zone`:
      return plain(200, "projects/1/zones/us-central1-a");
    case `${ROOT}/instance/service-accounts`:
      return plain(200, `default/\n${email}/\n`);
    case account:
      return json({
        aliases: ["default"],
        email,
        scopes: ["https://www.googleapis.com/auth/cloud-platform"],
      });
    case `${account}/email`:
      return plain(200, email);
    case `${account}/scopes`:
      return plain(200, "https://www.googleapis.com/auth/cloud-platform\n");
    case `${account}/token`:
    case `${ROOT}/instance/service-accounts/${email}/token`:
      return json(currentToken(email, context));
    case `${ROOT}/project/project-id`:
      return plain(200, context.project);
    case `${ROOT}/project/numeric-project-id`:
      return plain(200, "1");
    case `${ROOT}/universe/universe-domain`:
    case `${ROOT}/universe/universe_domain`:
      return plain(200, "googleapis.com");
    default:
      return plain(404, "Not Found\n");
  }
}

function currentToken(
  email: string,
  { tokens, now }: { tokens: AccessTokens; now: () => number },
): JsonObject {
  const newest = tokens.newest("metadata");
  const atMs = now();
  return newest !== undefined && newest.expiresAt - atMs > KEPT_UNTIL_MS
    ? bearer(newest, atMs)
    : bearer(tokens.issue("metadata", email));
}

const FLAVOR = { "metadata-flavor": "Google" };

function plain(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = FLAVOR,
): MetadataAnswer {
  return { status, contentType: "text/plain; charset=utf-8", text, headers };
}

function json(body: object): MetadataAnswer {
  return { status: 200, contentType: "application/json", text: JSON.stringify(body), headers: FLAVOR };
}
