/**
 * The tests of whole gateways that depend most on connections to upstreams, once more on the HTTP client that is not the
 * default: either must be fit to be the one in use.
 */
import { describe, expect, test, vi } from "vitest";
import { readConfig } from "../src/serve.ts";
import { DEFAULT_SETTINGS, HTTP_CLIENTS } from "../src/settings.ts";
import { testedHttpClient } from "./support/running-gateway.ts";

const other = HTTP_CLIENTS.find((kind) => kind !== DEFAULT_SETTINGS.httpClient);
// For the whole of this file, which has a process environment of its own.
vi.stubEnv("POLLUX_HTTP_CLIENT", other);

describe(`on ${other}`, async () => {
  test("the gateways of these tests use it", () => {
    expect(other).toBeDefined();
    expect(readConfig(testedHttpClient()).config.httpClient).toBe(other);
    expect(readConfig({}).config.httpClient).toBe(DEFAULT_SETTINGS.httpClient);
  });

  await import("./failures.test.ts");
  await import("./connections.test.ts");
  await import("./upstream-framing.test.ts");
  await import("./leaving.test.ts");
});
