/**
 * A hundred callers for two hours with tokens of five minutes' life, while the token endpoint is slow, then down for
 * three minutes, then well: with time simulated, and with real sockets and short lives.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type AccessToken, type CustodyClock, TokenCustody } from "../src/auth/token-custody.ts";
import { startEmulator } from "../src/emulator/server.ts";
import { seededRandom } from "./support/seeded-random.ts";
import { post, startGateway } from "./support/running-gateway.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const LIFETIME = 5 * MINUTE;
const START = 1_800_000_000_000;

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Simulated time in steps of a second, and a token endpoint in it. */
class World {
  ms = 0;
  asked = 0;
  refused = 0;
  atOnce = 0;
  most = 0;
  readonly issued = new Map<string, number>();
  readonly latencyMs: (atMs: number) => number;
  readonly down: (atMs: number) => boolean;
  readonly lifetimeMs: number;
  readonly custody: TokenCustody;
  readonly #timers = new Set<{ at: number; callback: () => void }>();

  constructor(
    random: () => number,
    latencyMs: (atMs: number) => number,
    down: (atMs: number) => boolean,
    lifetimeMs = LIFETIME,
  ) {
    this.latencyMs = latencyMs;
    this.down = down;
    this.lifetimeMs = lifetimeMs;
    const clock: CustodyClock = {
      wallMs: () => START + this.ms,
      monotonicMs: () => this.ms,
      random,
      after: (ms, callback) => this.after(ms, callback),
    };
    this.custody = new TokenCustody({ clock, fetchToken: () => this.fetchToken() });
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.ms + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  fetchToken(): Promise<AccessToken> {
    this.asked += 1;
    this.atOnce += 1;
    this.most = Math.max(this.most, this.atOnce);
    return new Promise((resolve, reject) => {
      this.after(this.latencyMs(this.ms), () => {
        this.atOnce -= 1;
        if (this.down(this.ms)) {
          this.refused += 1;
          reject(new Error("503"));
          return;
        }
        const token = `T${this.issued.size + 1}`;
        const expiresAtMs = START + this.ms + this.lifetimeMs;
        this.issued.set(token, expiresAtMs);
        resolve({ token, expiresAtMs });
      });
    });
  }

  async step(): Promise<void> {
    this.ms += SECOND;
    for (const timer of this.#timers) {
      if (timer.at > this.ms) continue;
      this.#timers.delete(timer);
      timer.callback();
    }
    await settled();
  }
}

interface Traffic {
  requests: number;
  failed: number;
  /** Sent with a token that had expired by then. */
  stale: number;
  longestWaitMs: number;
  used: Set<string>;
}

async function run(world: World, callers: number, forMs: number): Promise<Traffic> {
  const traffic: Traffic = { requests: 0, failed: 0, stale: 0, longestWaitMs: 0, used: new Set() };
  const request = async (): Promise<void> => {
    const askedAt = world.ms;
    traffic.requests += 1;
    try {
      const token = await world.custody.get();
      traffic.used.add(token);
      if (START + world.ms >= (world.issued.get(token) ?? 0)) traffic.stale += 1;
    } catch {
      traffic.failed += 1;
    }
    traffic.longestWaitMs = Math.max(traffic.longestWaitMs, world.ms - askedAt);
  };
  // Each caller asks anew every second, whether or not its last request has its answer.
  const all: Promise<void>[] = [];
  while (world.ms < forMs) {
    for (let caller = 0; caller < callers; caller += 1) all.push(request());
    await world.step();
  }
  for (let drained = 0; drained < 60; drained += 1) await world.step();
  await Promise.all(all);
  return traffic;
}

const slowThenDown = (downFrom: number): [(at: number) => number, (at: number) => boolean] => [
  (at) => (at < downFrom + 3 * MINUTE ? 5 * SECOND : 200),
  (at) => at >= downFrom && at < downFrom + 3 * MINUTE,
];

describe("F-42 F-43 F-44 simulated", () => {
  test("a hundred callers for two hours: nobody fails, and each lifetime costs one refresh", async () => {
    const random = seededRandom(7);
    const world = new World(random, ...slowThenDown(40 * MINUTE));
    const traffic = await run(world, 100, 2 * 60 * MINUTE);
    expect(traffic.requests).toBe(100 * 7_200);
    expect({ failed: traffic.failed, stale: traffic.stale }).toEqual({ failed: 0, stale: 0 });
    // Only the very first requests had nothing to go on with.
    expect(traffic.longestWaitMs).toBe(5 * SECOND);
    expect(world.most).toBe(1);
    // Every token was used, so the refreshes that brought one are as many as the lifetimes lived.
    expect(traffic.used.size).toBe(world.issued.size);
    expect(world.custody.status().issued).toBe(world.issued.size);
    expect(world.asked - world.refused).toBe(world.issued.size);
    // A lifetime lasts from 48 s, by the most jitter, until the outage is over.
    expect(world.issued.size).toBeGreaterThanOrEqual(7_200 / 100);
    expect(world.issued.size).toBeLessThanOrEqual(7_200 / 48 + 1);
    // And the issuer in trouble was not stormed.
    expect(world.refused).toBeGreaterThan(3);
    expect(world.refused).toBeLessThanOrEqual(20);
  });

  test.each(Array.from({ length: 20 }, (_, phase) => phase * 15))(
    "whenever in a token's life the outage begins: %i s",
    async (phase) => {
      const world = new World(seededRandom(phase), ...slowThenDown(10 * MINUTE + phase * SECOND));
      const traffic = await run(world, 3, 20 * MINUTE);
      expect({ failed: traffic.failed, stale: traffic.stale, most: world.most }).toEqual({
        failed: 0,
        stale: 0,
        most: 1,
      });
      expect(traffic.used.size).toBe(world.issued.size);
    },
  );

  test("F-43: an outage of ten minutes with twenty left on a token of an hour is not even noticed", async () => {
    const down = (at: number): boolean => at >= 40 * MINUTE && at < 50 * MINUTE;
    const world = new World(seededRandom(1), () => 200, down, 60 * MINUTE);
    const traffic = await run(world, 3, 62 * MINUTE);
    expect({ failed: traffic.failed, stale: traffic.stale, refused: world.refused }).toEqual({
      failed: 0,
      stale: 0,
      refused: 0,
    });
    expect(world.issued.size).toBe(2);
  });
});

describe("with real sockets", () => {
  test("tokens of four seconds, an endpoint slow, down and well again: every request is answered", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pollux-lives-"));
    const emulator = await startEmulator({ requireAuth: "strict", paceMs: 0, tokenLifetimeSeconds: 4 });
    const path = join(folder, "key.json");
    writeFileSync(path, JSON.stringify(await emulator.createServiceAccount({ project: "tides" })));
    const gateway = await startGateway({
      GOOGLE_APPLICATION_CREDENTIALS: path,
      GOOGLE_VERTEX_BASE_URL: emulator.url,
    });
    try {
      const startedAt = performance.now();
      const age = (): number => performance.now() - startedAt;
      const statuses = new Map<number, number>();
      let phase: "slow" | "down" | "well" | undefined;
      const steer = (): void => {
        const next = age() < 2_000 ? "slow" : age() < 3_500 ? "down" : "well";
        if (next === phase) return;
        phase = next;
        emulator.clearRules();
        if (next === "slow") emulator.addRule({ when: { path: "/token" }, then: { fault: "delay=300" } });
        if (next === "down") emulator.addRule({ when: { path: "/token" }, then: { fault: "status=503" } });
      };
      const caller = async (): Promise<void> => {
        while (age() < 6_000) {
          steer();
          const response = await post(gateway, {
            model: "google/gemini-3.5-flash",
            messages: [{ role: "user", content: "Hi" }],
          });
          await response.arrayBuffer();
          statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        }
      };
      await Promise.all(Array.from({ length: 100 }, caller));
      expect([...statuses.keys()]).toEqual([200]);
      expect(statuses.get(200)).toBeGreaterThan(100);
      const [entry] = await authEntries(gateway.url);
      // The endpoint's count is the gateway's own: no refresh was doubled or thrown away.
      expect(entry?.token).toMatchObject({ issued: emulator.tokens.issued, failures: 0 });
      // Lives end by renewal 0.6 to 1.2 s after they began, but for the one that outlives the outage.
      expect(emulator.tokens.issued).toBeGreaterThanOrEqual(3);
      expect(emulator.tokens.issued).toBeLessThanOrEqual(10);
      expect(gateway.bugs).toEqual([]);
    } finally {
      await gateway.close();
      await emulator.close();
      rmSync(folder, { recursive: true });
    }
  }, 20_000);

  test("F-45: a stream outlives the token it was opened with, and the next call has another", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pollux-lives-"));
    const emulator = await startEmulator({ requireAuth: "strict", paceMs: 150, tokenLifetimeSeconds: 1 });
    const path = join(folder, "key.json");
    writeFileSync(path, JSON.stringify(await emulator.createServiceAccount({ project: "tides" })));
    const gateway = await startGateway({
      GOOGLE_APPLICATION_CREDENTIALS: path,
      GOOGLE_VERTEX_BASE_URL: emulator.url,
    });
    const ask = (words: string): Promise<Response> =>
      post(gateway, {
        model: "google/gemini-3.5-flash",
        messages: [{ role: "user", content: `Repeat after me: ${words}` }],
        stream: true,
      });
    try {
      const startedAt = performance.now();
      const text = await (await ask("still here ".repeat(50))).text();
      expect(performance.now() - startedAt).toBeGreaterThan(1_000);
      expect(text).toContain("data: [DONE]");
      expect(text).not.toContain('"error"');
      const used = (): string[] =>
        emulator.requests.flatMap(({ url, headers }) =>
          url.includes("treamGenerateContent") ? [headers["authorization"] ?? ""] : [],
        );
      expect(emulator.tokens.state(used()[0]?.slice("Bearer ".length) ?? "")).toBe("expired");
      expect(await (await ask("and again")).text()).toContain("data: [DONE]");
      // Renewed in time, not after a refusal.
      expect(used()).toHaveLength(2);
      expect(new Set(used()).size).toBe(2);
    } finally {
      await gateway.close();
      await emulator.close();
      rmSync(folder, { recursive: true });
    }
  });
});

interface AuthEntry {
  token: { issued: number; failures: number } | null;
}

async function authEntries(url: string): Promise<AuthEntry[]> {
  const response = await fetch(`${url}/admin/auth`);
  return ((await response.json()) as { data: AuthEntry[] }).data;
}
