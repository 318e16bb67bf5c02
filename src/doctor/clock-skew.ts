/** This machine's clock against the `Date` of Google's answers: tokens and assertions depend on it. */
import type { Check, Finding, Scene } from "./check.ts";
import type { OpenedUpstream } from "./open-upstreams.ts";

/** The assertion that a service account signs is dated a minute back, so that much is harmless. */
const HARMLESS_MS = 60_000;
/** Beyond this Google refuses assertions. */
const HARMFUL_MS = 5 * 60_000;
const TIMEOUT_MS = 5_000;

export const clockSkew: Check = {
  name: "clock",
  async run(scene) {
    const origins = new Set(scene.upstreams.map(originOf).filter((origin) => origin !== undefined));
    return Promise.all([...origins].map((origin) => compare(origin, scene)));
  },
};

function originOf({ config, connected }: OpenedUpstream): string | undefined {
  if (connected === undefined || config.kind === "openai-compatible") return undefined;
  const { upstream } = connected;
  if (upstream.kind === "openai") return upstream.at.address().origin;
  // The project in the path does not matter here, but there may be none.
  const scope = {
    project: "any-project",
    location: "location" in config ? (config.location ?? "global") : "global",
  };
  if (config.kind === "vertex" && config.baseUrl !== undefined) return new URL(config.baseUrl).origin;
  const route = { kind: "generate", model: "any", stream: false } as const;
  try {
    return upstream.at.address(route).origin;
  } catch {
    return upstream.at.mayServe(scope) ? upstream.at.address({ ...route, scope }).origin : undefined;
  }
}

/** Without credentials: whatever is answered has a date. */
async function compare(origin: string, { now }: Scene): Promise<Finding> {
  const { host } = new URL(origin);
  const before = now();
  let date: number;
  try {
    const response = await fetch(origin, { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.body?.cancel();
    date = Date.parse(response.headers.get("date") ?? "");
  } catch {
    return {
      status: "warn",
      says: `${host} did not answer, so the clock could not be compared`,
      fix: `curl -sSI ${origin}`,
    };
  }
  if (Number.isNaN(date)) {
    return { status: "warn", says: `${host} does not tell the time`, fix: `curl -sSI ${origin}` };
  }
  // The header counts whole seconds, cut off; the answer was made somewhere in the exchange.
  const skew = Math.round(((before + now()) / 2 - (date + 500)) / 1000) * 1000;
  const off = Math.abs(skew);
  const direction = skew > 0 ? "ahead of" : "behind";
  if (off <= HARMLESS_MS) return { status: "ok", says: `within ${Math.max(1, off / 1000)} s of ${host}` };
  return {
    status: off > HARMFUL_MS ? "fail" : "warn",
    says: `this machine's clock is ${off / 1000} s ${direction} that of ${host}`,
    fix: TIME_COMMAND,
  };
}

const TIME_COMMAND =
  process.platform === "win32"
    ? "w32tm /resync"
    : process.platform === "darwin"
      ? "sudo sntp -sS time.apple.com"
      : "sudo timedatectl set-ntp true";
