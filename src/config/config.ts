/** The configuration as the rest of the gateway uses it: one entry for what this folder offers. */
export { finishedConfig } from "./check-config.ts";
export { ConfigError, type ConfigProblem, describeProblem } from "./config-error.ts";
export { type ConfigPath, formatPath } from "./config-path.ts";
export type { CredentialsConfig } from "./credentials-schema.ts";
export { type ConfigChange, describeChange, diffConfigs } from "./diff.ts";
export type { ConfigFlags } from "./effective.ts";
export { configPath, type LoadedConfig, loadConfig, readConfig } from "./load.ts";
export { describeOrigin, type Origin } from "./origin.ts";
export type { AliasConfig, MatchedRouteConfig, RouteConfig, TargetConfig } from "./route-schema.ts";
export type { LimitsConfig } from "./limits-schema.ts";
export {
  type Config,
  type ConfigInput,
  type LogConfig,
  type ServerConfig,
  type TracingConfig,
} from "./schema.ts";
export { configJsonSchema } from "./json-schema.ts";
export { masked, secretsOf } from "./mask.ts";
export { printConfig } from "./print.ts";
export { type ConfigWatcher, watchConfig, type WatchConfigOptions } from "./watch.ts";
export { targetLocation } from "./target-location.ts";
export type { UpstreamConfig, UpstreamKind, UpstreamOf } from "./upstream-schema.ts";
