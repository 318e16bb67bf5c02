/** `GET /admin/auth` and `pollux auth status`: how each upstream is signed in to, as JSON, without secrets. */
import { type AuthStatus, plainStatus } from "../auth/auth-status.ts";
import type { ConnectedUpstream } from "./connected-upstream.ts";
import type { Gateway } from "./gateway.ts";
import { ofEach } from "./siblings.ts";

/** Times are RFC 3339 in UTC. */
export interface AuthStatusEntry {
  /** Where several processes serve: which of them, from 1. Each signs in by itself. */
  worker?: number;
  upstream: string;
  kind: AuthStatus["kind"];
  description: string;
  found_in: string | null;
  principal: string | null;
  project: string | null;
  quota_project: string | null;
  /** Null: there is no token that the gateway renews. */
  token: {
    /** Null: no token is held, or its issuer did not say how long it lives. */
    expires_at: string | null;
    /** The first call from then on has it renewed. */
    renews_at: string | null;
    issued: number;
    failures: number;
    last_error: { at: string; message: string } | null;
    scopes: readonly string[] | null;
  } | null;
}

export interface AuthStatusList {
  object: "list";
  data: AuthStatusEntry[];
}

/** Of this process. */
export function authStatuses(gateway: Pick<Gateway, "upstreams">): AuthStatusList {
  return { object: "list", data: [...gateway.upstreams.values()].map(authStatusEntry) };
}

/** Of all processes that serve. */
export async function authStatusesOfAll(
  gateway: Pick<Gateway, "upstreams" | "siblings">,
): Promise<AuthStatusList> {
  if (gateway.siblings === undefined) return authStatuses(gateway);
  const answers = await gateway.siblings.ask("adminAuth");
  return { object: "list", data: ofEach(answers, ({ data }) => data) };
}

export function authStatusEntry({ name, auth, at }: ConnectedUpstream): AuthStatusEntry {
  const status = auth?.() ?? plainStatus("none", at.description);
  const { token } = status;
  return {
    upstream: name,
    kind: status.kind,
    description: status.description,
    found_in: status.foundIn ?? null,
    principal: status.principal ?? null,
    project: status.project ?? null,
    quota_project: status.quotaProject ?? null,
    token:
      token === undefined
        ? null
        : {
            expires_at: time(token.expiresAtMs),
            renews_at: time(token.renewsAtMs),
            issued: token.issued,
            failures: token.failures,
            last_error:
              token.lastError === undefined
                ? null
                : { at: new Date(token.lastError.atMs).toISOString(), message: token.lastError.message },
            scopes: token.scopes ?? null,
          },
  };
}

function time(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
