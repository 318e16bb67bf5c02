/** From what was said to what the gateway runs on: checked, completed, frozen. */
import { resolve } from "node:path";
import { z } from "zod";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import type { ConfigPath } from "./config-path.ts";
import { crossCheck, type CheckedParts, type Finding } from "./cross-checks.ts";
import { plainFileFindings, secretFileFindings } from "./file-checks.ts";
import { mapping, type RawConfig } from "./raw-config.ts";
import { aliasSchema, routeSchema } from "./route-schema.ts";
import { schemaProblems } from "./schema-problems.ts";
import { propertyOf, roleOf, schemaAt, valueAt } from "./schema-walk.ts";
import { type Config, configSchema } from "./schema.ts";
import { upstreamSchema } from "./upstream-schema.ts";

export interface CheckedConfig {
  config: Config;
  warnings: readonly ConfigProblem[];
}

/**
 * Holds a configuration against the schema, its parts against each other, and the files it names against the disk.
 * Relative paths are taken from `folder`.
 * @throws ConfigError with everything that is wrong.
 */
export function checkConfig(raw: RawConfig, folder: string): CheckedConfig {
  const parsed = configSchema.safeParse(raw.value);
  const problems = [...raw.problems];
  if (!parsed.success) problems.push(...schemaProblems(parsed.error.issues, raw));
  const findings = crossCheck(partsOf(raw));
  problems.push(...findings.filter(({ severity }) => severity === "error").map(located(raw)));
  if (problems.length > 0 || !parsed.success) {
    throw new ConfigError(problems, { dependsOn: [...raw.referencedFiles.keys()] });
  }

  const files = filesOf(parsed.data, folder);
  for (const { path, file } of files) {
    const container = valueAt(parsed.data, path.slice(0, -1)) as Record<string | number, unknown>;
    container[path.at(-1)!] = file;
  }
  const aboutFiles = files.flatMap(({ path, file }) =>
    path.includes("credentials") ? secretFileFindings(file, path) : plainFileFindings(file, path),
  );
  const warnings = [...findings, ...aboutFiles].filter(({ severity }) => severity === "warning");
  return { config: finishedConfig(parsed.data), warnings: [...raw.warnings, ...warnings.map(located(raw))] };
}

/** Each part by itself, so that one that is not well formed does not hide what is wrong with the others. */
function partsOf({ value }: RawConfig): CheckedParts {
  const entries = (key: string): [string, unknown][] => {
    const part = value[key];
    return typeof part === "object" && part !== null && !Array.isArray(part) ? Object.entries(part) : [];
  };
  const routes = Array.isArray(value.routes) ? value.routes : [];
  return {
    upstreams: new Map(entries("upstreams").map(([name, part]) => [name, parse(upstreamSchema, part)])),
    models: new Map(entries("models").map(([name, part]) => [name, parse(aliasSchema, part)])),
    routes: routes.map((part) => parse(routeSchema, part)),
  };
}

function parse<Output>(schema: z.ZodType<Output>, value: unknown): Output | undefined {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

function located(raw: RawConfig): (finding: Finding) => ConfigProblem {
  return ({ path, message }) => ({ origin: raw.keyPlace(path), path, message });
}

/** Every path of a file in the configuration, made absolute. */
function filesOf(config: Config, folder: string): { path: ConfigPath; file: string }[] {
  const found: { path: ConfigPath; file: string }[] = [];
  const visit = (value: unknown, path: ConfigPath): void => {
    if (typeof value === "string") {
      if (roleOf(schemaAt(config, path)).path === true) found.push({ path, file: resolve(folder, value) });
      return;
    }
    if (Array.isArray(value)) return;
    if (typeof value === "object" && value !== null) {
      for (const key of Object.keys(value)) visit(propertyOf(value, key), [...path, key]);
    }
  };
  visit(config.upstreams, ["upstreams"]);
  return found;
}

/**
 * Without prototypes where callers' words are looked up, and frozen, since many requests share it. A configuration that
 * another process sent has lost both on the way.
 */
export function finishedConfig(config: Config): Config {
  return deepFreeze({
    ...config,
    upstreams: bareMapping(config.upstreams),
    models: bareMapping(config.models),
  });
}

function bareMapping<Value>(record: Record<string, Value>): Record<string, Value> {
  return Object.assign(mapping() as Record<string, Value>, record);
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
