/** What changes from one configuration to another. */
import { type ConfigPath, formatPath } from "./config-path.ts";
import { isSecret, MASK, masked } from "./mask.ts";
import { propertyOf } from "./schema-walk.ts";

export interface ConfigChange {
  path: ConfigPath;
  kind: "added" | "removed" | "changed";
  /** Masked; undefined for what was added. */
  before: unknown;
  /** Masked; undefined for what was removed. */
  after: unknown;
  /** The address it listens on cannot change while it runs. */
  needsRestart: boolean;
}

const NEEDS_RESTART: ReadonlySet<string> = new Set(["server.host", "server.port"]);

/**
 * Every value that differs, in the order of the schema. Of an upstream or alias that comes or goes, the whole is one
 * change. That another upstream becomes the default is told as a change of `upstreams`.
 */
export function diffConfigs(before: unknown, after: unknown): ConfigChange[] {
  const changes: ConfigChange[] = [];
  const add = (path: ConfigPath, kind: ConfigChange["kind"], shown: [unknown, unknown]): void => {
    changes.push({
      path,
      kind,
      before: shown[0],
      after: shown[1],
      needsRestart: NEEDS_RESTART.has(formatPath(path)),
    });
  };
  const visit = (a: unknown, b: unknown, path: ConfigPath): void => {
    if (a === undefined || b === undefined) {
      if (a === b) return;
      add(path, a === undefined ? "added" : "removed", [masked(before, path), masked(after, path)]);
    } else if (isContainer(a) && isContainer(b) && Array.isArray(a) === Array.isArray(b)) {
      const keys: (string | number)[] = Array.isArray(a)
        ? Array.from({ length: Math.max(a.length, (b as unknown[]).length) }, (_, index) => index)
        : [...new Set([...Object.keys(a), ...Object.keys(b)])];
      for (const key of keys) visit(propertyOf(a, key), propertyOf(b, key), [...path, key]);
    } else if (a !== b) {
      add(path, "changed", [
        isSecret(before, path) ? MASK : masked(before, path),
        isSecret(after, path) ? MASK : masked(after, path),
      ]);
    }
  };
  const [first, then] = [firstUpstream(before), firstUpstream(after)];
  if (first !== undefined && then !== undefined && first !== then) {
    add(["upstreams"], "changed", [`default ${first}`, `default ${then}`]);
  }
  visit(before, after, []);
  return changes;
}

/** `~ limits.retryBudget: 0.2 -> 0.5`; `+` for added, `-` for removed. */
export function describeChange({ path, kind, before, after, needsRestart }: ConfigChange): string {
  const name = formatPath(path);
  const restart = needsRestart ? " (needs a restart)" : "";
  switch (kind) {
    case "added":
      return `+ ${name}: ${JSON.stringify(after)}${restart}`;
    case "removed":
      return `- ${name}: ${JSON.stringify(before)}${restart}`;
    case "changed":
      return before === MASK && after === MASK
        ? `~ ${name}: another secret`
        : `~ ${name}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}${restart}`;
    default:
      return kind satisfies never;
  }
}

function firstUpstream(config: unknown): string | undefined {
  const upstreams = propertyOf(config, "upstreams");
  return isContainer(upstreams) ? Object.keys(upstreams)[0] : undefined;
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
