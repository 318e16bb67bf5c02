import { describe, expect, test } from "vitest";
import { FailedKeys, networkOf } from "./failed-keys.ts";

describe("wrong keys", () => {
  test("S-06 are looked at only so often in a second from one address; the next second begins anew", () => {
    let now = 5_000;
    const failed = new FailedKeys(() => now, 1);
    const tries = (count: number, address = "10.0.0.1"): boolean[] =>
      Array.from({ length: count }, () => failed.add(address, 3));
    expect(tries(5)).toEqual([false, false, false, true, true]);
    now = 5_999;
    expect(tries(1)).toEqual([true]);
    expect(tries(1, "10.0.0.2")).toEqual([false]);
    now = 6_000;
    expect(tries(4)).toEqual([false, false, false, true]);
  });

  test("from a million addresses take no more memory than from one", () => {
    const failed = new FailedKeys(() => 0, 7);
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 1_000_000; index += 1) {
      failed.add(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, 3);
    }
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 2 ** 20);
  });

  test("from addresses side by side are spread over the table", () => {
    const failed = new FailedKeys(() => 0, 12_345);
    let alone = 0;
    for (let index = 0; index < 2_000; index += 1) {
      if (!failed.add(`192.168.${index >> 8}.${index & 255}`, 1)) alone += 1;
    }
    // 2,000 in 16,384 places share one with a chance of 6 %.
    expect(alone).toBeGreaterThan(1_800);
  });
});

describe("who counts as one", () => {
  test.each([
    ["10.0.0.1", "10.0.0.1"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["::FFFF:10.0.0.1", "10.0.0.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8:1:2::9", "2001:db8:1:2"],
    ["2001:db8::9", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["", ""],
  ])("%s: %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
