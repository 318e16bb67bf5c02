/** A gateway with a tape: recorded on, or played in place of its upstreams. */
import type { Config, UpstreamConfig } from "../config/config.ts";
import { secretsOf } from "../config/config.ts";
import { SettingsError } from "../settings.ts";
import type { UpstreamClient } from "../upstreams/upstream.ts";
import { VERSION } from "../version.ts";
import type { PlaybackClock } from "./playback.ts";
import { type Recording, readTape } from "./read-tape.ts";
import { RecordingClient } from "./recording-client.ts";
import { ReplayingClient } from "./replaying-client.ts";
import { TapeFile } from "./tape-file.ts";
import { TAPE_VERSION, type TapeUpstream } from "./tape-format.ts";

export interface TapeSession {
  /**
   * The configuration to run under this tape, for one that was read.
   * @param isFile whether a file says which upstreams there are
   */
  configure(config: Config, isFile: boolean): Config;
  /** What all calls to upstreams go by. */
  client(open: () => Promise<UpstreamClient>): Promise<UpstreamClient>;
  /** For people: what answers, where it is the tape. */
  readonly answers: string | undefined;
  /** Recordings that no request has asked for, for people. */
  unused(): string[];
  /** Ends the tape; gives what there is to say about it, line by line. */
  close(): string[];
}

export interface RecordOptions {
  tape: string;
  /** Left out besides what always is. */
  redact?: readonly RegExp[];
  /** What could not be recorded. */
  report: (problem: string) => void;
  /** Milliseconds since the epoch, and of a clock that is never set back. */
  now?: () => number;
  monotonic?: () => number;
}

/** @throws TapeError when the file is there already. */
export function startRecording(options: RecordOptions): TapeSession {
  const { tape: path, report, now = Date.now, monotonic = () => performance.now() } = options;
  const patterns = asGlobal(options.redact);
  let known: { secrets: readonly string[]; projects: readonly string[] } = { secrets: [], projects: [] };
  let tape: TapeFile | undefined;
  let recording: RecordingClient | undefined;
  return {
    answers: undefined,
    configure: (config) => {
      known = { secrets: secretsOf(config), projects: projectsOf(config) };
      const upstream = tapeUpstream(config);
      tape ??= new TapeFile(path, {
        tape: "pollux",
        version: TAPE_VERSION,
        pollux: VERSION,
        recorded: new Date(now()).toISOString().slice(0, 10),
        ...(upstream === undefined ? {} : { upstream }),
        ...(patterns.length === 0 ? {} : { patterns: patterns.length }),
      });
      return config;
    },
    client: async (open) => {
      if (tape === undefined) throw new Error("a recording is begun before its configuration is known");
      recording = new RecordingClient(await open(), {
        tape,
        patterns,
        report,
        known: () => known,
        now: monotonic,
      });
      return recording;
    },
    unused: () => [],
    close: () => {
      tape?.close();
      const written = recording?.written ?? 0;
      return [`${path}: ${written} ${written === 1 ? "recording" : "recordings"}.`];
    },
  };
}

export interface ReplayOptions {
  tape: string;
  /** `true`: paced as it was; `fast` (default): at once. */
  speed?: "true" | "fast";
  /** Each recording answers once. */
  strict?: boolean;
  /** As at recording. */
  redact?: readonly RegExp[];
  /** Requests without a recording. */
  report: (lines: readonly string[]) => void;
  /** The project that the tape was recorded with, where texts name it. */
  project?: string | undefined;
  clock?: PlaybackClock;
}

