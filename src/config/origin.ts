/** Where a value came from. The order in which they win: flag, environment, file, default. */
export type Origin =
  /** `flag` is written as on the command line: `--port`. */
  | { from: "flag"; flag: string }
  | { from: "environment"; variable: string }
  | {
      from: "file";
      /** As the operator named it. */
      file: string;
      /** Both count from 1. */
      line: number;
      column: number;
      /** The text as written, where it refers to a variable or another file: `${KEY}`, `file:/run/secrets/key`. */
      reference?: string;
    }
  | { from: "default" };

/** For people: `pollux.yaml:12:5`, `PORT`, `--port`, `default`. */
export function describeOrigin(origin: Origin): string {
  switch (origin.from) {
    case "flag":
      return origin.flag;
    case "environment":
      return origin.variable;
    case "file":
      return `${origin.file}:${origin.line}:${origin.column}`;
    case "default":
      return "default";
    default:
      return origin satisfies never;
  }
}
