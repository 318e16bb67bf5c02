import { describe, expect, test } from "vitest";
import {
  type AccessToken,
  type CustodyClock,
  TokenCustody,
  type TokenCustodyOptions,
} from "./token-custody.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A clock that stands still, and an issuer that answers when told to. */
class Scene {
  wall = 1_700_000_000_000;
  monotonic = 0;
  chance = 0;
  timers = new Map<number, { at: number; callback: () => void }>();
  asked: PromiseWithResolvers<AccessToken>[] = [];
  warnings: { error: Error; leftMs: number }[] = [];
  custody: TokenCustody;
  #nextTimer = 0;

  constructor(options: Partial<TokenCustodyOptions> = {}) {
    const clock: CustodyClock = {
      wallMs: () => this.wall,
      monotonicMs: () => this.monotonic,
      random: () => this.chance,
      after: (ms, callback) => {
        const id = (this.#nextTimer += 1);
        this.timers.set(id, { at: this.monotonic + ms, callback });
        return () => this.timers.delete(id);
      },
    };
    this.custody = new TokenCustody({
      fetchToken: () => {
        const asked = Promise.withResolvers<AccessToken>();
        this.asked.push(asked);
        return asked.promise;
      },
      onRefreshFailed: (error, leftMs) => this.warnings.push({ error, leftMs }),
      clock,
      ...options,
    });
  }

  pass(ms: number): void {
    this.wall += ms;
    this.monotonic += ms;
    for (const [id, timer] of this.timers) {
      if (timer.at <= this.monotonic) {
        this.timers.delete(id);
        timer.callback();
      }
    }
  }

  /** Answers the latest question. */
  async issue(token: string, lifetimeMs: number | undefined = HOUR): Promise<void> {
    this.asked
      .at(-1)
      ?.resolve({ token, expiresAtMs: lifetimeMs === undefined ? undefined : this.wall + lifetimeMs });
    await settled();
  }

  async refuse(message = "the issuer is down"): Promise<void> {
    this.asked.at(-1)?.reject(new Error(message));
    await settled();
  }

  async start(lifetimeMs = HOUR): Promise<void> {
    const first = this.custody.get();
    await this.issue("T1", lifetimeMs);
    await first;
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("getting a token", () => {
  test("F-42: any number of waiting calls make one request", async () => {
    const scene = new Scene();
    const waiting = Array.from({ length: 100 }, () => scene.custody.get());
    expect(scene.asked).toHaveLength(1);
    await scene.issue("T1");
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["T1"]));
    expect(await scene.custody.get()).toBe("T1");
    expect(scene.asked).toHaveLength(1);
    expect(scene.timers.size).toBe(0);
  });

  test("is renewed ahead of expiry, beside the calls", async () => {
    const scene = new Scene();
    await scene.start();
    scene.pass(HOUR - 5 * MINUTE - 1);
    expect(await scene.custody.get()).toBe("T1");
    expect(scene.asked).toHaveLength(1);
    scene.pass(1);
    expect(await Promise.all(Array.from({ length: 50 }, () => scene.custody.get()))).toEqual(
      Array(50).fill("T1"),
    );
    expect(scene.asked).toHaveLength(2);
    await scene.issue("T2");
    expect(await scene.custody.get()).toBe("T2");
  });

  test("jitter moves the renewal earlier by up to a fifth of the margin", async () => {
    const scene = new Scene();
    scene.chance = 0.999;
    await scene.start();
    scene.pass(HOUR - 6 * MINUTE);
    await scene.custody.get();
    expect(scene.asked).toHaveLength(1);
    scene.pass(MINUTE);
    await scene.custody.get();
    expect(scene.asked).toHaveLength(2);
  });

  test.each<[number, number]>([
    [40_000, 12_000],
    [5 * MINUTE, 1.5 * MINUTE],
    [10 * MINUTE, 5 * MINUTE],
  ])("one that lives %i ms is renewed after %i ms", async (lifetimeMs, renewedAtMs) => {
    const scene = new Scene();
    await scene.start(lifetimeMs);
    scene.pass(renewedAtMs - 1);
    await scene.custody.get();
    expect(scene.asked).toHaveLength(1);
    scene.pass(1);
    await scene.custody.get();
    expect(scene.asked).toHaveLength(2);
  });

  test("F-44: a slow issuer holds nobody up while the old token lives; then all wait together", async () => {
    const scene = new Scene();
    await scene.start();
    scene.pass(HOUR - 20_000);
    expect(await scene.custody.get()).toBe("T1");
    scene.pass(19_999);
    expect(await scene.custody.get()).toBe("T1");
    scene.pass(1);
    const waiting = [scene.custody.get(), scene.custody.get()];
    expect(scene.asked).toHaveLength(2);
    await scene.issue("T2");
    expect(await Promise.all(waiting)).toEqual(["T2", "T2"]);
  });

  test("F-43: a failing issuer is asked more seldom, then often near the end, and nobody notices while the old token lives", async () => {
    const scene = new Scene();
    await scene.start();
    scene.pass(HOUR - 5 * MINUTE);
    const askedAt: number[] = [];
    for (let second = 0; second < 299; second += 1) {
      expect(await scene.custody.get()).toBe("T1");
      if (scene.asked.length > askedAt.length + 1) {
        askedAt.push(second);
        await scene.refuse();
      }
      scene.pass(1_000);
    }
    // chance 0: half of 1, 2, 4, ... 60 seconds, and of a quarter of the time left, seen once a second.
    expect(askedAt.slice(0, 12)).toEqual([0, 1, 2, 4, 8, 16, 32, 62, 92, 118, 141, 161]);
    expect(askedAt.length).toBeLessThan(40);
    expect(askedAt.at(-1)).toBe(298);
    expect(scene.warnings).toHaveLength(askedAt.length);
    expect(scene.warnings[0]?.leftMs).toBe(5 * MINUTE);
    scene.pass(31_000);
    const next = scene.custody.get();
    await scene.issue("T2");
    expect(await next).toBe("T2");
  });

  test("with no token left, callers get the failure, at once until the next attempt is due", async () => {
    const scene = new Scene();
    const outcomes = Promise.allSettled([scene.custody.get(), scene.custody.get()]);
    await scene.refuse();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { message: "the issuer is down" } });
    }
    await expect(scene.custody.get()).rejects.toThrow("the issuer is down");
    expect(scene.asked).toHaveLength(1);
    scene.pass(500);
    const later = scene.custody.get();
    expect(scene.asked).toHaveLength(2);
    await scene.issue("T1");
    expect(await later).toBe("T1");
  });

  test("an issuer that never answers is given up", async () => {
    const scene = new Scene({ patienceMs: 5_000 });
    const first = scene.custody.get();
    scene.pass(5_000);
    await expect(first).rejects.toMatchObject({ failure: { kind: "upstream_timeout", afterMs: 5_000 } });
    scene.pass(500);
    const second = scene.custody.get();
    expect(scene.asked).toHaveLength(2);
    await scene.issue("T1");
    expect(await second).toBe("T1");
  });

  test("a token that is dead on arrival is a failure that names the clock", async () => {
    const scene = new Scene();
    const first = scene.custody.get();
    const outcome = expect(first).rejects.toMatchObject({ message: expect.stringMatching(/clock/) });
    await scene.issue("T1", 0);
    await outcome;
    expect(String(await first.catch(String))).not.toContain("T1");
  });

  test("no expiry: renewed within ten minutes", async () => {
    const scene = new Scene();
    const first = scene.custody.get();
    scene.asked[0]?.resolve({ token: "T1", expiresAtMs: undefined });
    await first;
    scene.pass(5 * MINUTE - 1);
    await scene.custody.get();
    expect(scene.asked).toHaveLength(1);
    scene.pass(1);
    void scene.custody.get();
    expect(scene.asked).toHaveLength(2);
  });

  test("an issuer that is down while nobody has a token is asked every few seconds, not every minute", async () => {
    const scene = new Scene();
    for (let failure = 0; failure < 8; failure += 1) {
      const attempt = scene.custody.get().catch(() => "failed");
      await scene.refuse();
      expect(await attempt).toBe("failed");
      expect(scene.asked).toHaveLength(failure + 1);
      scene.pass(5_000);
    }
  });
});

