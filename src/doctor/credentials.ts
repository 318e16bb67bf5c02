/** Where each upstream's credentials were found, and where they were looked for in vain. */
import type { Look } from "../auth/google-credentials.ts";
import { SettingsError } from "../settings.ts";
import type { Check, Finding } from "./check.ts";
import type { OpenedUpstream } from "./open-upstreams.ts";

export const credentials: Check = {
  name: "credentials",
  run: ({ upstreams }) => upstreams.map(found),
};

function found({ name, config, looks, connected, error }: OpenedUpstream): Finding {
  const upstream = name;
  const inVain = looks.filter((look) => !look.found).map(describe);
  if (error !== undefined) {
    return { status: "fail", upstream, says: withLooks(error.message, inVain), fix: fixFor(error) };
  }
  const status = connected?.upstream.auth?.();
  if (status === undefined || status.kind === "none") {
    return { status: "ok", upstream, says: `none needed (${config.kind})` };
  }
  if (status.kind === "caller") {
    const says = withLooks(`none of its own: ${status.description} is passed on`, inVain);
    const asked =
      config.kind === "gemini-api" || ("credentials" in config && config.credentials.kind === "caller");
    return asked
      ? { status: "ok", upstream, says }
      : { status: "warn", upstream, says, fix: "gcloud auth application-default login" };
  }
  const from = status.foundIn === undefined ? "" : `, from ${status.foundIn}`;
  return { status: "ok", upstream, says: withLooks(status.description + from, inVain) };
}

function withLooks(says: string, inVain: readonly string[]): string {
  return inVain.length === 0 ? says : `${says}; looked for and not found: ${inVain.join(", ")}`;
}

function describe({ place, where }: Look): string {
  return `${place} (${where})`;
}

function fixFor(error: Error): string {
  if (!(error instanceof SettingsError)) return "pollux config validate";
  if (/\.project\b/.test(error.variable)) return "export GOOGLE_CLOUD_PROJECT=my-project";
  if (error.variable === "GOOGLE_APPLICATION_CREDENTIALS") return "unset GOOGLE_APPLICATION_CREDENTIALS";
  return "gcloud auth application-default login";
}
