import { expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { withoutSecret, withoutSecrets } from "./without-secrets.ts";

const SECRETS = ["canary-config-key", "short"];
const upstream = (said?: string): ConstructorParameters<typeof GatewayError>[0] => ({
  kind: "upstream",
  status: 500,
  type: "server_error",
  code: null,
  param: null,
  ...(said === undefined ? {} : { said }),
});

test("S-46 a configured key that an upstream says back is left out, for the caller and for the log", () => {
  const error = new GatewayError(
    upstream("said canary-config-key"),
    "Bad key canary-config-key, canary-config-key.",
  );
  const clean = withoutSecrets(error, SECRETS);
  expect(clean).toBeInstanceOf(GatewayError);
  expect(clean).toMatchObject({
    message: "Bad key [credential], [credential].",
    failure: { ...upstream(), said: "said [credential]" },
  });
});

test("anything else stays as it is", () => {
  const bug = new TypeError("canary-config-key");
  expect(withoutSecrets(bug, SECRETS)).toBe(bug);
  const error = new GatewayError(upstream("shortly"), "In short: no.");
  expect(withoutSecrets(error, SECRETS)).toBe(error);
});

test("a key that ordinary words hold is no reason to tear them apart", () => {
  expect(withoutSecret("The input token count exceeds the maximum.", "x")).toBe(
    "The input token count exceeds the maximum.",
  );
  expect(withoutSecret("no", "")).toBe("no");
});