describe("F-46: clocks", () => {
  test("set back an hour, the token still dies in time", async () => {
    const scene = new Scene();
    await scene.start();
    scene.wall -= HOUR;
    scene.pass(HOUR);
    void scene.custody.get();
    expect(scene.asked).toHaveLength(2);
  });

  test("after a long sleep, in which the monotonic clock stands still, the token is known to be dead", async () => {
    const scene = new Scene();
    await scene.start();
    scene.wall += 2 * HOUR;
    const next = scene.custody.get();
    expect(scene.asked).toHaveLength(2);
    await scene.issue("T2");
    expect(await next).toBe("T2");
  });
});

describe("F-38: a refused token", () => {
  test("is replaced once for all whose calls were refused", async () => {
    const scene = new Scene();
    await scene.start();
    const renewals = Array.from({ length: 20 }, () => scene.custody.renew("T1"));
    const newcomer = scene.custody.get();
    expect(scene.asked).toHaveLength(2);
    await scene.issue("T2");
    expect(await Promise.all(renewals)).toEqual(Array(20).fill(true));
    expect(await newcomer).toBe("T2");
  });

  test("that was replaced meanwhile is not replaced again", async () => {
    const scene = new Scene();
    await scene.start();
    const first = scene.custody.renew("T1");
    await scene.issue("T2");
    await first;
    expect(await scene.custody.renew("T1")).toBe(true);
    expect(scene.asked).toHaveLength(2);
  });

  test("just renewed and refused again will not get better by asking", async () => {
    const scene = new Scene();
    await scene.start();
    const first = scene.custody.renew("T1");
    await scene.issue("T2");
    await first;
    expect(await scene.custody.renew("T2")).toBe(false);
    expect(scene.asked).toHaveLength(2);
    scene.pass(10_000);
    const later = scene.custody.renew("T2");
    expect(scene.asked).toHaveLength(3);
    await scene.issue("T3");
    expect(await later).toBe(true);
  });

  test("is kept when no other can be had", async () => {
    const scene = new Scene();
    await scene.start();
    const renewal = scene.custody.renew("T1");
    const newcomer = scene.custody.get();
    await scene.refuse();
    expect(await renewal).toBe(false);
    expect(await newcomer).toBe("T1");
    expect(await scene.custody.get()).toBe("T1");
    expect(await scene.custody.renew("T1")).toBe(false);
    expect(scene.asked).toHaveLength(2);
  });

  test("the same token again does not help", async () => {
    const scene = new Scene();
    await scene.start();
    const renewal = scene.custody.renew("T1");
    await scene.issue("T1");
    expect(await renewal).toBe(false);
  });

  test("a refresh already under way serves as the renewal", async () => {
    const scene = new Scene();
    await scene.start();
    scene.pass(HOUR - MINUTE);
    await scene.custody.get();
    const renewal = scene.custody.renew("T1");
    expect(scene.asked).toHaveLength(2);
    await scene.issue("T2");
    expect(await renewal).toBe(true);
    expect(scene.warnings).toEqual([]);
  });

  test("without the token, a renewal just made is good enough", async () => {
    const scene = new Scene();
    await scene.start();
    const first = scene.custody.renew();
    await scene.issue("T2");
    expect(await first).toBe(true);
    expect(await scene.custody.renew()).toBe(true);
    expect(scene.asked).toHaveLength(2);
  });
});

