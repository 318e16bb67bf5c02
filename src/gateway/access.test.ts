import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Access } from "./access.ts";

const REFUSED = expect.objectContaining({ failure: { kind: "unauthenticated" } }) as Error;

describe("without access keys", () => {
  const access = new Access({});

  test.each([
    ["Bearer ya29.token", "ya29.token"],
    ["bearer token", "token"],
    ["BEARER  token  ", "token"],
    [undefined, undefined],
    ["", undefined],
    ["Bearer", undefined],
    ["Bearer ", undefined],
    ["Bearer two words", undefined],
    ["Basic dXNlcjpwYXNz", undefined],
  ])("anyone may come, with %j as %j", (authorization, callerToken) => {
    expect(access.open).toBe(true);
    expect(access.admit({ authorization }, undefined)).toMatchObject({ callerToken, key: undefined });
  });
});

describe("with access keys", () => {
  const access = new Access({ apiKeys: ["key-one", "key-two"] });

  test("a key as the bearer is not the caller's Google token", () => {
    expect(access.open).toBe(false);
    expect(access.admit({ authorization: "Bearer key-one" }, undefined)).toMatchObject({
      callerToken: undefined,
    });
    expect(access.admit({ authorization: "Bearer key-two" }, undefined)).toMatchObject({
      callerToken: undefined,
    });
  });

  test("a key of its own header leaves the bearer to Google", () => {
    const headers = { "x-pollux-api-key": "key-two", authorization: "Bearer ya29.token" };
    expect(access.admit(headers, undefined)).toMatchObject({ callerToken: "ya29.token" });
    expect(access.admit({ "x-pollux-api-key": "key-one" }, undefined)).toMatchObject({
      callerToken: undefined,
    });
  });

  test.each([
    [{}],
    [{ authorization: "Bearer key" }],
    [{ authorization: "Bearer key-one," }],
    [{ authorization: "Bearer key-onekey-two" }],
    [{ authorization: "key-one" }],
    [{ authorization: "Bearer KEY-ONE" }],
    [{ "x-pollux-api-key": "" }],
    // The key that was sent as such decides.
    [{ "x-pollux-api-key": "wrong", authorization: "Bearer key-one" }],
  ])("%j is refused", (headers) => {
    expect(() => access.admit(headers, undefined)).toThrow(REFUSED);
  });

  test("one key and no other opens, however long and whatever is in them", () => {
    const key = fc.oneof(
      fc.string({ minLength: 1, unit: fc.constantFrom("a", "b", "\0", "é", "\u4e2d") }),
      fc.nat({ max: 300 }).map((length) => "k".repeat(length + 1)),
    );
    const beside = fc.oneof(key, fc.constant(undefined));
    fc.assert(
      fc.property(key, beside, fc.constantFrom("", "\0", "k"), (apiKey, other, more) => {
        const guarded = new Access({ apiKeys: [apiKey] });
        const given = other ?? apiKey + more;
        const admit = () => guarded.admit({ "x-pollux-api-key": given }, undefined);
        if (given === apiKey) expect(admit().key).toBe(createHash("sha256").update(apiKey).digest("hex"));
        else expect(admit).toThrow(REFUSED);
      }),
      { numRuns: 500 },
    );
  });

  test("says which key it was, as one hash for each", () => {
    const one = access.admit({ authorization: "Bearer key-one" }, "10.0.0.1").key;
    expect(one).toBe(createHash("sha256").update("key-one").digest("hex"));
    expect(access.admit({ "x-pollux-api-key": "key-one" }, undefined).key).toBe(one);
    expect(access.admit({ authorization: "Bearer key-two" }, undefined).key).not.toBe(one);
  });

  test("S-06 tells of wrong keys and their address, and never of a good one", () => {
    const told: string[] = [];
    const tooMany = new Error("too many");
    const guarded = new Access({ apiKeys: ["key-one"] }, (address) => {
      told.push(address);
      if (told.length > 2) throw tooMany;
    });
    const wrong = () => guarded.admit({ authorization: "Bearer wrong" }, "10.0.0.1");
    expect(wrong).toThrow(REFUSED);
    expect(wrong).toThrow(REFUSED);
    expect(wrong).toThrow(tooMany);
    guarded.admit({ authorization: "Bearer key-one" }, "10.0.0.1");
    expect(told).toHaveLength(3);
    // A caller in this process has none.
    expect(() => guarded.admit({}, undefined)).toThrow(REFUSED);
    expect(told).toHaveLength(3);
  });

  test("a refusal tells nothing of any key", () => {
    try {
      access.admit({ authorization: "Bearer key-three" }, undefined);
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toMatch(/key-(one|two|three)/);
    }
  });
});
