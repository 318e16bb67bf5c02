/**
 * The slow-client attacks of slowhttptest (Debian's package of that name) against `pollux serve`: what it finds while
 * it tries, and that others are served meanwhile.
 */
import { execFile, spawnSync } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { writeConfig } from "./support/configured-gateway.ts";
import { openConnections } from "./support/open-connections.ts";
import { post } from "./support/running-gateway.ts";
import { servePollux, type ServedProcess } from "./support/served-process.ts";

const INSTALLED = spawnSync("slowhttptest", ["-h"]).error === undefined;
const ASK = {
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user", content: "Repeat after me: foghorn" }],
};
const CONNECTIONS = 300;
const SECONDS = 10;
/** Shorter than an attack, so that it sees how they end. */
const LIMITS = "headersTimeoutMs: 3000, bodyTimeoutMs: 6000, slowClientMs: 3000, idleConnectionMs: 2000";

const CHAT = "/v1/chat/completions";

interface Report {
  text: string;
  /** One for each look that it took: whether a request on a connection of its own was answered in time. */
  available: string[];
  exitStatus: string | undefined;
}

function attack(argv: readonly string[]): Promise<Report> {
  const all = [...argv, "-c", String(CONNECTIONS), "-r", "150", "-l", String(SECONDS), "-p", "3"];
  return new Promise((resolve, reject) => {
    execFile(
      "slowhttptest",
      all,
      { timeout: (SECONDS + 30) * 1000, cwd: "/tmp" },
      (error, stdout, stderr) => {
        if (error !== null) {
          reject(new Error(`${error.message}\n${stdout}${stderr}`));
          return;
        }
        // It writes for terminals.
        const text = stripVTControlCharacters(stdout + stderr);
        resolve({
          text,
          available: [...text.matchAll(/service available:\s+(\w+)/g)].map(([, answer]) => answer!),
          exitStatus: /Exit status:\s+(.+)/.exec(text)?.[1]?.trim(),
        });
      },
    );
  });
}

describe.skipIf(!INSTALLED)(
  `slowhttptest${INSTALLED ? "" : " (is not installed: apt-get install slowhttptest)"}`,
  () => {
    let pollux: ServedProcess;

    beforeAll(async () => {
      const { file } = writeConfig(`upstreams: { emulator: { kind: emulator } }\nlimits: { ${LIMITS} }`);
      pollux = await servePollux({}, ["--config", file]);
    });

    afterAll(() => pollux.stop());

    test.each<[string, (url: string) => string[], RegExp]>([
      [
        "F-06 -H: headers that never end",
        (url) => ["-H", "-i", "1", "-t", "POST", "-u", url + CHAT],
        /No open connections left/,
      ],
      [
        "F-07 -B: bodies that come in bits",
        (url) => ["-B", "-i", "1", "-s", "8192", "-t", "POST", "-f", "application/json", "-u", url + CHAT],
        /No open connections left/,
      ],
      // It reads on, slowly, what the system holds for it when the gateway has long closed: until its time is up.
      [
        "F-05 -X: answers that are hardly read",
        (url) => [
          "-X",
          "-k",
          "10",
          "-n",
          "1",
          "-w",
          "10",
          "-y",
          "20",
          "-z",
          "5",
          "-u",
          `${url}/openapi.json`,
        ],
        /No open connections left|Hit test time limit/,
      ],
      [
        "S-30 -R: ranges without number",
        (url) => ["-R", "-t", "GET", "-a", "5", "-b", "2000", "-u", `${url}/v1/models`],
        /No open connections left|Hit test time limit/,
      ],
    ])("%s", { timeout: 90_000 }, async (_, argv, ends) => {
      let attacked = true;
      const times: number[] = [];
      const others = (async () => {
        while (attacked) {
          const startedAt = performance.now();
          const response = await post(pollux, ASK);
          expect(response.status).toBe(200);
          expect(await response.text()).toContain("foghorn");
          times.push(performance.now() - startedAt);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      })();
      const report = await attack(argv(pollux.url)).finally(() => (attacked = false));
      await others;
      expect(report.available.length).toBeGreaterThan(0);
      expect(new Set(report.available), report.text).toEqual(new Set(["YES"]));
      expect(report.exitStatus).toMatch(ends);
      expect(times.length).toBeGreaterThan(5);
      expect(Math.max(...times)).toBeLessThan(3_000);
      // Nothing of it is left, but for connections of `fetch` that are kept.
      await vi.waitFor(() => expect(openConnections(pollux.url)).toBeLessThanOrEqual(5), { timeout: 20_000 });
      expect(pollux.exited).toBe(false);
    });
  },
);
