/** Whether a token can be had for each upstream's credentials, and what it may be used for. */
import type { Check, Finding, Scene } from "./check.ts";
import type { OpenedUpstream } from "./open-upstreams.ts";

const SCOPE = "https://www.googleapis.com/auth/cloud-platform";

export const accessToken: Check = {
  name: "token",
  async run(scene) {
    const findings = await Promise.all(scene.upstreams.map((opened) => minted(opened, scene)));
    return findings.flat();
  },
};

async function minted({ name, connected }: OpenedUpstream, scene: Scene): Promise<Finding[]> {
  const upstream = name;
  // API keys, fixed tokens and callers' own have nothing to mint.
  if (connected?.upstream.auth?.().token === undefined) return [];
  try {
    await connected.upstream.at.authorize(undefined);
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    return [{ status: "fail", upstream, says, fix: /`(gcloud [^`]+)`/.exec(says)?.[1] ?? fixWithout(says) }];
  }
  const { kind, token } = connected.upstream.auth();
  const scopes = token?.scopes;
  if (scopes !== undefined && !scopes.includes(SCOPE)) {
    return [
      {
        status: "fail",
        upstream,
        says: `the token lacks the scope ${SCOPE}; it has ${scopes.join(" ") || "none"}`,
        fix:
          kind === "metadata"
            ? "gcloud compute instances set-service-account INSTANCE --scopes=cloud-platform"
            : `gcloud auth application-default login --scopes=${SCOPE}`,
      },
    ];
  }
  const until =
    token?.expiresAtMs === undefined
      ? "its issuer does not say for how long"
      : `for ${minutes(token.expiresAtMs - scene.now())}`;
  const scope = scopes === undefined ? "" : ", scope cloud-platform";
  return [{ status: "ok", upstream, says: `a token was issued, ${until}${scope}` }];
}

function fixWithout(says: string): string {
  return says.includes("roles/iam.serviceAccountTokenCreator")
    ? "gcloud iam service-accounts add-iam-policy-binding SERVICE_ACCOUNT --member=MEMBER --role=roles/iam.serviceAccountTokenCreator"
    : "check the network, proxies and the key, then run `pollux auth status`";
}

function minutes(ms: number): string {
  const whole = Math.round(ms / 60_000);
  return whole >= 2 ? `${whole} min` : `${Math.round(ms / 1000)} s`;
}
