import { describe, expect, test } from "vitest";
import { Access } from "./access.ts";

const REFUSED = expect.objectContaining({ failure: { kind: "unauthenticated" } }) as Error;

describe("without access keys", () => {
  const access = new Access([]);

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
    expect(access.admit({ authorization })).toEqual({ callerToken });
  });
});

describe("with access keys", () => {
  const access = new Access(["key-one", "key-two"]);

  test("a key as the bearer is not the caller's Google token", () => {
    expect(access.open).toBe(false);
    expect(access.admit({ authorization: "Bearer key-one" })).toEqual({ callerToken: undefined });
    expect(access.admit({ authorization: "Bearer key-two" })).toEqual({ callerToken: undefined });
  });

  test("a key of its own header leaves the bearer to Google", () => {
    const headers = { "x-pollux-api-key": "key-two", authorization: "Bearer ya29.token" };
    expect(access.admit(headers)).toEqual({ callerToken: "ya29.token" });
    expect(access.admit({ "x-pollux-api-key": "key-one" })).toEqual({ callerToken: undefined });
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
    expect(() => access.admit(headers)).toThrow(REFUSED);
  });

  test("a refusal tells nothing of any key", () => {
    try {
      access.admit({ authorization: "Bearer key-three" });
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toMatch(/key-(one|two|three)/);
    }
  });
});