/** @throws TapeError when the tape cannot be read; SettingsError when it was recorded with other patterns. */
export function startReplay(options: ReplayOptions): TapeSession {
  const { speed = "fast", strict = false, report, clock } = options;
  const patterns = asGlobal(options.redact);
  const tape = readTape(options.tape);
  const { header, recordings, path } = tape;
  const wanted = header.patterns ?? 0;
  if (wanted !== patterns.length) {
    throw new SettingsError(
      "--redact",
      `${path} was recorded with ${wanted} of them: give the same, so that requests are compared alike.`,
    );
  }
  let projects: readonly string[] = [];
  const replaying = new ReplayingClient(tape, {
    speed,
    strict,
    patterns,
    report,
    projects: () => projects,
    ...(clock === undefined ? {} : { clock }),
  });
  return {
    answers: `the tape ${path}: ${recordings.length} ${recordings.length === 1 ? "recording" : "recordings"} of ${header.recorded}`,
    configure: (config, isFile) => {
      const upstreams = isFile
        ? Object.fromEntries(
            Object.entries(config.upstreams).map(([name, upstream]) => [name, unsigned(upstream)] as const),
          )
        : { tape: upstreamOf(path, header.upstream, options.project) };
      const replayed = { ...config, upstreams };
      projects = projectsOf(replayed);
      return replayed;
    },
    client: () => Promise.resolve(replaying),
    unused: () => replaying.unused.map(describe),
    close: () => {
      const unused = replaying.unused.map(describe);
      const used = `${path}: ${recordings.length - unused.length} of ${recordings.length} recordings were asked for.`;
      return unused.length === 0
        ? [used]
        : [used, "  Not asked for:", ...unused.map((line) => `    ${line}`)];
    },
  };
}

function describe({ number, line, compared: { request } }: Recording): string {
  return `recording ${number} (line ${line}), ${request.method} ${request.path}`;
}

function asGlobal(patterns: readonly RegExp[] = []): RegExp[] {
  return patterns.map(({ source, flags }) => new RegExp(source, flags.includes("g") ? flags : `${flags}g`));
}

function projectsOf({ upstreams }: Config): string[] {
  return Object.values(upstreams).flatMap((upstream) =>
    "project" in upstream && upstream.project !== undefined && upstream.project !== UNKNOWN_PROJECT
      ? [upstream.project]
      : [],
  );
}

/** The first upstream, as far as a replay without a configuration file has to know it. */
function tapeUpstream({ upstreams }: Config): TapeUpstream | undefined {
  const [first] = Object.values(upstreams);
  switch (first?.kind) {
    case "gemini-api":
      return { kind: "gemini-api" };
    case "vertex":
      return first.apiKey === undefined
        ? { kind: "vertex", location: first.location }
        : { kind: "vertex", express: true };
    case "emulator":
      return { kind: "vertex", location: first.location ?? "global" };
    default:
      return undefined;
  }
}

/** Stands where a project belongs that nothing is sent to. */
const UNKNOWN_PROJECT = "your-project";
/** Long enough to be found in no text by chance: answers are searched for the credentials they came for. */
const NO_KEY = "a-replay-needs-no-key";
const NO_CREDENTIALS = { kind: "token", token: NO_KEY } as const;

function upstreamOf(
  path: string,
  recorded: TapeUpstream | undefined,
  project = UNKNOWN_PROJECT,
): UpstreamConfig {
  if (recorded === undefined) {
    throw new SettingsError(
      "--replay",
      `${path} was recorded with upstreams of a configuration file: name that file with --config.`,
    );
  }
  if (recorded.kind === "gemini-api") return { kind: "gemini-api", apiKeys: [NO_KEY] };
  const { location = "global", express } = recorded;
  return express === true
    ? { kind: "vertex", location, apiKey: NO_KEY, credentials: NO_CREDENTIALS }
    : { kind: "vertex", location, project, credentials: NO_CREDENTIALS, allowedProjects: ["*"] };
}

/** The same upstream for calls that never leave: nothing is signed in to. A model in this process is no upstream to play. */
function unsigned(upstream: UpstreamConfig): UpstreamConfig {
  switch (upstream.kind) {
    case "vertex":
      return upstream.apiKey === undefined
        ? { ...upstream, project: upstream.project ?? UNKNOWN_PROJECT, credentials: NO_CREDENTIALS }
        : upstream;
    case "vertex-endpoint":
    case "vertex-openapi":
      return { ...upstream, project: upstream.project ?? UNKNOWN_PROJECT, credentials: NO_CREDENTIALS };
    case "emulator":
      return {
        kind: "vertex",
        project: UNKNOWN_PROJECT,
        location: upstream.location ?? "global",
        credentials: NO_CREDENTIALS,
        allowedProjects: upstream.allowedProjects ?? ["*"],
      };
    case "gemini-api":
    case "openai-compatible":
    case "local":
      return upstream;
    default:
      return upstream satisfies never;
  }
}
