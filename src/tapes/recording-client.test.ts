import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { GatewayError } from "../errors.ts";
import type {
  UpstreamCall,
  UpstreamClient,
  UpstreamReceiver,
  UpstreamRequest,
} from "../upstreams/upstream.ts";
import { readTape } from "./read-tape.ts";
import { RecordingClient, type RecordingOptions } from "./recording-client.ts";
import { TapeError } from "./tape-error.ts";
import { TapeFile } from "./tape-file.ts";

const HEADER = { tape: "pollux", version: 1, pollux: "0", recorded: "2025-11-21" } as const;

/** Lets the test be the upstream. */
class OpenClient implements UpstreamClient {
  readonly calls: { request: UpstreamRequest; receiver: UpstreamReceiver; log: string[] }[] = [];

  send(request: UpstreamRequest, receiver: UpstreamReceiver): UpstreamCall {
    const log: string[] = [];
    this.calls.push({ request, receiver, log });
    return {
      abort: () => void log.push("abort"),
      pause: () => void log.push("pause"),
      resume: () => void log.push("resume"),
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function setUp(options: Partial<RecordingOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "pollux-recording-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "tape.jsonl");
  const open = new OpenClient();
  const reports: string[] = [];
  const time = { now: 0 };
  const client = new RecordingClient(open, {
    tape: new TapeFile(path, HEADER),
    known: () => ({ secrets: [], projects: [] }),
    patterns: [],
    now: () => time.now,
    report: (problem) => reports.push(problem),
    ...options,
  });
  const seen: string[] = [];
  const send = (text: string, name = "") =>
    client.send(
      {
        origin: "https://aiplatform.googleapis.com",
        path: "/v1/x:y?alt=sse&key=abc",
        method: "POST",
        headers: { authorization: "Bearer t", "content-type": "application/json" },
        body: JSON.stringify({ text }),
        timeouts: { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0 },
      },
      {
        onHead: (status) => seen.push(`${name}head ${status}`),
        onData: (chunk) => seen.push(`${name}${chunk.toString()}`),
        onEnd: () => seen.push(`${name}end`),
        onError: (error) => seen.push(`${name}${error.message}`),
      },
    );
  const lines = () =>
    readFileSync(path, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { path, client, open, reports, time, seen, send, lines };
}

const SSE = { "content-type": "text/event-stream" };

test("the gateway notices nothing: all goes through, both ways, as it comes", () => {
  const { send, open, seen } = setUp();
  const call = send("a");
  const { receiver, log } = open.calls[0]!;
  call.pause();
  call.resume();
  receiver.onHead(200, SSE);
  receiver.onData(Buffer.from("data: 1"));
  receiver.onData(Buffer.from("\n\n"));
  expect(seen).toEqual(["head 200", "data: 1", "\n\n"]);
  receiver.onEnd();
  call.abort();
  expect(seen.at(-1)).toBe("end");
  expect(log).toEqual(["pause", "resume", "abort"]);
});

test("calls under way at once are recorded whole, in lines that do not mix, numbered as they began", () => {
  const { send, open, time, lines, path } = setUp();
  send("first");
  send("second");
  const [first, second] = open.calls.map(({ receiver }) => receiver);
  for (const [at, event] of ["a", "b", "c"].entries()) {
    time.now = at * 10;
    if (at === 0) for (const receiver of [first!, second!]) receiver.onHead(200, SSE);
    first!.onData(Buffer.from(`data: "1${event}"\n\n`));
    second!.onData(Buffer.from(`data: "2${event}"\n\n`));
  }
  second!.onEnd();
  expect(lines().length).toBe(1 + 6);
  time.now = 35;
  first!.onEnd();
  expect(lines().map(({ recording, atMs, event, end }) => [recording, atMs, event ?? end])).toEqual([
    [undefined, undefined, undefined],
    [2, undefined, undefined],
    [2, 0, undefined],
    [2, 0, "2a"],
    [2, 10, "2b"],
    [2, 20, "2c"],
    [2, 20, "complete"],
    [1, undefined, undefined],
    [1, 0, undefined],
    [1, 0, "1a"],
    [1, 10, "1b"],
    [1, 20, "1c"],
    [1, 35, "complete"],
  ]);
  expect(readTape(path).recordings.map(({ number }) => number)).toEqual([1, 2]);
});

test("bytes that the HTTP client uses again are on the tape as they were", () => {
  const { send, open, lines } = setUp();
  send("a");
  const { receiver } = open.calls[0]!;
  const shared = Buffer.from('data: "x"\n\n');
  receiver.onHead(200, SSE);
  receiver.onData(shared);
  shared.fill("y");
  receiver.onEnd();
  expect(lines().some(({ event }) => event === "x")).toBe(true);
});

test("failures and departures", () => {
  const { send, open, lines, path, client } = setUp();
  send("reset before an answer");
  open.calls[0]!.receiver.onError(
    new GatewayError(
      {
        kind: "upstream",
        status: 502,
        type: "server_error",
        code: "upstream_reset",
        param: null,
        said: "hush",
      },
      "for ada@b.co",
    ),
  );
  send("silent");
  open.calls[1]!.receiver.onHead(200, SSE);
  open.calls[1]!.receiver.onError(
    new GatewayError({ kind: "upstream_timeout", phase: "idle", afterMs: 9 }, "silence"),
  );
  send("left").abort();
  const left = send("left later");
  open.calls[3]!.receiver.onHead(200, SSE);
  left.abort();
  send("a bug");
  open.calls[4]!.receiver.onError(new TypeError("x is not a function"));
  const ends = lines().filter(({ end }) => end !== undefined);
  expect(ends).toEqual([
    {
      recording: 1,
      atMs: 0,
      end: "failed",
      failure: { kind: "upstream", status: 502, type: "server_error", code: "upstream_reset", param: null },
      message: "for person-1@example.com",
    },
    {
      recording: 2,
      atMs: 0,
      end: "failed",
      failure: { kind: "upstream_timeout", phase: "idle", afterMs: 9 },
      message: "silence",
    },
    { recording: 4, atMs: 0, end: "left" },
  ]);
  expect(client.written).toBe(3);
  expect(readTape(path).recordings.length).toBe(3);
});

test("what is held is bounded, for one answer and for all; the answers themselves are not", () => {
  const { send, open, lines, reports, seen } = setUp({ maxAnswerBytes: 100, maxHeldBytes: 150 });
  const chunk = (letter: string): Buffer => Buffer.from(letter.repeat(80));
  for (const text of ["one", "two", "three"]) send(text);
  const [one, two, three] = open.calls.map(({ receiver }) => receiver);
  for (const receiver of [one!, two!, three!]) receiver.onHead(200, SSE);
  one!.onData(chunk("a"));
  two!.onData(chunk("b"));
  expect(reports).toEqual([expect.stringContaining("Recording 2 is left out")]);
  one!.onData(chunk("c"));
  expect(reports.length).toBe(2);
  // What was let go of makes room.
  three!.onData(chunk("d"));
  for (const receiver of [one!, two!, three!]) receiver.onEnd();
  expect(
    lines()
      .filter(({ end }) => end !== undefined)
      .map(({ recording }) => recording),
  ).toEqual([3]);
  expect(seen.filter((text) => text.length === 80).length).toBe(4);
});

test("a tape that cannot be written any more is told of once, and answers go on", () => {
  const tape = { path: "t", append: () => false };
  const { send, open, reports, seen, client } = setUp({ tape: tape as unknown as TapeFile });
  tape.append = () => {
    throw new TapeError("t cannot be written any more (ENOSPC).");
  };
  send("a");
  open.calls[0]!.receiver.onHead(200, SSE);
  open.calls[0]!.receiver.onEnd();
  expect(seen).toEqual(["head 200", "end"]);
  expect(reports).toEqual([
    "t cannot be written any more (ENOSPC). Requests are answered as before; they are not recorded.",
  ]);
  expect(client.written).toBe(0);
});

test("a recording that the disk has no room for is taken back whole", () => {
  const folder = mkdtempSync(join(tmpdir(), "pollux-full-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "tape.jsonl");
  const program = `
    import { TapeFile } from ${JSON.stringify(new URL("./tape-file.ts", import.meta.url).href)};
    const tape = new TapeFile(${JSON.stringify(path)}, ${JSON.stringify(HEADER)});
    try {
      for (let at = 0; at < 9; at += 1) tape.append([{ at, text: "x".repeat(1000) }, { at }]);
    } catch (error) {
      console.log(error.message);
    }
    tape.append([{ at: "afterwards" }]);
    tape.close();
  `;
  // A limit on the size of files fails writes half way, as a full disk does. In blocks of 1024 bytes.
  const said = execFileSync(
    "bash",
    ["-c", 'ulimit -f 4; exec "$0" --input-type=module -e "$1"', process.execPath, program],
    {
      encoding: "utf8",
    },
  );
  expect(said).toBe(`${path} cannot be written any more (EFBIG).\n`);
  const text = readFileSync(path, "utf8");
  expect(text.endsWith('{"at":2}\n')).toBe(true);
  expect(text.split("\n").length).toBe(1 + 3 * 2 + 1);
});

test("a tape is its owner's alone, and replaces nothing", () => {
  const { path } = setUp();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(() => new TapeFile(path, HEADER)).toThrow(
    `${path} exists already: remove it to record anew, or name a new file.`,
  );
  expect(() => new TapeFile("/nowhere/tape", HEADER)).toThrow("/nowhere/tape cannot be written (ENOENT).");
});
