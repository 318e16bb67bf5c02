/** The flags of `npm run bench`. */
import { parseArgs } from "node:util";
import { LEAST_RUNS } from "./baseline.ts";

const HELP = `Usage: npm run bench -- [--quick [--check] [--repeat N]] [--growth] [--no-peers] [--only PART,…] [--save]

  (no flag)    everything, in less than 15 minutes once the other gateways have been fetched
  --quick      nginx and Pollux, three short rounds: in less than 3 minutes
  --check      with --quick: compare with the committed ratios; exit 1 when one is worse than noise explains
  --repeat N   with --quick: N runs, and how much they differ; with --save they are what --check compares with
  --growth     how cost grows with messages, text, tools, schemas, images and streams
  --save       write the results to docs/ (the tables, the JSON, the charts)
  --no-peers   leave Portkey, LiteLLM and Bifrost out
  --only       parts to run: limit, processes, gateways, memory, start; with --growth: its series

The gateway runs on one core; the upstream and the load on another. Everything stays on this machine.

Examples:
  npm run bench -- --save
  npm run bench -- --quick --check
  npm run bench -- --quick --repeat 5 --save
  npm run bench -- --only limit,start`;

export interface Options {
  quick: boolean;
  check: boolean;
  repeat: number;
  growth: boolean;
  save: boolean;
  peers: boolean;
  /** Absent: all parts. */
  only?: readonly string[];
}

/** @throws Error that says what to change; undefined when only help was asked for */
export function readOptions(argv: readonly string[], print: (text: string) => void): Options | undefined {
  const { values: flags } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      repeat: { type: "string", default: "1" },
      growth: { type: "boolean", default: false },
      save: { type: "boolean", default: false },
      "no-peers": { type: "boolean", default: false },
      only: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (flags.help) {
    print(HELP);
    return undefined;
  }
  const { quick, check, growth, save } = flags;
  const repeat = Number(flags.repeat);
  if (!Number.isInteger(repeat) || repeat < 1) throw new Error("--repeat takes a number of runs.");
  if (check && !quick) throw new Error("--check compares quick runs: add --quick.");
  if (repeat > 1 && (!quick || check)) throw new Error("--repeat goes with --quick, and not with --check.");
  if (save && quick && repeat < LEAST_RUNS) {
    throw new Error(
      `Of quick runs, only the spread of several is saved: add --repeat ${LEAST_RUNS} or more.`,
    );
  }
  if (save && (flags.only !== undefined || flags["no-peers"])) {
    throw new Error("Only whole runs are saved: leave out --only and --no-peers.");
  }
  if (growth && (quick || check)) throw new Error("--growth is a run of its own, without --quick.");
  return {
    quick,
    check,
    repeat,
    growth,
    save,
    peers: !flags["no-peers"],
    ...(flags.only === undefined ? {} : { only: flags.only.split(",") }),
  };
}
