import { type ConfigPath, formatPath } from "./config-path.ts";
import { describeOrigin, type Origin } from "./origin.ts";

/** One thing the operator must change, or (as a warning) should know. Holds no secret. */
export interface ConfigProblem {
  /** Undefined where no place can be told, for example for a missing file. */
  origin: Origin | undefined;
  /** Empty for the file as a whole. */
  path: ConfigPath;
  message: string;
}

/** In the message; `problems` has all. */
const MAX_TOLD = 100;

/** Everything that is wrong with a configuration, in the order of the file. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];
  /** Files whose change may mend it: the configuration, and those its secrets are read from. Absolute paths. */
  readonly dependsOn: readonly string[];

  /** The file could not be read at all. */
  readonly unreadable: boolean;

  constructor(
    problems: readonly ConfigProblem[],
    options: ErrorOptions & { dependsOn?: readonly string[]; unreadable?: boolean } = {},
  ) {
    const sorted = [...problems].sort((a, b) => place(a) - place(b));
    const more = sorted.length - MAX_TOLD;
    super(
      [...sorted.slice(0, MAX_TOLD).map(describeProblem), ...(more > 0 ? [`and ${more} more`] : [])].join(
        "\n",
      ),
      options,
    );
    this.problems = sorted;
    this.unreadable = options.unreadable ?? false;
    this.dependsOn = options.dependsOn ?? [];
  }
}

/** `pollux.yaml:12:5 upstreams.main.locaton: unknown key; did you mean "location"?` */
export function describeProblem({ origin, path, message }: ConfigProblem): string {
  const where = [origin === undefined ? "" : describeOrigin(origin), formatPath(path)].filter(
    (text) => text !== "",
  );
  return where.length === 0 ? message : `${where.join(" ")}: ${message}`;
}

/** What stands in no file comes first: it is on the command line the operator has just typed. */
function place({ origin }: ConfigProblem): number {
  return origin?.from === "file" ? origin.line * 100_000 + origin.column : 0;
}
