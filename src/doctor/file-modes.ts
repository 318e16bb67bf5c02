/** Credential files that other users of this machine could read. Files of `file:` secrets are the configuration's. */
import { existsSync } from "node:fs";
import type { CredentialsConfig, UpstreamConfig } from "../config/config.ts";
import { secretFileFindings } from "../config/file-checks.ts";
import type { Check, Finding } from "./check.ts";
import type { OpenedUpstream } from "./open-upstreams.ts";

export const fileModes: Check = {
  name: "files",
  run({ upstreams }) {
    const files = new Set(upstreams.flatMap(filesOf).filter((file) => existsSync(file)));
    return [...files].map((file): Finding => {
      const [finding] = secretFileFindings(file, []);
      return finding === undefined
        ? { status: "ok", says: `${file} is for its owner alone` }
        : {
            status: "warn",
            says: finding.message,
            fix: /run `([^`]+)`/.exec(finding.message)?.[1] ?? `ls -l ${file}`,
          };
    });
  },
};

function filesOf({ config, looks }: OpenedUpstream): string[] {
  const looked = looks
    .filter((look) => look.found && look.place !== "metadata server")
    .map(({ where }) => where);
  return [...looked, ...namedIn(config)];
}

function namedIn(config: UpstreamConfig): string[] {
  return "credentials" in config ? named(config.credentials) : [];
}

function named(credentials: CredentialsConfig): string[] {
  switch (credentials.kind) {
    case "service-account":
    case "file":
    case "federation":
      return [credentials.file];
    case "impersonate":
      return named(credentials.source);
    default:
      return [];
  }
}
