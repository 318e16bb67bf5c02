import { describe, expect, test, vi } from "vitest";
import { GatewayError, invalidRequest, type UpstreamFailure } from "../errors.ts";
import type { RequestContext } from "../translate/target.ts";
import { withRecovery } from "./recovery.ts";

type Repair = RequestContext["repair"];

function upstream(failure: Partial<UpstreamFailure>, message = "No."): GatewayError {
  return new GatewayError(
    { kind: "upstream", status: 400, type: "invalid_request_error", code: null, param: null, ...failure },
    message,
  );
}

const MALFORMED = upstream({ status: 502, code: "malformed_function_call", shouldRetry: true });

/** Runs with an attempt that fails with `errors` in turn, then succeeds. */
async function attempts(
  errors: unknown[],
  mayRepeat = true,
): Promise<{ repairs: Repair[]; outcome: unknown }> {
  const repairs: Repair[] = [];
  const left = [...errors];
  const outcome = await withRecovery(
    (repair) => {
      repairs.push(repair);
      return left.length === 0 ? Promise.resolve("done") : Promise.reject(left.shift());
    },
    () => mayRepeat,
  ).catch((error: unknown) => error);
  return { repairs, outcome };
}

describe("one repeat", () => {
  test.each<[string, GatewayError, Repair]>([
    [
      "without call ids, where the host does not know them",
      upstream(
        {},
        `Invalid JSON payload received. Unknown name "id" at 'contents[1].parts[0].function_call'`,
      ),
      { withoutCallIds: true },
    ],
    [
      "without signatures, where one is refused",
      upstream({}, "Corrupted thought signature."),
      { bypassSignatures: true },
    ],
    [
      "without signatures, as Vertex AI words it",
      upstream({}, "content block is missing a `thought_signature`."),
      { bypassSignatures: true },
    ],
    ["as it was, for a malformed function call", MALFORMED, {}],
  ])("%s", async (_, error, repair) => {
    expect(await attempts([error])).toEqual({ repairs: [{}, repair], outcome: "done" });
    expect(await attempts([error], false)).toEqual({ repairs: [{}], outcome: error });
  });

  test.each<[string, unknown]>([
    ["another 400", upstream({}, "Invalid value at 'contents'")],
    ["a 429", upstream({ status: 429 }, "thought signature")],
    ["a 503", upstream({ status: 503 })],
    ["a refusal of our own", invalidRequest("messages", `Unknown name "id"`)],
    ["a client that left", new GatewayError({ kind: "client_closed" }, "thought signature")],
    ["a bug", new TypeError("thought signature")],
  ])("none for %s", async (_, error) => {
    expect(await attempts([error])).toEqual({ repairs: [{}], outcome: error });
  });
});

describe("when the repeat fails too", () => {
  test("what it says counts", async () => {
    const second = upstream({ status: 429 });
    const { repairs, outcome } = await attempts([MALFORMED, second]);
    expect(repairs).toHaveLength(2);
    expect(outcome).toBe(second);
  });

  test("in the same way, the SDKs are told not to multiply it by repeats of their own", async () => {
    const { repairs, outcome } = await attempts([MALFORMED, MALFORMED]);
    expect(repairs).toHaveLength(2);
    expect(outcome).toMatchObject({
      message: MALFORMED.message,
      failure: { status: 502, code: "malformed_function_call", shouldRetry: false },
    });
    expect(MALFORMED.failure).toMatchObject({ shouldRetry: true });
  });
});

test("a first success is left alone", async () => {
  const mayRepeat = vi.fn(() => true);
  await expect(withRecovery(() => Promise.resolve(1), mayRepeat)).resolves.toBe(1);
  expect(mayRepeat).not.toHaveBeenCalled();
});
