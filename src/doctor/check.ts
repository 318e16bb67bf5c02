import type { LoadedConfig } from "../config/config.ts";
import type { LocalServer } from "../config/local-servers.ts";
import type { OpenedUpstream } from "./open-upstreams.ts";

/** One line of the report. */
export interface Finding {
  status: "ok" | "warn" | "fail";
  /** The upstream it is about, where it is about one. */
  upstream?: string;
  says: string;
  /** The one command, or the one thing to do, that mends it; with every `warn` and `fail`. */
  fix?: string;
}

/** What the checks look at. */
export interface Scene {
  env: Record<string, string | undefined>;
  /** `process.versions.node`. */
  nodeVersion: string;
  /** Why there is no configuration, in lines. */
  configuration: { loaded: LoadedConfig } | { problems: readonly string[] };
  upstreams: readonly OpenedUpstream[];
  /** Ask models to generate one token, which is billed, instead of counting tokens, which is free. */
  call: boolean;
  /** Wall clock, milliseconds. */
  now: () => number;
  localServers: () => Promise<readonly LocalServer[]>;
}

export interface Check {
  name: string;
  /** Never rejects for what is wrong with the scene: that is a finding. */
  run(scene: Scene): Promise<Finding[]> | Finding[];
}