describe("status", () => {
  test("tells when the token ends, when it is renewed and what went wrong last", async () => {
    const scene = new Scene();
    expect(scene.custody.status()).toEqual({
      expiresAtMs: undefined,
      renewsAtMs: undefined,
      issued: 0,
      failures: 0,
      lastError: undefined,
      scopes: undefined,
    });
    const start = scene.wall;
    await scene.start();
    expect(scene.custody.status()).toMatchObject({
      expiresAtMs: start + HOUR,
      renewsAtMs: start + HOUR - 5 * MINUTE,
      issued: 1,
      failures: 0,
    });
    scene.pass(HOUR - 5 * MINUTE);
    await scene.custody.get();
    await scene.refuse("secret-refresh-token is wrong");
    expect(scene.custody.status()).toMatchObject({
      expiresAtMs: start + HOUR,
      renewsAtMs: scene.wall + 500,
      failures: 1,
      lastError: { atMs: scene.wall, message: "The access token could not be fetched." },
    });
    scene.pass(500);
    await scene.custody.get();
    await scene.issue("T2");
    const { issued, failures, lastError } = scene.custody.status();
    expect({ issued, failures, at: lastError?.atMs }).toEqual({
      issued: 2,
      failures: 0,
      at: scene.wall - 500,
    });
    expect(JSON.stringify(scene.custody.status())).not.toMatch(/T2|secret/);
  });

  test("an expired token is no token", async () => {
    const scene = new Scene();
    await scene.start();
    scene.pass(HOUR);
    expect(scene.custody.status()).toMatchObject({ expiresAtMs: undefined, renewsAtMs: undefined });
  });
});
